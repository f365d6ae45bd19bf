"""Intervals of the main table and of those beside it, and which of their values are best beyond them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import pandas as pd

from talkface.metrics.declaration import Measure
from talkface.reporting.tables.bootstrap import LEVEL, MIN_SPEAKERS, Estimate
from talkface.reporting.tables.columns import MEASURES, Further, number
from talkface.reporting.tables.table_rows import MeasuredRow, measure_rows, scored_rows
from talkface.reporting.tables.views import Column, Mark

Marked = Mapping[tuple[str, str, str], MeasuredRow]
"""Protocol, subset and method -> the row with its intervals."""

INTERVALS = (
    f"Small figures: {100 * LEVEL:.0f} % bootstrap interval clustered by speaker. Star: best trained row of "
    "its column, its interval clear of every other trained row's; without a star the rows are not told apart."
)
NO_INTERVALS = (
    f"No value is marked as best: {100 * LEVEL:.0f} % intervals need at least {MIN_SPEAKERS} test speakers "
    "of a subset."
)


def mark_rows(scores: pd.DataFrame, bounds: Sequence[str], further: Further) -> Marked:
    """Every row of the score tables (``aggregate.read_scores``) with intervals and best values.

    ``bounds``: variants that see what a method may not, which are not ranked. ``further``:
    tables beside the main one.
    """
    measures = (*MEASURES, *chain(*further.values()))
    return {
        (str(protocol), own.subset, own.row.method): own
        for protocol, of_protocol in scores.groupby("protocol", sort=False)
        for own in measure_rows(of_protocol, scored_rows(of_protocol["method"], bounds), measures)
    }


def row_marks(marked: Marked, row: Mapping[Any, Any], measures: Sequence[Measure]) -> tuple[Mark, ...]:
    """The marks of a summary's row, one a measure."""
    own = marked[str(row["protocol"]), str(row["subset"]), str(row["method"])]
    return tuple(
        Mark(_interval(own.estimates[measure.key], measure.digits), measure.key in own.best)
        for measure in measures
    )


def _interval(own: Estimate, digits: int) -> str:
    return f"[{number(own.low, digits)}, {number(own.high, digits)}]" if own.estimable else ""


def legend(marked: Marked) -> str:
    """What the marks mean, or why there are none."""
    estimable = any(own.estimable for row in marked.values() for own in row.estimates.values())
    return INTERVALS if estimable else NO_INTERVALS


def said_columns(measures: Sequence[Measure]) -> tuple[Column, ...]:
    """Direction and definition of each measure, as the metrics declare them, and its card."""
    return tuple(Column(measure.better, measure.meaning, measure.key) for measure in measures)
