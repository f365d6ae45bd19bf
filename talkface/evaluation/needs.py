"""What methods and metrics rest on, said once: the graph of jobs, preflight and tables ask here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from talkface.artifacts.given_networks import given_weights, is_bundle
from talkface.config import Config
from talkface.evaluation.runs import CONTROLS, OWN_AUTOENCODER
from talkface.metrics.catalogue import is_foreign, metric_named

SHARED = "shared"

PARTS: dict[str, tuple[str, ...]] = {
    "frames": (),
    "labels": (),
    "landmarks": (),
    "latents": ("encode_latents",),
    "denoiser": (),
    "own_autoencoder": (),
    "masked_latents": ("encode_masked_latents",),
    "whole_face": ("encode_first_faces",),
    "identity_face": ("train_au_attention", "disentangle_faces"),
    "predicted_aus": ("train_audio_to_au", "predict_aus"),
    "true_aus": (),
    "au_judge": ("train_au_classifier",),
    "perceptual": (),
}
"""What some methods need, beside the autoencoder, which every table's control row needs -> the rules that
make it, and which run only then.

frames, labels, landmarks: crops, action units and landmarks of the training clips. latents: of these frames.
denoiser: so the method is sampled. own_autoencoder: latents are its own, so a control row shows what they
hold. masked_latents: of every frame with a hidden lower half. whole_face, identity_face: first faces as they
are, or as AU-Attention has split them. predicted_aus: what Audio-to-AU hears of the action units. true_aus:
the true frames' in place of that, an oracle, which no method may have. au_judge: the AU classifier, for the
AU loss. perceptual: features for that loss, VGG-19's or the autoencoder's.
"""


def needs_of(config: Config, variant: str) -> frozenset[str]:
    """Those of ``PARTS`` that the named variant rests on."""
    needs = config.variant_renderer(variant).rests_on()
    assert needs <= PARTS.keys(), f"unknown parts {needs - PARTS.keys()}"
    return frozenset(needs)


def rules_behind(config: Config, variants: Iterable[str]) -> set[str]:
    """Those of the rules in ``PARTS`` that the variants need."""
    return {rule for name in variants for part in needs_of(config, name) for rule in PARTS[part]}


def trainings_behind(config: Config, variants: Sequence[str]) -> list[tuple[str, str]]:
    """Stage and variant ("shared" before the renderer) of every training that the variants rest on.

    The autoencoder wherever there is one: tables have the row "ground truth through the autoencoder".
    """
    behind = rules_behind(config, variants)
    stages = ["autoencoder"] if has_autoencoder(config) else []
    stages += [name for name in ("audio_to_au", "au_attention", "au_classifier") if f"train_{name}" in behind]
    return [(stage, SHARED) for stage in stages] + [("renderer", name) for name in trained(config, variants)]


def trained(config: Config, variants: Iterable[str]) -> list[str]:
    """The variants whose renderers these use, each once."""
    return list(dict.fromkeys(config.trained_as(name) for name in variants))


def controls_of(config: Config, variants: Iterable[str]) -> list[str]:
    """The reference rows of a table with these variants."""
    own = [name for name in trained(config, variants) if "own_autoencoder" in needs_of(config, name)]
    shared = [name for name in CONTROLS if name != "autoencoder" or has_autoencoder(config)]
    return [*shared, *(name + OWN_AUTOENCODER for name in own)]


def has_autoencoder(config: Config) -> bool:
    """Whether there is a VQ autoencoder: not where the networks are a bundle's whose variant needs none."""
    if config.networks is None or not is_bundle(folder := config.networks.expanduser()):
        return True
    return given_weights(folder, "autoencoder", SHARED, config.seeds[0]).is_file()


def bounds(config: Config, variants: Sequence[str]) -> list[str]:
    """Those of the variants that see what a method may not, and are therefore not ranked."""
    return [name for name in dict.fromkeys(variants) if "true_aus" in needs_of(config, name)]


READERS = "talkface.evaluation.clip_parts"
"""The module with a function for each part of a clip."""

FILES = {
    "aus": ("frames", "landmarks", "true_aus"), "mouth_box": (), "sound": ("clips",), "weights": (),
}  # fmt: skip
"""The tables that a part of a clip is read from, where they are not those of its own name."""


def files_behind(metric: str) -> set[str]:
    """The tables that a metric family is computed from: inputs of rule ``score_clips``, by name."""
    return {name for part in metric_named(metric).needs for name in FILES.get(part, (part,))}


def labels_frames(metric: str) -> bool:
    """Whether a metric family needs the labeller on generated frames."""
    return "aus" in metric_named(metric).needs


def code_behind(metric: str) -> list[str]:
    """The functions that score a metric family and read what it needs: found by name, so said here.

    Of another package's metric only those that read: its own code is told by ``wanted.foreign_code``.
    """
    family = metric_named(metric)
    reading = [f"{READERS}.{part}" for part in family.needs]
    if is_foreign(metric):
        return reading
    return [f"{family.score.__module__}.{family.score.__name__}", *reading]
