"""After a run that ended well: the main figures, where the report is, and what to try next."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

_COLUMNS = {
    "psnr_db": "PSNR ↑", "ssim": "SSIM ↑", "lmd_px": "LMD ↓", "au_f1": "AU F1 ↑",
    "lip_correlation_words": "lips ↑",
}  # fmt: skip
"""Of the main table, those with which to begin; a column that it lacks is left out."""
_MADE_BY = frozenset({"tabulate_main_results", "build_report"})


def closing_lines(about: Mapping[str, Any]) -> Iterator[RenderableType]:
    """What the screen shows last; ``about``: what the plan said beside its jobs."""
    results = Path(str(about.get("results", "")))
    if not about or not (_MADE_BY & set(about.get("rules", ()))):
        return
    table = results / "tables" / "main_results.csv"
    if table.is_file():
        yield from _figures(table)
    report = results / "report" / "index.html"
    if report.is_file():
        yield Text.assemble("report:  ", (str(report), "bold"), "  (open it in a browser)")
    gallery = results / "gallery"
    if gallery.is_dir():
        yield Text(f"films:   {gallery}/")
    yield Text(f"tables:  {results / 'tables'}/")
    for line in _next(about):
        yield Text(line, style="dim")


def _figures(path: Path) -> Iterator[RenderableType]:
    """The rows of the main table with a few of its columns."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row.get("kind") != "published"]
    if not rows:
        return
    shown = [name for name in _COLUMNS if any(row.get(name) for row in rows)]
    title = "Main results (a demo: no result)" if rows[0].get("demo") == "True" else "Main results"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("method")
    table.add_column("clips")
    for name in shown:
        table.add_column(_COLUMNS[name], justify="right")
    several = len({row.get("protocol") for row in rows}) > 1
    for row in rows:
        where = row.get("subset", "").replace("_", " ") + (f", {row.get('protocol', '')}" if several else "")
        method = row.get("method", "").replace("_", " ")
        style = "" if row.get("kind") != "control" else "dim"
        table.add_row(method, where, *(_short(row.get(name, "")) for name in shown), style=style)
    yield Text("")
    yield table
    yield Text("")


def _short(value: str) -> str:
    try:
        return f"{float(value):.3g}" if value else "-"
    except ValueError:
        return value


def _next(about: Mapping[str, Any]) -> Iterator[str]:
    yield "next:    snakemake verify --cores 1   is everything whole, and of one piece?"
    if about.get("demo"):
        yield (
            "         snakemake --cores 2 --configfile config.yaml configs/real.yaml "
            "--config root=/path/to/clips   real faces"
        )
    else:
        yield "         snakemake paper --cores 2   the papers' tables, where the configuration has some"
