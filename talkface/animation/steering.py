"""Action units by hand: factors on what the sound's token tells, and curves in its place.

Shapes: N frames of a batch, A action units in the order of ``AU_NAMES``, K points of a curve.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from talkface.animation.unit_shapes import UnitShapes
from talkface.artifacts.schemas import AU_NAMES
from talkface.data.stores import Identity
from talkface.generation.painters import Batch, Painter
from talkface.models.photo_trunk import PhotoTrunk
from talkface.models.trunk import Trunk

_TIME = "time_s"
_HIGHEST = 5.0
"""Of an intensity; networks have a fifth of it."""
_MOST_FACTOR = 5.0
_LEAST_SHARE = 0.25
"""Of the strongest unit of a frame: what a factor works on at least."""
_MOST_POINTS = 1_000_000


@dataclass(frozen=True)
class Curves:
    """Intensities over time of some action units."""

    time_s_K: np.ndarray
    intensity_K: Mapping[str, np.ndarray]
    """AU -> values 0 to 5 at these times."""

    def at(self, au: str, time_s_N: np.ndarray) -> np.ndarray:
        """Values of a unit, on straight lines between points, held before the first and after the last."""
        return np.interp(time_s_N, self.time_s_K, self.intensity_K[au])


@dataclass(frozen=True)
class Steering:
    """What is changed of the action units that drive the frames."""

    factors: Mapping[str, float]
    """AU -> how much stronger than predicted; 1: as predicted."""
    curves: Curves | None = None
    """Units whose prediction is replaced."""
    fps: int = 25
    """Frames per second."""

    def __call__(self, au_NA: Tensor, frames: range) -> Tensor:
        """Predicted fifths of intensities of consecutive frames -> those that are shown.

        A factor works on what is asked for, or, of a unit that is hardly asked for, on a share of the
        strongest, so that each can be seen to change; where nothing at all is asked for, none does. A factor
        below 1 may lower a unit below 0; none is raised beyond 5.
        """
        changed_NA = au_NA.clone()
        least_N = _LEAST_SHARE * au_NA.amax(dim=1).clamp(min=0)
        for au, factor in self.factors.items():
            own_N = au_NA[:, AU_NAMES.index(au)]
            changed_N = own_N + (factor - 1) * torch.maximum(own_N, least_N)
            changed_NA[:, AU_NAMES.index(au)] = torch.minimum(changed_N, own_N.clamp(min=1))
        if self.curves is not None:
            time_s_N = np.asarray(frames) / self.fps
            for au in self.curves.intensity_K:
                value_N = torch.from_numpy(self.curves.at(au, time_s_N) / _HIGHEST)
                changed_NA[:, AU_NAMES.index(au)] = value_N.to(changed_NA)
        return changed_NA


@dataclass(frozen=True)
class Noted:
    """The action units of a film, noted while its frames are generated: intensities [A] of each frame."""

    predicted: list[np.ndarray] = field(default_factory=list)
    """As the sound asks for them, 0 to 5; networks may say a little less or more."""
    shown: list[np.ndarray] = field(default_factory=list)
    """As they were shown, after factors and curves; a factor below 1 may bring them below 0."""

    def add(self, predicted_NA: Tensor, shown_NA: Tensor) -> None:
        """Fifths of intensities of the next frames."""
        for kept, fifths_NA in ((self.predicted, predicted_NA), (self.shown, shown_NA)):
            kept.extend(_HIGHEST * fifths_NA.float().cpu().numpy())


def is_steered(renderer: Trunk) -> bool:
    """Whether a renderer is driven by action units that can be set by hand."""
    return isinstance(renderer, PhotoTrunk)


class SteeredPainter:
    """A painter whose renderer reads action units off the token, which are changed on the way, or noted.

    What the renderer has not learned of a change is added to the shapes that move its photo (``UnitShapes``).

    Raises ``ValueError`` for a renderer that reads none.
    """

    def __init__(self, paint: Painter, renderer: Trunk, steering: Steering, noted: Noted | None = None):
        if not isinstance(renderer, PhotoTrunk):
            raise ValueError(
                f"action units cannot be set for the renderer '{renderer.name}', which is not driven by them "
                "alone: use a model of the variant warp or a_with_photo, or leave --au and --au-curve out"
            )
        self._paint, self._renderer, self._steering, self._noted = paint, renderer, steering, noted
        self._shapes = UnitShapes(renderer)

    def __call__(self, token_NC: Tensor, identity: Identity, batch: Batch) -> np.ndarray:
        """Paint one batch."""
        renderer, missing_NK = self._renderer, torch.zeros(())
        gap_1 = identity.lip_gap[None].to(token_NC.device)

        def change(_module: Any, _given: Any, au_NA: Tensor) -> Tensor:
            nonlocal missing_NK
            shown_NA = self._steering(au_NA, batch.frames)
            if self._noted is not None:
                self._noted.add(au_NA, shown_NA)
            if not torch.equal(shown_NA, au_NA):
                before_NE, after_NE = (
                    renderer.code_of(token_NC[None], told_NA[None], gap_1) for told_NA in (au_NA, shown_NA)
                )
                answer_NK = (after_NE - before_NE).float() @ renderer.sizes.weight.T
                missing_NK = self._shapes.missing(shown_NA - au_NA, answer_NK)
            return shown_NA

        def complete(_module: Any, _given: Any, size_NK: Tensor) -> Tensor:
            return size_NK + missing_NK.to(size_NK)

        with renderer.au_head.register_forward_hook(change), renderer.sizes.register_forward_hook(complete):
            return self._paint(token_NC, identity, batch)


def check_factors(factors: Mapping[str, float]) -> dict[str, float]:
    """The factors, by the names of ``AU_NAMES``; ``ValueError`` for another name or a wild number."""
    checked = {}
    for name, factor in factors.items():
        au = name.strip().upper()
        if au not in AU_NAMES:
            raise ValueError(f"--au {name}: not an action unit here; choose from {', '.join(AU_NAMES)}")
        if not 0 <= factor <= _MOST_FACTOR:  # NaN is neither
            raise ValueError(f"--au {name}={factor}: a factor from 0 to {_MOST_FACTOR:g} is needed")
        checked[au] = float(factor)
    return checked


def read_curves(path: Path) -> Curves:
    """Curves from a CSV file: column ``time_s`` (rising), and a column 0 to 5 for each unit that is set.

    Raises:
        ValueError: another file; the message names line and column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            names = [name.strip() for name in rows.fieldnames or []]
            rows.fieldnames = names
            aus = [name for name in names if name != _TIME]
            if _TIME not in names or not aus or len(set(names)) < len(names) or set(aus) - set(AU_NAMES):
                raise ValueError(
                    f"{path}: line 1: its columns must be {_TIME} and some of {', '.join(AU_NAMES)}, each "
                    f"once, not {', '.join(names) or 'none'}"
                )
            table = [_numbers(row, names, f"{path}: line {rows.line_num}") for row in _bounded(rows, path)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: cannot be read as CSV ({error}); save it as UTF-8 text") from error
    if not table:
        raise ValueError(f"{path}: no row below the heading; give at least one point in time")
    values = {name: np.array([row[name] for row in table]) for name in names}
    late = np.flatnonzero(np.diff(values[_TIME]) <= 0)
    if len(late):
        raise ValueError(f"{path}: line {late[0] + 3}: {_TIME} must rise from line to line")
    return Curves(values[_TIME], {au: values[au] for au in aus})


def _bounded(rows: csv.DictReader[str], path: Path) -> Any:
    for number, row in enumerate(rows):
        if number >= _MOST_POINTS:
            raise ValueError(f"{path}: more than {_MOST_POINTS} rows; leave some out")
        yield row


def _numbers(row: Mapping[str, Any], names: list[str], where: str) -> dict[str, float]:
    found = {}
    for name in names:
        try:
            value = float(row[name])
        except (TypeError, ValueError):
            raise ValueError(f"{where}: column {name}: {row[name]!r} is not a number") from None
        if not math.isfinite(value) or (name != _TIME and not 0 <= value <= _HIGHEST):
            raise ValueError(f"{where}: column {name}: {value:g} is not an intensity from 0 to {_HIGHEST:g}")
        found[name] = value
    return found
