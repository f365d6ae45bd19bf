"""What the page tells of itself: the model and its card, limits, voices."""

from __future__ import annotations

from typing import Any

from talkface import __version__
from talkface.animation.animator import Animator
from talkface.bundles.manifest import CARD, Manifest
from talkface.media.marks import LABEL
from talkface.media.speech import REMEDY, voices
from talkface.serve.limits import MOST_LETTERS, Limits

UNITS = {
    "AU10": "upper lip raiser",
    "AU14": "dimpler",
    "AU20": "lip stretcher",
    "AU25": "lips part",
    "AU26": "jaw drop",
}
"""Action unit -> its name in the Facial Action Coding System."""


def about(animator: Animator, limits: Limits) -> dict[str, Any]:
    """Everything that the page needs to know before anything is sent."""
    model = animator.model
    return {
        "talkface": __version__,
        "label": LABEL,
        "model": {
            "name": model.name,
            "variant": model.variant,
            "steered": animator.steered,
            "bundle": None if model.manifest is None else _of_bundle(model.manifest),
        },
        "units": [{"au": au, "name": name} for au, name in UNITS.items()],
        "voices": [{"code": voice.code, "name": voice.name} for voice in voices()],
        "without_voices": f"espeak-ng is not installed here; {REMEDY}",
        "limits": {
            "photo_bytes": limits.photo_bytes,
            "sound_bytes": limits.sound_bytes,
            "sound_seconds": limits.sound_seconds,
            "photo_px": limits.photo_px,
            "letters": MOST_LETTERS,
            "keep_minutes": round(limits.keep_s / 60),
        },
    }


def _of_bundle(manifest: Manifest) -> dict[str, Any]:
    told = manifest.model_dump(mode="json")
    return {name: told[name] for name in ("preview", "licence", "origin", "data", "figures")}


def card(animator: Animator) -> str | None:
    """The model card of a bundle, Markdown; None for an experiment's own networks, which have none."""
    model = animator.model
    if model.manifest is None:
        return None
    return model.networks["renderer"].with_name(CARD).read_text(encoding="utf-8")
