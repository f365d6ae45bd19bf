"""Rule ``take_evaluator``: one of a finished experiment's own evaluators, to judge other clips."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from talkface.config import Config
from talkface.jobs.take_networks import copy_file, differing_fields, finished_config, refuse_differing
from talkface.runtime.binding import OfConfig

OF_TRAINING = {
    "enabled", "seed", "training", "picture", "sound", "clips_per_group", "windows_per_clip", "least_gain",
    "in_place_weight", "tempo", "most_wrong",
}  # fmt: skip
"""Fields of an evaluator's section that say how it was trained."""


def take_evaluator(
    *,
    evaluator: str,
    given_model: Path,
    given_history: Path,
    notes: Path,
    config: Annotated[Config, OfConfig()],
    model: Path,
    history: Path,
) -> None:
    """Copy an evaluator's weights and history as they are, so that its hash beside every figure is the same.

    ``notes``: what the finished experiment's check has noted. Raises ``OtherNetworksError`` where picture,
    sound or the evaluator itself are not what this configuration says.
    """
    refuse_differing(notes, _differing(config, finished_config(notes), evaluator))
    copy_file(given_model, model)
    copy_file(given_history, history)


def _differing(config: Config, other: Config, evaluator: str) -> Iterator[str]:
    for name in ("video", "mel"):
        yield from differing_fields(name, getattr(config, name), getattr(other, name))
    here, there = (getattr(one.metrics.evaluators, evaluator) for one in (config, other))
    yield from differing_fields(f"metrics.evaluators.{evaluator}", here, there, OF_TRAINING)
