"""Figure: a table's rows as dots with their intervals, a panel a measure.

Published numbers are left out on purpose: on one axis with ours they would be compared by eye, and split,
labeller and crop differ. They stand in the table, in columns of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from talkface.metrics.declaration import Measure
from talkface.reporting.figures.style import OTHER, OURS, plain
from talkface.reporting.tables.aggregate import TEST_SUBSETS
from talkface.reporting.tables.columns import BY_KEY, UNIT_MEASURES
from talkface.reporting.tables.paper_csv import ALL_SPEAKERS

RESULT_PANELS = tuple(
    BY_KEY[key] for key in ("psnr_db", "ssim", "au_f1", "au_accuracy_percent", "lip_correlation_words")
)
"""What is drawn of a results table; of a per-AU table all its measures."""

_COLOURS = {"seen_test": OTHER, "unseen_test": OURS}
_SHIFT = {"seen_test": -0.16, "unseen_test": 0.16}  # in rows: subsets beside one another
_PANELS_A_LINE = 6


def draw_dots(table: pd.DataFrame, *, units: bool) -> Figure:
    """Rows down in the table's order, controls below a line; a dot a subset with its interval.

    ``table``: the table's csv (``paper_csv.table_csv``). Where there is no interval the speakers' own values
    are drawn as small ticks instead.
    """
    panels = _in_lines(UNIT_MEASURES) if units else [RESULT_PANELS]
    rows = table[table["speaker"] == ALL_SPEAKERS]
    names = list(dict.fromkeys(zip(rows["method"], rows["name"], strict=True)))
    height = 0.9 + len(panels) * (0.7 + 0.28 * len(names))
    figure = Figure(figsize=(3.2 + 2.1 * max(map(len, panels)), height))
    grid = figure.subplots(len(panels), max(map(len, panels)), squeeze=False, sharey=True)
    for line, measures in zip(grid, panels, strict=True):
        for axes, measure in zip(line, measures, strict=True):
            _draw(axes, table, measure, names)
    _name_rows(grid[0, 0], rows, names)
    figure.legend(handles=_legend(table), loc="outside lower center", ncols=4)
    return figure


def _in_lines(measures: Sequence[Measure]) -> list[tuple[Measure, ...]]:
    """F1 of every unit in one line, accuracy in the next."""
    lines = [tuple(own for own in measures if own.how == how) for how in ("au_f1", "au_accuracy")]
    assert all(len(line) == _PANELS_A_LINE for line in lines)
    return lines


def _draw(axes: Axes, table: pd.DataFrame, measure: Measure, names: Sequence[tuple[str, str]]) -> None:
    axes.set_title(measure.header)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    place = {name: number for number, name in enumerate(names)}
    for row in table.to_dict("records"):
        value = row[measure.key]
        if pd.isna(value) or (row["method"], row["name"]) not in place:
            continue
        y = place[row["method"], row["name"]] + _SHIFT[row["subset"]]
        colour = _COLOURS[row["subset"]]
        if row["speaker"] != ALL_SPEAKERS:
            axes.plot(value, y, marker="|", markersize=5, color=colour, alpha=0.5, linestyle="none")
            continue
        low, high = row[f"{measure.key}_low"], row[f"{measure.key}_high"]
        if not pd.isna(low):
            axes.plot([low, high], [y, y], color=colour, linewidth=1.6)
        filled = row["kind"] not in ("control", "other_sound")
        axes.plot(value, y, marker="o", markersize=5, color=colour, mfc=colour if filled else "white")


def _name_rows(axes: Axes, rows: pd.DataFrame, names: Sequence[tuple[str, str]]) -> None:
    """Labels of the rows, and a line above the controls; all panels share the axis."""
    axes.set_yticks(range(len(names)), [plain(name) for _, name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    kinds = dict(zip(rows["method"], rows["kind"], strict=True))
    controls = [
        number for number, (method, _) in enumerate(names) if kinds[method] in ("control", "other_sound")
    ]
    if controls:
        for other in axes.figure.axes:
            other.axhline(min(controls) - 0.5, color="#888888", linewidth=0.8)


def _legend(table: pd.DataFrame) -> list[Line2D]:
    shown = [
        Line2D([], [], color=_COLOURS[subset], marker="o", markersize=5, label=heading)
        for subset, heading in TEST_SUBSETS.items()
        if subset in set(table["subset"])
    ]
    if (table["speaker"] != ALL_SPEAKERS).any():
        shown.append(
            Line2D([], [], color="#777777", marker="|", linestyle="none", label="one speaker (no interval)")
        )
    if (table["interval"] == "95 %").any():
        shown.append(Line2D([], [], color="#777777", linewidth=1.6, label="95 % interval over speakers"))
    return shown
