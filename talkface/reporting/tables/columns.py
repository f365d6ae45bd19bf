"""The columns of the results tables: the scores they use, how they combine clips, and their format."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from talkface.artifacts.schemas import AU_NAMES
from talkface.metrics.presence import OUTCOMES, mean_defined, pooled_accuracy, pooled_f1

MISSING = "\N{EN DASH}"
"""A cell without a value: not measured, or not defined (the notes say which)."""

How = Literal["mean", "weighted", "median", "au_f1", "au_accuracy"]


@dataclass(frozen=True)
class Measure:
    """A column: its name in the csv, its header, the metric in the score tables, and the way over clips."""

    key: str
    header: str
    metric: str
    how: How
    digits: int
    better: Literal["high", "low", "near one", ""]
    meaning: str
    scale: float = 1.0

    @property
    def aus(self) -> tuple[str, ...]:
        """The AUs whose mean it is, of a measure of presence: one, or ("au") all five."""
        if self.how not in ("au_f1", "au_accuracy"):
            return ()
        return AU_NAMES if self.metric == "au" else (self.metric,)

    def rows(self, scores: pd.DataFrame) -> pd.DataFrame:
        """The rows of a score table that it reads: those that have a value."""
        metrics = [f"{au.lower()}_{name}" for au in self.aus for name in OUTCOMES] or [self.metric]
        return scores[scores["metric"].isin(metrics) & scores["value"].notna()]

    def over_clips(self, scores: pd.DataFrame) -> float | None:
        """Bring the clips of one run and subset together; ``None`` where no clip has a value."""
        if self.how == "au_f1":
            return mean_defined(pooled_f1(scores, self.aus))[0]
        if self.how == "au_accuracy":
            share = mean_defined(pooled_accuracy(scores, self.aus))[0]
            return None if share is None else self.scale * share
        rows = self.rows(scores)
        if rows.empty:
            return None
        if self.how == "median":
            return self.scale * float(rows["value"].median())
        if self.how == "mean":
            return self.scale * float(rows["value"].mean())
        weight = float(rows["weight"].sum())
        return self.scale * float((rows["value"] * rows["weight"]).sum()) / weight if weight else None

    def undefined_clips(self, scores: pd.DataFrame) -> int:
        """Clips that were scored but have no value, such as the correlation of a mouth that does not move."""
        return int(scores.loc[scores["metric"] == self.metric, "value"].isna().sum())


MEASURES = (
    Measure("psnr_db", "PSNR dB", "psnr", "mean", 2, "high", "peak signal-to-noise ratio, whole crop"),
    Measure("ssim", "SSIM", "ssim", "mean", 3, "high", "structural similarity, whole crop"),
    Measure("psnr_mouth_db", "PSNR mouth dB", "psnr_mouth", "mean", 2, "high", "the same in the mouth box"),
    Measure("ssim_mouth", "SSIM mouth", "ssim_mouth", "mean", 3, "high", "the same in the mouth box"),
    Measure("lmd_px", "LMD px", "lmd_px", "mean", 2, "low", "20 centred mouth points, px of the crop"),
    Measure("lmd_eyes", "LMD / eye distance", "lmd_eyes", "mean", 4, "low", "LMD over the eyes' distance"),
    Measure("au_f1", "AU F1", "au", "au_f1", 3, "high", "presence, pooled over clips, mean over AUs"),
    Measure("au_accuracy_percent", "AU acc. %", "au", "au_accuracy", 1, "high", "the same for accuracy", 100),
    Measure(
        "lip_correlation_words", "Lip corr. words", "lip_correlation_words", "median", 2, "high",
        "correlation of the lip opening with the truth's within the spoken words, median over clips",
    ),
    Measure(
        "lip_correlation_clip", "Lip corr. clip", "lip_correlation", "median", 2, "high",
        "the same over the whole clip",
    ),
    Measure(
        "lip_std_ratio_words", "Lip std ratio", "lip_deviation_ratio_words", "median", 2, "near one",
        "standard deviation of the lip opening over the truth's, within the words, median over clips",
    ),
    Measure(
        "detection_percent", "Faces found %", "detection_rate", "weighted", 1, "high",
        "share of frames in which the mesh found a face", 100,
    ),
    Measure(
        "sharpness_mouth_ratio", "Sharpness mouth", "sharpness_mouth_ratio", "mean", 2, "near one",
        "variance of the Laplacian in the mouth box over the truth's",
    ),
)  # fmt: skip
"""The columns of the main table, in order."""

BY_KEY: Mapping[str, Measure] = {measure.key: measure for measure in MEASURES}

_UNIT_COLUMNS: tuple[tuple[str, str, How, int, str, float], ...] = (
    ("f1", "F1", "au_f1", 3, "presence, pooled over clips", 1.0),
    ("accuracy_percent", "acc. %", "au_accuracy", 1, "the same for accuracy", 100.0),
)

RESULT_MEASURES = tuple(
    BY_KEY[key]
    for key in (
        "psnr_db", "ssim", "au_f1", "au_accuracy_percent",  # as the papers print them
        "psnr_mouth_db", "ssim_mouth", "lmd_px", "lip_correlation_words", "lip_std_ratio_words",
        "detection_percent", "sharpness_mouth_ratio",
    )
)  # fmt: skip
"""The columns of a published results table: the papers' four, then what a still mouth cannot win."""

UNIT_MEASURES = tuple(
    Measure(
        f"{unit.lower()}_{name}", f"{'Mean' if unit == 'mean' else unit} {header}",
        "au" if unit == "mean" else unit, how, digits, "high", meaning, scale,
    )
    for unit in (*AU_NAMES, "mean")
    for name, header, how, digits, meaning, scale in _UNIT_COLUMNS
)  # fmt: skip
"""The columns of a per-AU table: F1 and accuracy of each AU and of their mean."""

PUBLISHED_MEASURES = (
    ("psnr", "PSNR dB", 3),
    ("ssim", "SSIM", 3),
    ("au_f1", "AU F1", 3),
    ("au_accuracy", "AU acc. %", 2),
)
"""The four figures that the papers tabulate: field of ``published.yaml``, header, digits."""


def number(value: float | None, digits: int) -> str:
    """A number for a cell; a missing one is a dash, never a zero."""
    if value is None or math.isnan(value):
        return MISSING
    text = f"{value:.{digits}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def with_deviation(value: float | None, deviation: float | None, digits: int) -> str:
    """A number with its standard deviation over seeds, where there are several."""
    text = number(value, digits)
    if deviation is None or math.isnan(deviation) or text == MISSING:
        return text
    return f"{text} \N{PLUS-MINUS SIGN} {number(deviation, digits)}"
