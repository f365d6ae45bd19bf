"""The columns of the results tables, as the metrics declare them, in order; and the format of their cells."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from talkface.artifacts.schemas import AU_NAMES
from talkface.metrics.catalogue import main_measures
from talkface.metrics.declaration import Measure

MISSING = "\N{EN DASH}"
"""A cell without a value: not measured, or not defined (the notes say which)."""

BY_KEY: Mapping[str, Measure] = main_measures()

MEASURES = tuple(
    BY_KEY[key]
    for key in (
        "psnr_db", "ssim", "psnr_mouth_db", "ssim_mouth", "lmd_px", "lmd_eyes", "au_f1",
        "au_accuracy_percent", "lip_correlation_words", "lip_correlation_clip", "lip_std_ratio_words",
        "detection_percent", "sharpness_mouth_ratio",
    )
)  # fmt: skip
"""The columns of the main table, in order."""

Further = Mapping[str, tuple[Measure, ...]]
"""Title -> columns of the tables beside the main one, as the metrics declare them."""

_UNIT_COLUMNS = (
    ("f1", "F1", "au_f1", "presence, pooled over clips"),
    ("accuracy_percent", "acc. %", "au_accuracy_percent", "the same for accuracy"),
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
    replace(
        BY_KEY[whole],
        key=f"{unit.lower()}_{name}",
        header=f"{'Mean' if unit == 'mean' else unit} {header}",
        metric="au" if unit == "mean" else unit,
        meaning=meaning,
    )
    for unit in (*AU_NAMES, "mean")
    for name, header, whole, meaning in _UNIT_COLUMNS
)
"""The columns of a per-AU table: F1 and accuracy of each AU and of their mean."""

PUBLISHED_MEASURES = (
    ("psnr", "PSNR dB", 3),
    ("ssim", "SSIM", 3),
    ("au_f1", "AU F1", 3),
    ("au_accuracy", "AU acc. %", 2),
)
"""The four figures that the papers tabulate: field of ``published.yaml``, header, digits."""

PRINTED_KEYS = ("psnr_db", "ssim", "au_f1", "au_accuracy_percent")
"""Our measures of them."""


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
