"""Writes a bundle: the networks of one variant of a finished experiment, and what must be known of them."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from talkface.artifacts.headers import header_of, inputs_of, versions_of
from talkface.bundles.card import card_of
from talkface.bundles.experiment import Experiment, model_settings, networks_of, read_experiment
from talkface.bundles.figures import figures_of
from talkface.bundles.manifest import (
    CARD,
    FORMAT,
    MANIFEST,
    VERSION,
    BundleError,
    Data,
    File,
    Manifest,
    Origin,
    Trained,
    seal,
)
from talkface.bundles.reading import is_bundle, read_bundle
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


def export(
    folder: Path,
    output: Path,
    *,
    variant: str | None = None,
    seed: int | None = None,
    licence: str | None = None,
    preview: bool = False,
) -> Manifest:
    """Write the networks of an experiment's variant as a bundle; the folder appears whole, or not at all.

    Args:
        folder: of the experiment, ``results/{experiment}/{corpus}``.
        output: absent, empty, or a bundle, which is replaced.
        variant: None: the first of the configuration's ``main``.
        seed: of the training; None: the configuration's first.
        licence: of the weights; None: that of the corpus, where it is known.
        preview: the card says that the model is not good enough to be a finished one.

    Raises:
        BundleError: nothing to export, no licence, or an output that is something else.
    """
    experiment = read_experiment(folder)
    config = experiment.config
    variant = config.main[0] if variant is None else variant
    seed = config.seeds[0] if seed is None else seed
    networks = networks_of(experiment, variant, seed)
    credit, usual = _credit(config)
    licence = licence or usual
    if licence is None:
        raise BundleError(
            f"--licence: the terms of corpus '{config.corpus.name}' are not known here; say under which "
            "licence the weights may be used (its consent and its licence come first: docs/consent.md)"
        )
    _check_output(output)
    output = output.absolute()
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name[:40]}.") as hidden:
        made = Path(hidden) / "bundle"
        made.mkdir()
        for name, path in networks.items():
            shutil.copyfile(path, made / f"{name}.safetensors")
        split = config.splits[config.split]
        content: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "name": f"{config.experiment}-{config.corpus.name}-{variant}-seed{seed}",
            "talkface": version("talkface"),
            "licence": licence,
            "preview": preview,
            "origin": _origin(experiment, variant, seed, networks).model_dump(),
            "data": Data(
                corpus=config.corpus.name,
                reader=config.corpus.reader,
                drawn=config.corpus.synthetic is not None,
                credit=credit,
                seen=split.seen or ["all that have no other role"],
                appearance=split.appearance,
                unseen=split.unseen,
            ).model_dump(),
            "networks": {name: _trained(path).model_dump() for name, path in networks.items()},
            "settings": model_settings(config, variant).model_dump(mode="json"),
            "figures": [figure.model_dump() for figure in figures_of(folder, variant)],
        }
        (made / CARD).write_text(card_of(content), encoding="utf-8")
        content["files"] = {path.name: _file(path).model_dump() for path in sorted(made.iterdir())}
        (made / MANIFEST).write_text(seal(content), encoding="utf-8")
        manifest = read_bundle(made)
        if output.exists():
            output.rename(Path(hidden) / "before")
        made.rename(output)
    return manifest


def _check_output(output: Path) -> None:
    if output.exists() and not (output.is_dir() and (is_bundle(output) or not any(output.iterdir()))):
        raise BundleError(
            f"--output {output}: this is neither an empty folder nor a bundle; choose another name"
        )


def _credit(config: Config) -> tuple[str, str | None]:
    if config.corpus.synthetic is not None:
        return _DRAWN
    return _CREDITS.get(config.corpus.reader, (f"corpus '{config.corpus.name}': see its own terms", None))


def _origin(experiment: Experiment, variant: str, seed: int, networks: Mapping[str, Path]) -> Origin:
    config, source = experiment.config, experiment.source
    inputs: dict[str, str] = {}
    for path in networks.values():
        inputs |= inputs_of(path)
    told = {
        "config": source["config"],
        "data": inputs,
        "weights": {name: _file(path).sha256 for name, path in networks.items()},
    }
    return Origin(
        experiment=config.experiment,
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


def _file(path: Path) -> File:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return File(sha256=digest, bytes=path.stat().st_size)
