"""Where a bundle's networks are from: which experiment trained them, on whom, under which licence.

An experiment may use networks that it was given (``networks`` in its configuration): of a bundle, or of
another experiment. They keep their origin, whoever measures them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from talkface.artifacts.given_networks import is_bundle
from talkface.artifacts.headers import header_of, inputs_of, versions_of
from talkface.bundles.experiment import Experiment, networks_of, read_experiment
from talkface.bundles.manifest import BundleError, Data, File, Origin, Trained
from talkface.bundles.reading import read_bundle
from talkface.config import Config

_CREDITS = {
    "grid": (
        "GRID audiovisual sentence corpus (Cooke, Barker, Cunningham & Shao 2006, doi:10.1121/1.2229005), "
        "CC BY 4.0",
        "CC-BY-4.0",
    ),
}
"""Reader of a corpus -> who is to be credited, and the licence that weights made from it get."""
_DRAWN = ("drawn faces and synthetic voices, made by talkface: no real person", "Apache-2.0")


@dataclass(frozen=True)
class Lineage:
    """What stays true of networks wherever they are used."""

    origin: Origin
    data: Data
    networks: dict[str, Trained]
    licence: str | None
    """None: the terms of the corpus are not known."""
    preview: bool


def lineage_of(experiment: Experiment, variant: str, seed: int, networks: Mapping[str, Path]) -> Lineage:
    """Where the networks of an experiment's variant are from.

    Raises:
        BundleError: the networks that the experiment was given are no longer there, or were changed since.
    """
    given = experiment.config.networks
    if given is None:
        return _own(experiment, variant, seed, networks)
    # results/{experiment}/{corpus} lies in the folder from which a relative path leads on.
    place = experiment.folder.absolute().parents[2] / given.expanduser()
    if is_bundle(place):
        manifest = read_bundle(place)
        trained: dict[str, Trained] = {str(name): own for name, own in manifest.networks.items()}
        known = {name: manifest.files[f"{name}.safetensors"].sha256 for name in trained}
        lineage = Lineage(manifest.origin, manifest.data, trained, manifest.licence, manifest.preview)
    else:
        source = read_experiment(place)
        originals = networks_of(source, variant, seed)
        known = {name: file_of(path).sha256 for name, path in originals.items()}
        lineage = lineage_of(source, variant, seed, originals)
    for name, path in networks.items():
        if known.get(name) != file_of(path).sha256:
            raise BundleError(
                f"{path}: not the weights in {place} (networks); run `snakemake scores` with the "
                "experiment's --configfile again"
            )
    return lineage


def file_of(path: Path) -> File:
    """Size and SHA-256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return File(sha256=digest, bytes=path.stat().st_size)


def credit_of(config: Config) -> tuple[str, str | None]:
    """Who made a configuration's corpus, and the licence of weights made from it, where that is known."""
    if config.corpus.synthetic is not None:
        return _DRAWN
    return _CREDITS.get(config.corpus.reader, (f"corpus '{config.corpus.name}': see its own terms", None))


def _own(experiment: Experiment, variant: str, seed: int, networks: Mapping[str, Path]) -> Lineage:
    config = experiment.config
    split = config.splits[config.split]
    credit, licence = credit_of(config)
    data = Data(
        corpus=config.corpus.name,
        reader=config.corpus.reader,
        drawn=config.corpus.synthetic is not None,
        credit=credit,
        seen=split.seen or ["all that have no other role"],
        appearance=split.appearance,
        unseen=split.unseen,
    )
    trained = {name: _trained(path) for name, path in networks.items()}
    return Lineage(_origin(experiment, variant, seed, networks), data, trained, licence, preview=False)


def _origin(experiment: Experiment, variant: str, seed: int, networks: Mapping[str, Path]) -> Origin:
    source = experiment.source
    inputs: dict[str, str] = {}
    for path in networks.values():
        inputs |= inputs_of(path)
    told = {
        "config": source["config"],
        "data": inputs,
        "weights": {name: file_of(path).sha256 for name, path in networks.items()},
    }
    return Origin(
        experiment=experiment.config.experiment,
        variant=variant,
        seed=seed,
        sha256=hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest(),
        config_sha256=source["config_sha256"],
        commit=source["commit"],
        code_sha256=source["code_sha256"],
        versions=versions_of(networks["renderer"]),
    )


def _trained(path: Path) -> Trained:
    header = header_of(path)
    return Trained(
        stage=header.get("stage", ""), samples=header.get("samples", 0), code=header.get("code", "")
    )
