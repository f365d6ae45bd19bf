"""Trained networks with what they need to animate a photo: of a bundle, or of a finished experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from talkface.artifacts.given_networks import SETUP, is_bundle
from talkface.bundles.experiment import model_settings, networks_of, read_experiment
from talkface.bundles.manifest import BundleError, Manifest, Settings
from talkface.bundles.reading import PACKAGED, read_bundle
from talkface.config import Faces


@dataclass(frozen=True)
class Model:
    """Where the networks lie, and the settings that go with them."""

    name: str
    variant: str
    settings: Settings
    networks: Mapping[str, Path]
    """Name (``talkface.bundles.manifest.NETWORKS``) -> weights file."""
    manifest: Manifest | None = None
    """Of a bundle: what it says of itself; None: an experiment's own networks."""
    landmarker: Path | None = None
    """The file of face models that an experiment's configuration names."""
    ffmpeg: str | None = None
    """The program that an experiment's configuration chooses."""

    @property
    def faces(self) -> Faces:
        """How the photo's face is found here."""
        return self.settings.faces.model_copy(update={"landmarker": self.landmarker})


def find_model(place: Path | None, variant: str | None = None) -> Model:
    """The model of a bundle's folder or of an experiment's, ``results/{experiment}/{corpus}``.

    None: the bundle that comes with the package. ``variant`` chooses among those of an experiment; None: the
    first of its ``main``.

    Raises:
        BundleError: there is none, or it cannot be used; the message names file, field and remedy.
    """
    if place is None:
        if not is_bundle(PACKAGED):
            raise BundleError(
                f"no bundle comes with this installation of talkface ({PACKAGED}); name one with --model: a "
                "bundle, or the folder of a finished experiment, such as results/demo/demo after `make demo`"
            )
        place = PACKAGED
    if is_bundle(place):
        return _of_bundle(place, variant)
    if not (place / SETUP).is_file():
        raise BundleError(
            f"{place}: neither a bundle (bundle.json) nor an experiment (setup.json) is in this folder; name "
            "the folder of a bundle, or results/EXPERIMENT/CORPUS of a finished experiment"
        )
    return _of_experiment(place, variant)


def _of_bundle(folder: Path, variant: str | None) -> Model:
    manifest = read_bundle(folder)
    if variant not in (None, manifest.origin.variant):
        raise BundleError(
            f"{folder}: variant '{variant}': this bundle holds '{manifest.origin.variant}' alone; leave "
            "--variant out"
        )
    networks: dict[str, Path] = {name: folder / f"{name}.safetensors" for name in manifest.networks}
    return Model(manifest.name, manifest.origin.variant, manifest.settings, networks, manifest)


def _of_experiment(folder: Path, variant: str | None) -> Model:
    experiment = read_experiment(folder)
    config = experiment.config
    chosen = config.main[0] if variant is None else variant
    networks = networks_of(experiment, chosen, config.seeds[0])
    name = f"{config.experiment}-{config.corpus.name}-{chosen}"
    return Model(
        name,
        chosen,
        model_settings(config, chosen),
        networks,
        landmarker=config.faces.landmarker,
        ffmpeg=config.media.ffmpeg,
    )
