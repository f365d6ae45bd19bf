"""Rule ``plot_table``: the figure of one of the papers' tables."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd

from talkface.reporting.figures.dot_figure import draw_dots
from talkface.reporting.figures.style import save_svg, styled


def plot_table(*, csv: Path, columns: Literal["results", "units"], figure: Path) -> None:
    """Draw the rows of a table that ``tabulate_table`` wrote as dots with intervals."""
    table = pd.read_csv(csv, dtype={"speaker": str, "name": str})
    with styled():
        save_svg(draw_dots(table, units=columns == "units"), figure)
