"""Writes a bundle: the networks of one variant of a finished experiment, and what must be known of them."""

from __future__ import annotations

import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from talkface.artifacts.given_networks import MANIFEST, is_bundle
from talkface.bundles.card import card_of
from talkface.bundles.experiment import model_settings, networks_of, read_experiment
from talkface.bundles.figures import figures_of, measured_of
from talkface.bundles.lineage import file_of, lineage_of
from talkface.bundles.manifest import (
    CARD,
    FORMAT,
    VERSION,
    BundleError,
    Manifest,
    seal,
)
from talkface.bundles.reading import read_bundle


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
        preview: the card says that the model is not good enough to be a finished one; networks of a bundle
            that says so stay one.

    Raises:
        BundleError: nothing to export, no licence, or an output that is something else.
    """
    experiment = read_experiment(folder)
    config = experiment.config
    variant = config.main[0] if variant is None else variant
    seed = config.seeds[0] if seed is None else seed
    networks = networks_of(experiment, variant, seed)
    lineage = lineage_of(experiment, variant, seed, networks)
    data, origin = lineage.data, lineage.origin
    licence = licence or lineage.licence
    if licence is None:
        raise BundleError(
            f"--licence: the terms of corpus '{data.corpus}' are not known here; say under which "
            "licence the weights may be used (its consent and its licence come first: docs/consent.md)"
        )
    figures = figures_of(folder, variant)
    _check_output(output)
    output = output.absolute()
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name[:40]}.") as hidden:
        made = Path(hidden) / "bundle"
        made.mkdir()
        for name, path in networks.items():
            shutil.copyfile(path, made / f"{name}.safetensors")
        content: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "name": f"{origin.experiment}-{data.corpus}-{variant}-seed{seed}",
            "talkface": version("talkface"),
            "licence": licence,
            "preview": preview or lineage.preview,
            "origin": origin.model_dump(),
            "data": data.model_dump(),
            "networks": {name: trained.model_dump() for name, trained in lineage.networks.items()},
            "settings": model_settings(config, variant).model_dump(mode="json"),
            "measured": measured_of(experiment).model_dump() if figures else None,
            "figures": [figure.model_dump() for figure in figures],
        }
        (made / CARD).write_text(card_of(content), encoding="utf-8")
        content["files"] = {path.name: file_of(path).model_dump() for path in sorted(made.iterdir())}
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
