"""A published table as this project fills it: rows and columns, intervals, and the printed numbers beside."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from talkface.artifacts.schemas import AU_NAMES
from talkface.metrics.declaration import Measure
from talkface.reporting.tables.aggregate import TEST_SUBSETS
from talkface.reporting.tables.bootstrap import LEVEL, MIN_SPEAKERS, NOT_ESTIMABLE, RESAMPLES, Estimate
from talkface.reporting.tables.cards import row_key
from talkface.reporting.tables.columns import MISSING, number
from talkface.reporting.tables.main_table import PROTOCOLS, counted
from talkface.reporting.tables.marks import said_columns
from talkface.reporting.tables.published import CorpusName
from talkface.reporting.tables.published_columns import PrintedColumns
from talkface.reporting.tables.table_rows import MeasuredRow
from talkface.reporting.tables.views import Block, Column, Group, TableView

BEST = " *"
_COUNTS = ("Clips", "Speakers", "Seeds")


_BRACKETS = (
    f"Brackets: {100 * LEVEL:.0f} % bootstrap intervals clustered by speaker ({RESAMPLES} resamples of the "
    "test speakers with all their clips; expanded percentiles, since speakers are few). They tell of other "
    "speakers, not of other trainings."
)
_MARKS = (
    f"{BEST.strip()} best trained row of its column, its interval clear of every other trained row's. Where "
    "intervals overlap nothing is marked: the order of such rows is not established."
)


def table_view(
    key: str,
    title: str,
    measured: Sequence[MeasuredRow],
    measures: Sequence[Measure],
    printed: PrintedColumns,
    *,
    heading: str,
    protocol: str,
) -> TableView:
    """One block per subset with the table's rows, then its controls; published values beside unseen speakers.

    ``heading`` heads our columns: corpus, labeller and split.
    """
    headers = ["Method", *(measure.header for measure in measures), *_COUNTS]
    groups = [Group("", 1), Group(heading, len(headers) - 1)]
    columns = [Column(), *said_columns(measures), *[Column()] * len(_COUNTS)]
    for corpus in printed.corpora:
        columns += [Column("high", "as the paper printed it")] * len(printed.columns)
        headers += [f"{header} (publ.)" for _, header, _ in printed.columns]
        groups.append(
            Group(printed.published.conditions.header(corpus), len(printed.columns), published=True)
        )
    blocks = []
    for subset in TEST_SUBSETS:
        rows = [row for row in measured if row.subset == subset]
        if rows:
            cells = tuple(_cells(row, measures, printed, _has_intervals(rows)) for row in rows)
            own = tuple(
                row_key({"protocol": protocol, "subset": subset, "method": row.row.method}) for row in rows
            )
            blocks.append(Block(_block_title(subset, protocol, rows), cells, (), own))
    notes = _footnotes(measured, measures, printed)
    return TableView(key, title, tuple(groups), tuple(headers), tuple(blocks), tuple(notes), tuple(columns))


def _has_intervals(rows: Sequence[MeasuredRow]) -> bool:
    return max(row.speakers for row in rows) >= MIN_SPEAKERS


def _block_title(subset: str, protocol: str, rows: Sequence[MeasuredRow]) -> str:
    title = f"{TEST_SUBSETS[subset]}; {PROTOCOLS.get(protocol, protocol)}"
    if _has_intervals(rows):
        return f"{title}; in brackets {100 * LEVEL:.0f} % intervals"
    speakers = counted(max(row.speakers for row in rows), "speaker")
    return (
        f"{title}; {100 * LEVEL:.0f} % intervals {NOT_ESTIMABLE}: {speakers}, fewer than {MIN_SPEAKERS} "
        "(values per speaker below)"
    )


def _cells(
    row: MeasuredRow, measures: Sequence[Measure], printed: PrintedColumns, intervals: bool
) -> tuple[str, ...]:
    cells = [row.row.name]
    for measure in measures:
        cell = _with_interval(row.estimates[measure.key], measure, intervals)
        if len(measure.aus) > 1 and measure.how == "au_f1" and row.au_left_out and cell != MISSING:
            cell += f" ({len(AU_NAMES) - len(row.au_left_out)} of {len(AU_NAMES)})"
        cells.append(cell + BEST if measure.key in row.best else cell)
    cells += [str(row.clips), str(row.speakers), str(row.seeds)]
    for corpus in printed.corpora:
        cells += _printed_cells(row, printed, corpus)
    return tuple(cells)


def _with_interval(own: Estimate, measure: Measure, intervals: bool) -> str:
    text = number(own.value, measure.digits)
    if own.low is not None:
        return f"{text} [{number(own.low, measure.digits)}, {number(own.high, measure.digits)}]"
    return f"{text} [{NOT_ESTIMABLE}]" if intervals and text != MISSING else text


def _printed_cells(row: MeasuredRow, printed: PrintedColumns, corpus: CorpusName) -> list[str]:
    if not printed.beside(row):
        return [""] * len(printed.columns)
    values = printed.values(row.row, corpus)
    return [
        value if isinstance(value, str) else number(value, digits)
        for value, (_, _, digits) in zip(values, printed.columns, strict=True)
    ]


def _footnotes(
    measured: Sequence[MeasuredRow], measures: Sequence[Measure], printed: PrintedColumns
) -> list[str]:
    notes = []
    if any(own.estimable for row in measured for own in row.estimates.values()):
        notes += [_BRACKETS, _MARKS]
    bounds = [row.row.name for row in measured if row.row.kind == "bound"]
    if bounds:
        named = "; ".join(dict.fromkeys(bounds))
        notes.append(f"A bound, not a method, since it sees the truth; not ranked: {named}.")
    notes += _left_out(measured, measures)
    notes += _fewer_clips(measured)
    sources = {row.row.name: printed.source(row.row) for row in measured if printed.beside(row)}
    if sources:
        said = "; ".join(f"{name}: {source}" for name, source in sources.items())
        notes.append(f"Published columns: {said}.")
    return notes


def _left_out(measured: Sequence[MeasuredRow], measures: Sequence[Measure]) -> list[str]:
    """Which AUs no F1 speaks of, rows together that leave out the same."""
    if not any(measure.how == "au_f1" for measure in measures):
        return []
    named: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for row in measured:
        if row.au_left_out:
            named.setdefault((row.subset, row.au_left_out), []).append(row.row.name)
    return [
        f"{TEST_SUBSETS[subset]}, {'; '.join(rows)}: {', '.join(left_out)} without a positive in truth and "
        "prediction, left out of the mean F1."
        for (subset, left_out), rows in named.items()
    ]


def _fewer_clips(measured: Sequence[MeasuredRow]) -> list[str]:
    notes = []
    for subset in TEST_SUBSETS:
        rows = [row for row in measured if row.subset == subset]
        most = max((row.clips for row in rows), default=0)
        notes += [
            f"{row.row.name}, {TEST_SUBSETS[subset].lower()}: only {counted(row.clips, 'clip')} of {most}."
            for row in rows
            if row.clips < most
        ]
    return notes


def speakers_view(values: pd.DataFrame, measures: Sequence[Measure], stamp: str) -> TableView | None:
    """The values per speaker in place of intervals (``table_rows.by_speaker``); ``None`` without any."""
    if values.empty:
        return None
    blocks = []
    for subset, rows in values.groupby("subset", sort=False):
        cells = [
            (
                str(row["name"]),
                str(row["speaker"]),
                str(row["clips"]),
                *(number(row[measure.key], measure.digits) for measure in measures),
            )
            for row in rows.to_dict("records")
        ]
        blocks.append(Block(TEST_SUBSETS[str(subset)], tuple(cells)))
    headers = ("Method", "Speaker", "Clips", *(measure.header for measure in measures))
    note = f"Intervals are {NOT_ESTIMABLE} below {MIN_SPEAKERS} test speakers; these are the values they had."
    columns = (*[Column()] * 3, *said_columns(measures))
    return TableView("by_speaker", f"Values per speaker{stamp}", (), headers, tuple(blocks), (note,), columns)
