"""A plot of every speaker: rows of dots as SVG that takes the page's colours, one plot a measure.

It is part of the page, not a picture in it, so its dots have names and it follows light and dark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.ticker import MaxNLocator

from talkface.evaluation.runs import CONTROLS, is_control, is_other_sound, label, ordered
from talkface.metrics.declaration import Measure
from talkface.reporting.tables.aggregate import TEST_SUBSETS
from talkface.reporting.tables.columns import number
from talkface.reporting.tables.main_table import counted
from talkface.reporting.tables.single_scores import SPEAKERS_BY

WIDTH, LEFT, RIGHT, ROW, TOP, BOTTOM = 680, 150, 16, 24, 10, 34
"""Sizes in the SVG's own units."""

MOST_SPEAKERS = 40
_STILL = "static"
"""The one control that is drawn: what a mouth that does not move would have."""


@dataclass(frozen=True)
class Dot:
    """A value's place, its style and what is said of it."""

    x: float
    y: float
    style: int  # of the legend
    said: str


@dataclass(frozen=True)
class Line:
    """A row's or a tick's place and text."""

    place: float
    text: str


@dataclass(frozen=True)
class SpeakerPlot:
    """One measure of all speakers."""

    key: str
    header: str
    meaning: str
    better: str
    height: float
    rows: tuple[Line, ...]
    ticks: tuple[Line, ...]
    dots: tuple[Dot, ...]
    left_out: str  # in words; empty where all are drawn


@dataclass(frozen=True)
class LegendEntry:
    """A method and the form of its dots: "filled", "hollow" or "still"."""

    name: str
    form: str


def legend_of(rows: Sequence[Mapping[str, Any]]) -> tuple[LegendEntry, ...]:
    """The methods that are drawn, in the order of their styles."""
    return tuple(LegendEntry(label(method), _form(method)) for method in _drawn(rows))


_FORMS = ("still", "hollow", "filled")
"""From the back to the front."""


def _form(method: str) -> str:
    if method in CONTROLS:
        return "still"
    return "hollow" if is_other_sound(method) else "filled"


def _drawn(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    methods = ordered({row["method"] for row in rows})
    return [method for method in methods if method == _STILL or not is_control(method)]


def speaker_plots(rows: Sequence[Mapping[str, Any]]) -> list[SpeakerPlot]:
    """A plot for each of ``single_scores.SPEAKERS_BY`` that has values, of the first protocol.

    ``rows``: from ``single_scores.speaker_scores``. Of more than ``MOST_SPEAKERS`` speakers, those at both
    ends.
    """
    if not rows:
        return []
    own = [row for row in rows if row["protocol"] == rows[0]["protocol"]]
    methods = _drawn(own)
    own = [row for row in own if row["method"] in methods]
    plots = [
        _plot(measure, [row for row in own if row[measure.key] is not None], methods)
        for measure in SPEAKERS_BY
    ]
    return [plot for plot in plots if plot is not None]


def _plot(measure: Measure, rows: Sequence[Mapping[str, Any]], methods: Sequence[str]) -> SpeakerPlot | None:
    if not rows:
        return None
    speakers = _by_value(measure, rows)
    kept = speakers
    if len(speakers) > MOST_SPEAKERS:
        kept = speakers[: MOST_SPEAKERS // 2] + speakers[-MOST_SPEAKERS // 2 :]
    ticks = MaxNLocator(5).tick_values(*_range([float(row[measure.key]) for row in rows]))
    first, last = float(ticks[0]), float(ticks[-1])

    def x(value: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (value - first) / (last - first), 1)

    place = {speaker: TOP + ROW * (number_ + 0.5) for number_, speaker in enumerate(kept)}
    dots = tuple(
        Dot(
            x(float(row[measure.key])),
            place[row["subset"], row["speaker"]],
            methods.index(row["method"]),
            f"{row['speaker']}, {label(row['method'])}: {number(row[measure.key], measure.digits)} "
            f"({counted(row['clips'], 'clip')})",
        )
        for row in sorted(rows, key=lambda row: _FORMS.index(_form(row["method"])))
        if (row["subset"], row["speaker"]) in place
    )
    left_out = ""
    if len(kept) < len(speakers):
        left_out = f"The {len(kept)} speakers at both ends of {len(speakers)}; all are in the table below."
    return SpeakerPlot(
        measure.key,
        measure.header,
        measure.meaning,
        measure.better,
        TOP + ROW * len(kept) + BOTTOM,
        tuple(Line(y, f"{name} ({_PARTS[subset]})") for (subset, name), y in place.items()),
        tuple(Line(x(float(tick)), f"{tick:g}") for tick in ticks),
        dots,
        left_out,
    )


_PARTS = {subset: heading.split()[0].lower() for subset, heading in TEST_SUBSETS.items()}


def _by_value(measure: Measure, rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Subset and name of the speakers, seen ones first, in each subset from the best down."""
    trained = [row for row in rows if _form(row["method"]) == "filled"] or rows
    values: dict[tuple[str, str], list[float]] = {(row["subset"], row["speaker"]): [] for row in rows}
    for row in trained:
        values[row["subset"], row["speaker"]].append(float(row[measure.key]))
    sign = 1 if measure.better == "low" else -1

    def rank(speaker: tuple[str, str]) -> tuple[int, float, str]:
        own = values[speaker]
        mean = sign * sum(own) / len(own) if own else float("inf")
        return list(TEST_SUBSETS).index(speaker[0]), mean, speaker[1]

    return sorted(values, key=rank)


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)
