"""Figure: losses and validation figures of each training over the frames seen."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from talkface.reporting.runs import StageRun
from talkface.reporting.style import CYCLE


def draw_training(histories: Mapping[StageRun, pd.DataFrame]) -> Figure:
    """One row a training: left its losses, right what it measured on held-back clips.

    Each history has the columns of HISTORY. Draw and save inside ``style.styled``.
    """
    rows = max(1, len(histories))
    figure = Figure(figsize=(10, 0.4 + 2.5 * rows))
    grid = figure.subplots(rows, 2, squeeze=False)
    for (run, history), (losses, others) in zip(histories.items(), grid, strict=False):
        name = run.stage if run.variant == "shared" else f"{run.stage}, {run.variant}"
        is_loss = history["name"].str.startswith("loss")
        is_other = ~is_loss & ~history["name"].str.contains("learning_rate|_per_second|seconds", regex=True)
        _draw(losses, history[is_loss], f"{name}, seed {run.seed}: losses", logarithmic=True)
        _draw(others, history[is_other], f"{name}, seed {run.seed}: held-back clips", logarithmic=False)
    return figure


def _draw(axes: Axes, history: pd.DataFrame, title: str, *, logarithmic: bool) -> None:
    axes.set_title(title)
    axes.set_xlabel("frames seen")
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    if history.empty:
        axes.text(0.5, 0.5, "nothing recorded", transform=axes.transAxes, ha="center", color="#777777")
        axes.set_yticks([])
        return
    for position, (name, rows) in enumerate(history.groupby("name", sort=True)):
        rows = rows.sort_values("samples")
        axes.plot(
            rows["samples"],
            rows["value"],
            color=CYCLE[position % len(CYCLE)],
            linestyle=("-", "--", ":")[position // len(CYCLE) % 3],
            marker="o" if len(rows) < 4 else None,
            markersize=3,
            label=str(name).removeprefix("loss/").removeprefix("validation/"),
        )
    if logarithmic and (history["value"] > 0).all() and history["value"].max() > 20 * history["value"].min():
        axes.set_yscale("log")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02), handlelength=1.2)
