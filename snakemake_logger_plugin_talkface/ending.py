"""After a run that ended well: the main figures, where the report is, and what to try next."""

from __future__ import annotations

import csv
import os
import shlex
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
    yield from _next(about)


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


def _next(about: Mapping[str, Any]) -> Iterator[RenderableType]:
    """What to try next: a line that says what it does, and below it the command."""
    options = _options(about)
    model = f" --model {about['results']}"
    found = {"is everything whole, and of one piece?": f"snakemake verify --cores 1{options}"}
    if about.get("demo"):
        found["a photo of yours speaks, by the bundle in the package"] = _ANIMATE
        found["the same with real faces"] = _REAL
    else:
        found["a photo of yours speaks, by these networks"] = _ANIMATE + model
        if about.get("tables"):
            found["the papers' tables"] = f"snakemake paper --cores 2{options}"
    yield Text("")
    yield Text("What to try next:")
    for what, command in found.items():
        yield Text(f"  {what}", style="dim")
        yield Text(f"    {command}")


_ANIMATE = "talkface generate face.jpg voice.wav -o film.mp4"
_REAL = "snakemake --cores 2 --configfile config.yaml configs/real.yaml --config root=/path/to/grid"


def _options(about: Mapping[str, Any]) -> str:
    """The options that make a further command of the same experiment; values of --config are not repeated."""
    files = [os.path.relpath(path) for path in about.get("configfiles", ())]
    named = f" --configfile {' '.join(map(shlex.quote, files))}" if len(files) > 1 else ""
    return named + " --config ..." * bool(about.get("changed"))
