"""What methods and metrics rest on, said once: job graph, preflight, tables and ``verify`` ask here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from talkface.config import Config, FrameRenderer, Renderer
from talkface.metrics.catalogue import all_metrics

SHARED = "shared"

PART_RULES = {
    "masked_latents": ("encode_masked_latents",),
    "whole_face": ("encode_first_faces",),
    "identity_face": ("train_au_attention", "disentangle_faces"),
    "predicted_aus": ("train_audio_to_au", "predict_aus"),
    "au_judge": ("train_au_classifier",),
    "denoiser": ("encode_latents", "train_renderer"),
    "decoder": ("train_frame_renderer",),
}
"""What only some methods need (a field of :class:`Needs`) -> the rules that make it."""

OPTIONAL_RULES = frozenset(rule for rules in PART_RULES.values() for rule in rules)
"""Rules that run only where a method needs them."""


@dataclass(frozen=True)
class Needs:
    """What one variant rests on, beside the autoencoder, which every table's control row needs."""

    denoiser: bool
    """Its renderer denoises latents (paper A), and so it has a sampler."""
    decoder: bool
    """Its renderer decodes frames (papers B and C)."""
    masked_latents: bool
    """Latents of every frame with a hidden lower half."""
    identity_face: bool
    """First faces that AU-Attention has split into Identity-face and Audio-face."""
    whole_face: bool
    """First faces as they are."""
    predicted_aus: bool
    """What Audio-to-AU hears of the action units."""
    true_aus: bool
    """Labels of the true frames in place of that: an oracle, which no method may have."""
    au_judge: bool
    """The AU classifier, for the AU loss."""
    perceptual: bool
    """Features for the perceptual loss: VGG-19's where a file is given, else the autoencoder's."""


def needs_of(config: Config, variant: str) -> Needs:
    """What the named variant rests on."""
    own = config.variant_renderer(variant)
    losses = own.losses if isinstance(own, FrameRenderer) else None
    return Needs(
        denoiser=isinstance(own, Renderer),
        decoder=isinstance(own, FrameRenderer),
        masked_latents=isinstance(own, Renderer) and own.masked_frame == "every",
        identity_face=own.disentangled,
        whole_face=not own.disentangled,
        predicted_aus="aus" in own.speech and not own.oracle_aus,
        true_aus=own.oracle_aus,
        au_judge=losses is not None and losses.aus > 0,
        perceptual=losses is not None and losses.perceptual > 0,
    )


def rules_behind(config: Config, variants: Iterable[str]) -> set[str]:
    """Those of ``OPTIONAL_RULES`` that the variants need."""
    needs = [needs_of(config, name) for name in variants]
    return {
        rule
        for part, rules in PART_RULES.items()
        if any(getattr(own, part) for own in needs)
        for rule in rules
    }


def trainings_behind(config: Config, variants: Sequence[str]) -> list[tuple[str, str]]:
    """Stage and variant ("shared" before the renderer) of every training that the variants rest on.

    The autoencoder always: every table has the row "ground truth through the autoencoder".
    """
    behind = rules_behind(config, variants)
    stages = ["autoencoder"]
    stages += [name for name in ("audio_to_au", "au_attention", "au_classifier") if f"train_{name}" in behind]
    return [(stage, SHARED) for stage in stages] + [("renderer", name) for name in dict.fromkeys(variants)]


def bounds(config: Config, variants: Sequence[str]) -> list[str]:
    """Those of the variants that see what a method may not, and are therefore not ranked."""
    return [name for name in dict.fromkeys(variants) if needs_of(config, name).true_aus]


READERS = "talkface.evaluation.clip_parts"
"""The module with a function for each part of a clip."""

FILES = {"aus": ("frames", "landmarks", "true_aus"), "mouth_box": ()}
"""The tables that a part of a clip is read from, where they are not those of its own name."""


def files_behind(metric: str) -> set[str]:
    """The tables that a metric family is computed from: inputs of rule ``score_clips``, by name."""
    return {name for part in all_metrics()[metric].needs for name in FILES.get(part, (part,))}


def labels_frames(metric: str) -> bool:
    """Whether a metric family needs the labeller on generated frames."""
    return "aus" in all_metrics()[metric].needs


def code_behind(metric: str) -> list[str]:
    """The functions that score a metric family and read what it needs: found by name, so said here."""
    family = all_metrics()[metric]
    reading = [f"{READERS}.{part}" for part in family.needs]
    return [f"{family.score.__module__}.{family.score.__name__}", *reading]
