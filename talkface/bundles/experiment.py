"""A finished experiment as what a bundle is made from: its configuration and its networks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from talkface.artifacts.given_networks import SETUP, given_weights
from talkface.bundles.manifest import BundleError, Settings
from talkface.config import Config, ConfigError, validate
from talkface.evaluation.needs import SHARED, needs_of

_TRUE_VIDEO = {"true_aus", "masked_latents"}


@dataclass(frozen=True)
class Experiment:
    """The folder ``results/{experiment}/{corpus}``, and what its check has noted."""

    folder: Path
    config: Config
    source: dict[str, Any]
    """commit, code_sha256, config_sha256, config."""


def read_experiment(folder: Path) -> Experiment:
    """An experiment by its folder.

    Raises:
        BundleError: its ``setup.json`` is missing or damaged, or of a configuration that is no longer valid.
    """
    path = folder / SETUP
    remedy = "run `snakemake check_setup` with the experiment's --configfile again"
    try:
        source = json.loads(path.read_text(encoding="utf-8"))["source"]
        return Experiment(folder, validate(source["config"]), source)
    except FileNotFoundError as error:
        raise BundleError(
            f"{path}: no such file; name the folder results/EXPERIMENT/CORPUS of an experiment, or {remedy}"
        ) from error
    except ConfigError as error:
        raise BundleError(f"{path}: {error}; {remedy}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{path}: not what check_setup writes ({error}); {remedy}") from error


def networks_of(experiment: Experiment, variant: str, seed: int) -> dict[str, Path]:
    """The weights that animating a photo with a variant needs, and no others; by their names in a bundle.

    Raises:
        BundleError: no such variant, one that needs a true video, or networks that are not trained.
    """
    config = experiment.config
    if variant not in config.variants:
        raise BundleError(
            f"variant '{variant}': {experiment.folder} has {', '.join(sorted(config.variants))}"
        )
    needs = needs_of(config, variant)
    if needs & _TRUE_VIDEO:
        raise BundleError(f"variant '{variant}': it needs a true video besides the photo and the sound")
    if "identity_face" in needs and config.aus.backend == "openface":
        raise BundleError(
            "aus.backend: 'openface' labels clips, not one photo: use an experiment whose labels are "
            "'geometric' or 'blendshapes', or a variant without disentanglement"
        )
    stages = {"renderer": config.trained_as(variant)}
    for part, name in (
        ("predicted_aus", "audio_to_au"),
        ("identity_face", "au_attention"),
        ("latents", "autoencoder"),
    ):
        if part in needs:
            stages[name] = SHARED
    networks = {
        stage: given_weights(experiment.folder, stage, trained, seed) for stage, trained in stages.items()
    }
    for path in networks.values():
        if not path.is_file():
            raise BundleError(
                f"{path}: no such weights file; finish the experiment with snakemake, or choose another "
                "variant or seed"
            )
    return networks


def model_settings(config: Config, variant: str) -> Settings:
    """What animating a photo needs of a configuration; where files lie on this machine is left out."""
    return Settings(
        video=config.video,
        faces=config.faces.model_copy(update={"landmarker": None}),
        limits=config.limits,
        aus=config.aus.model_copy(update={"openface_program": None, "openface_csv": None}),
        mel=config.mel,
        mfcc=config.mfcc,
        sampler=config.variant_sampler(variant),
    )
