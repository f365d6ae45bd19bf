"""Figure: losses and validation figures of each training over the frames seen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from talkface.evaluation.runs import StageRun
from talkface.reporting.figures.style import CYCLE

_NOT_CURVES = "learning_rate|_per_second|seconds|^final/"


def draw_training(histories: Mapping[StageRun, pd.DataFrame]) -> Figure:
    """One row a training: its losses, then a panel for each kind of figure measured on held-back clips.

    Each history has the columns of HISTORY. Draw and save inside ``style.styled``.
    """
    panels = [_panels(run, history) for run, history in histories.items()]
    rows, columns = max(1, len(panels)), max(map(len, panels), default=1)
    figure = Figure(figsize=(4.6 * columns, 0.4 + 2.4 * rows))
    grid = figure.subplots(rows, columns, squeeze=False)
    for row, shown in zip(grid, panels, strict=False):
        for axes in row[len(shown) :]:
            axes.set_axis_off()
        if len(shown) == 1 < columns:
            said = "nothing recorded on held-back clips"
            row[1].text(0.0, 0.5, said, transform=row[1].transAxes, color="#777777")
        for axes, (title, history) in zip(row, shown, strict=False):
            _draw(axes, history, title)
    return figure


def _panels(run: StageRun, history: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Titles and rows: the losses, then "psnr" and "psnr_mouth" in one panel, the five of "f1" in another."""
    name = run.stage if run.variant == "shared" else f"{run.stage} {run.variant}"
    is_loss = history["name"].str.startswith("loss")
    others = history[~is_loss & ~history["name"].str.contains(_NOT_CURVES, regex=True)]
    kinds = others["name"].str.removeprefix("validation/").str.split("[/_]", regex=True).str[0]
    panels = [(f"{name}, seed {run.seed}: losses", history[is_loss])]
    return panels + [(f"measured: {kind}", rows) for kind, rows in others.groupby(kinds, sort=True)]


def _draw(axes: Axes, history: pd.DataFrame, title: str) -> None:
    axes.set_title(title)
    axes.set_xlabel("frames seen")
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    if history.empty:
        axes.text(0.5, 0.5, "nothing recorded", transform=axes.transAxes, ha="center", color="#777777")
        axes.set_yticks([])
        return
    for position, (name, rows) in enumerate(history.groupby("name", sort=True)):
        rows = _averaged(rows.sort_values("samples")[["samples", "value"]])
        axes.plot(
            rows["samples"],
            rows["value"],
            color=CYCLE[position % len(CYCLE)],
            linestyle=("-", "--", ":")[position // len(CYCLE) % 3],
            marker="o" if len(rows) < 4 else None,
            markersize=3,
            label=_short(str(name)),
        )
    smallest, largest = history["value"].abs().min(), history["value"].abs().max()
    if title.endswith("losses") and largest > 20 * smallest:
        # A critic's loss may be negative, where a logarithm has no place.
        if (history["value"] > 0).all():
            axes.set_yscale("log")
        else:
            axes.set_yscale("symlog", linthresh=0.1)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02), handlelength=1.2)


MOST_POINTS = 300
"""A curve of more is averaged over neighbours: no eye parts them, and a page carries each."""


def _averaged(rows: pd.DataFrame) -> pd.DataFrame:
    """At most ``MOST_POINTS`` points: means over equally many neighbours, the last perhaps over fewer."""
    neighbours = -(-len(rows) // MOST_POINTS)
    if neighbours <= 1:
        return rows
    return rows.groupby(np.arange(len(rows)) // neighbours).mean()


def _short(name: str) -> str:
    return name.removeprefix("validation/").removeprefix("loss/").removeprefix("f1/").removeprefix("pcc/")
