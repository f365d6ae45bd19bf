"""Which trainings a table's rows need."""

from __future__ import annotations

from collections.abc import Sequence

from talkface.config import Config, FrameRenderer

SHARED = "shared"


def trainings_behind(config: Config, variants: Sequence[str]) -> list[tuple[str, str]]:
    """Stage and variant ("shared" before the renderer) of every training that the variants rest on.

    The autoencoder always: every table has the row "ground truth through the autoencoder".
    """
    renderers = [config.variant_renderer(name) for name in variants]
    shared = {
        "autoencoder": True,
        "audio_to_au": any("aus" in own.speech and not own.oracle_aus for own in renderers),
        "au_attention": any(own.disentangled for own in renderers),
        "au_classifier": any(isinstance(own, FrameRenderer) and own.losses.aus > 0 for own in renderers),
    }
    trained = [(stage, SHARED) for stage, needed in shared.items() if needed]
    return trained + [("renderer", name) for name in dict.fromkeys(variants)]


def bounds(config: Config, variants: Sequence[str]) -> list[str]:
    """Those of the variants that see what a method may not, and are therefore not ranked."""
    return [name for name in dict.fromkeys(variants) if config.variant_renderer(name).oracle_aus]
