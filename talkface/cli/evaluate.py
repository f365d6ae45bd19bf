"""``talkface evaluate``: films against the truth, by the metrics of the results tables."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from talkface.cli.ending import Code, fail, told
from talkface.cli.face_models import fetch_missing_face_models
from talkface.cli.progress import counted

if TYPE_CHECKING:
    from talkface.metrics.declaration import Score

_ENDINGS = {".mp4", ".mkv", ".webm", ".mov", ".avi", ".mpg", ".mpeg", ".m4v", ".gif"}
_ABOUT = (
    "Each film is cropped on its own face. Action units are on the scale of each true film alone, and "
    "'within the words' means the whole film: figures differ a little from those of an experiment's tables."
)


def evaluate(
    films: Annotated[Path, typer.Argument(help="A film, or a folder of films, made by any system.")],
    truth: Annotated[
        Path, typer.Argument(help="The true film, or a folder of true films with the same names.")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print figures, intervals and every film's values as JSON.")
    ] = False,
) -> None:
    """Measure [bold]films against the truth[/bold], by the metrics of the results tables.

    In folders, films belong together that have the same name up to the ending, below the same subfolders.
    Subfolders of the first level are speakers; with five or more the figures get 95 % intervals.
    docs/measurement.md defines the measures.

    [bold]Examples[/bold]

    talkface evaluate film.mp4 truth.mpg

    talkface evaluate films/ grid/ --json > figures.json
    """
    with told():
        from talkface.evaluation.films import compare

        pairs = _pairs(films, truth)
        fetch_missing_face_models()
        values: dict[str, dict[str, Score]] = {}
        failed: dict[str, str] = {}
        with counted(len(pairs), "films") as advance:
            for name, (film, true) in pairs.items():
                try:
                    values[name] = compare(name, film, true)
                except ValueError as error:
                    if len(pairs) == 1:
                        raise
                    failed[name] = str(error)
                advance(1)
        if not values:
            fail(f"none of {len(pairs)} films could be measured; {next(iter(failed.values()))}", Code.FILE)
        rows = _figures(values)
        if as_json:
            each = {
                name: {key: _plain(value) for key, (value, _) in own.items()} for name, own in values.items()
            }
            typer.echo(json.dumps({"figures": rows, "films": each, "failed": failed, "about": _ABOUT}))
        else:
            _print_table(rows, len(values))
            for name, reason in failed.items():
                typer.echo(f"not measured: {name}: {reason}")


def _pairs(films: Path, truth: Path) -> dict[str, tuple[Path, Path]]:
    """Name -> film and true film."""
    if films.is_file() and truth.is_file():
        return {films.stem: (films, truth)}
    for path in (films, truth):
        if not path.is_dir():
            raise ValueError(f"{path}: give two films, or two folders of films")
    made, true = dict(_films_below(films)), dict(_films_below(truth))
    pairs = {name: (path, true[name]) for name, path in made.items() if name in true}
    if not pairs:
        raise ValueError(
            f"{films}: none of its {len(made)} films has the name of one of {len(true)} in {truth}; name "
            "them alike up to the ending, below the same subfolders"
        )
    for name in sorted(set(made) - set(true)):
        typer.echo(f"warning: {made[name]}: no film of this name in {truth}; left out", err=True)
    return pairs


def _films_below(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _ENDINGS and path.is_file():
            yield path.relative_to(folder).with_suffix("").as_posix(), path


def _plain(value: float | None) -> float | None:
    """A number for JSON, which has no NaN."""
    return None if value is None or math.isnan(value) else float(value)


def _figures(values: dict[str, dict[str, Score]]) -> list[dict[str, Any]]:
    """A row for each measure that has a value, with its interval over speakers."""
    import pandas as pd

    from talkface.metrics.catalogue import all_metrics, further_tables
    from talkface.reporting.tables.bootstrap import estimate
    from talkface.reporting.tables.columns import MEASURES

    scores = pd.DataFrame(
        {
            "clip": name,
            "speaker": name.split("/")[0],
            "metric": metric,
            "value": _plain(value),
            "weight": float(weight),
        }
        for name, own in values.items()
        for metric, (value, weight) in own.items()
    ).astype({"value": float})
    rows = []
    further = further_tables(all_metrics()).values()
    for measure in (*MEASURES, *(own for group in further for own in group)):
        found = estimate(measure, [scores])
        if found.value is not None:
            rows.append(
                {
                    "measure": measure.key,
                    "header": measure.header,
                    "value": found.value,
                    "low": found.low,
                    "high": found.high,
                    "better": measure.better,
                    "digits": measure.digits,
                    "meaning": measure.meaning,
                }
            )
    return rows


def _print_table(rows: list[dict[str, Any]], films: int) -> None:
    from rich.console import Console
    from rich.table import Table

    from talkface.reporting.tables.columns import number

    table = Table(title=f"{films} film{'s' * (films > 1)} against the truth", title_justify="left")
    table.add_column("measure")
    table.add_column("value", justify="right")
    if any(row["low"] is not None for row in rows):
        table.add_column("95 % interval", justify="right")
    table.add_column("better")
    table.add_column("meaning", overflow="fold")
    for row in rows:
        cells = [row["header"], number(row["value"], row["digits"])]
        if len(table.columns) == 5:
            low, high = (number(row[end], row["digits"]) for end in ("low", "high"))
            cells.append(f"[{low}, {high}]" if row["low"] is not None else "")
        table.add_row(*cells, row["better"], row["meaning"])
    console = Console()
    console.print(table)
    console.print(_ABOUT, style="dim")
