"""F1 and accuracy of action-unit presence, per clip as counts so that F1 can be pooled over clips.

Shapes: T frames, A action units.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES = ("tp", "fp", "fn", "tn")


@dataclass(frozen=True)
class Counts:
    """Frames by outcome: presence in the prediction against presence in the reference."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def f1(self) -> float | None:
        """F1 of presence; ``None`` where neither prediction nor reference has a positive."""
        positives = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / positives if positives else None

    @property
    def accuracy(self) -> float | None:
        """Share of frames in which both agree; ``None`` without frames."""
        frames = self.tp + self.fp + self.fn + self.tn
        return (self.tp + self.tn) / frames if frames else None


def count_presence(prediction_TA: np.ndarray, reference_TA: np.ndarray) -> list[Counts]:
    """Outcomes of each AU over the frames; raises ``ValueError`` unless both are bool of one shape."""
    if prediction_TA.shape != reference_TA.shape or prediction_TA.ndim != 2:
        raise ValueError(
            f"presence must be [T, A] of one shape, got {prediction_TA.shape}, {reference_TA.shape}"
        )
    if prediction_TA.dtype != np.bool_ or reference_TA.dtype != np.bool_:
        raise ValueError(f"presence must be bool, got {prediction_TA.dtype} and {reference_TA.dtype}")
    return [
        Counts(
            tp=int(np.sum(prediction_T & reference_T)),
            fp=int(np.sum(prediction_T & ~reference_T)),
            fn=int(np.sum(~prediction_T & reference_T)),
            tn=int(np.sum(~prediction_T & ~reference_T)),
        )
        for prediction_T, reference_T in zip(prediction_TA.T, reference_TA.T, strict=True)
    ]


def presence_values(au: str, counts: Counts) -> dict[str, float | None]:
    """An AU's figures as the SCORES tables name them: ``au25_tp``, ..., ``au25_accuracy``, ``au25_f1``."""
    values: dict[str, float | None] = {name: getattr(counts, name) for name in OUTCOMES}
    values |= {"accuracy": counts.accuracy, "f1": counts.f1}
    return {f"{au.lower()}_{name}": value for name, value in values.items()}


def pooled_counts(scores: pd.DataFrame, aus: Iterable[str]) -> dict[str, Counts]:
    """Counts of each AU over all clips of a SCORES table (metrics ``au25_tp`` ... ``au25_tn``)."""
    sums = scores.groupby("metric")["value"].sum()
    return {au: Counts(**{name: int(sums.get(f"{au.lower()}_{name}", 0)) for name in OUTCOMES}) for au in aus}


def pooled_f1(scores: pd.DataFrame, aus: Iterable[str]) -> dict[str, float | None]:
    """F1 of each AU over all frames of all clips of a SCORES table; ``None`` for an AU without any positive.

    Pooled, since most clips have too few frames with an AU for an F1 of their own. Such an AU is left out of
    a mean over AUs, and the mean says so (:func:`mean_defined`).
    """
    return {au: counts.f1 for au, counts in pooled_counts(scores, aus).items()}


def pooled_accuracy(scores: pd.DataFrame, aus: Iterable[str]) -> dict[str, float | None]:
    """Accuracy (0-1) of each AU over all frames of all clips of a SCORES table."""
    return {au: counts.accuracy for au, counts in pooled_counts(scores, aus).items()}


def mean_defined(values: dict[str, float | None]) -> tuple[float | None, list[str]]:
    """Mean over the AUs that have a value, and the names of those that have none."""
    defined = [value for value in values.values() if value is not None]
    return (sum(defined) / len(defined) if defined else None), [
        au for au, value in values.items() if value is None
    ]
