"""Which metrics are wanted beside the main table's, the weights that some need, and what they are held to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from talkface.config.basics import Slug, Strict
from talkface.config.evaluators import Evaluators

DEFAULT = "default"
_OWN = re.compile(r"[a-z][a-z0-9_]*")
_FOREIGN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


class Weights(Strict):
    """A file of trained weights."""

    path: Path
    """A state dict (.pth, .pt, .model, .safetensors) or, where the metric's documentation says so, .onnx."""
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Its SHA-256 (sha256sum FILE); another file is an error."""


class Metrics(Strict):
    """What is measured on the generated clips."""

    wanted: list[str] = [DEFAULT]
    """Metric families beside the main table's three (aus, lips, pixels), which are always there: names of
    talkface/metrics/families/; "default" for all of these whose packages and weights are there;
    package.module:NAME for a metric of another package."""
    weights: dict[Slug, Weights] = {}
    """Files of weights by the names that the metrics give them (docs/measurement.md)."""
    evaluators: Evaluators = Evaluators()
    """Networks of our own that judge lips."""
    controls: list[Literal["codec", "blurred", "early", "late", "loudness", "other_clip", "other_face"]] = [
        "codec",
        "blurred",
        "early",
        "late",
        "loudness",
        "other_clip",
        "other_face",
    ]
    """Control rows that are made only to see whether the metrics order them (tables/orders.md)."""
    control_clips_per_speaker: int | None = Field(4, ge=1)
    """Of how many of a speaker's evaluated clips these rows are made; None: all."""
    shift_frames: int = Field(5, ge=1, le=50)
    """By how many frames the rows early and late are shifted."""
    orders_must_hold: Literal["demo", "always", "never"] = "demo"
    """Where an order of control rows that a metric declares and contradicts is an error."""

    @field_validator("wanted")
    @classmethod
    def _named(cls, wanted: list[str]) -> list[str]:
        for name in wanted:
            if not _OWN.fullmatch(name) and not _FOREIGN.fullmatch(name):
                raise ValueError(
                    f"'{name}' is neither a family of talkface/metrics/families/ nor package.module:NAME"
                )
        return wanted
