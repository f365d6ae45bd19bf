"""The tables beside the main one: lips per speaker, AUs one by one, and those that metrics declare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from talkface.artifacts.schemas import AU_NAMES
from talkface.evaluation.runs import label, ordered
from talkface.metrics.declaration import Measure
from talkface.reporting.tables.aggregate import TEST_SUBSETS
from talkface.reporting.tables.cards import row_key
from talkface.reporting.tables.columns import (
    BY_KEY,
    MISSING,
    UNIT_MEASURES,
    Further,
    number,
    with_deviation,
)
from talkface.reporting.tables.main_table import PROTOCOLS, block_title, counted, kind_of
from talkface.reporting.tables.marks import Marked, legend, row_marks, said_columns
from talkface.reporting.tables.published import CorpusName, Published
from talkface.reporting.tables.views import Block, Column, Group, Mark, TableView

ONE_CLIP = "\N{DAGGER}"
PROXY = "proxy"


def lips_view(lips: pd.DataFrame, stamp: str, without_words: int) -> TableView:
    """Speakers down, methods across: lip correlation within the words; rows on one clip are marked.

    ``without_words``: how many of the clips have no transcript.
    """
    defined = lips[lips["lip_correlation_words"].notna()]
    methods = ordered(defined["method"])
    blocks = []
    for (protocol, subset), rows in lips.groupby(["protocol", "subset"], sort=False):
        cells = []
        for speaker, own in rows.groupby("speaker", sort=True):
            clips = int(own["clips"].max())
            values = dict(zip(own["method"], own["lip_correlation_words"], strict=True))
            name = f"{speaker} {ONE_CLIP}" if clips == 1 else str(speaker)
            cells.append((name, str(clips), *(number(values.get(method), 2) for method in methods)))
        title = f"{TEST_SUBSETS[str(subset)]}; {PROTOCOLS.get(str(protocol), str(protocol))}"
        blocks.append(Block(title, tuple(cells)))
    notes = [
        "Pearson correlation of the inner-lip opening with the truth's within the spoken words, median over "
        "the speaker's clips. A mouth that does not move counts 0."
    ]
    if without_words:
        notes.append(f"Over the whole clip in {counted(without_words, 'clip')} without a transcript.")
    if any(row[0].endswith(ONE_CLIP) for block in blocks for row in block.rows):
        notes.append(f"{ONE_CLIP} rests on a single clip.")
    return TableView(
        "lip_by_speaker",
        f"Lip correlation by speaker{stamp}",
        (),
        ("Speaker", "Clips", *(label(method) for method in methods)),
        tuple(blocks),
        tuple(notes),
        (Column(), Column(), *said_columns([BY_KEY["lip_correlation_words"]] * len(methods))),
    )


def aus_view(units: pd.DataFrame, labeller: str, stamp: str) -> TableView:
    """Methods down, AUs across: F1 and accuracy of presence against the same labeller on the true frames."""
    headers = ["Method"]
    proxies = set(units.loc[units["proxy"], "au"]) if not units.empty else set()
    for au in AU_NAMES:
        name = f"{au} ({PROXY})" if au in proxies else au
        headers += [f"{name} F1", f"{name} acc. %"]
    blocks = []
    for (protocol, subset), rows in _groups(units):
        cells, own_cards = [], []
        for method, own in rows.groupby("method", sort=False):
            own_cards.append(row_key({"protocol": protocol, "subset": subset, "method": method}))
            by_au = {str(row["au"]): row for row in own.to_dict("records")}
            cell = [label(str(method))]
            for au in AU_NAMES:
                cell.append(number(by_au[au]["f1"], 3) if au in by_au else MISSING)
                cell.append(number(by_au[au]["accuracy_percent"], 1) if au in by_au else MISSING)
            cells.append(tuple(cell))
        first = rows.drop_duplicates("au").set_index("au")["truth_positive_percent"]
        shares = ", ".join(f"{au} {number(first[au], 0)} %" for au in AU_NAMES if au in first.index)
        title = f"{TEST_SUBSETS[str(subset)]}; {PROTOCOLS.get(str(protocol), str(protocol))}"
        title += f"; present in the truth: {shares}"
        blocks.append(Block(title, tuple(cells), (), tuple(own_cards)))
    notes = [
        f"Labels by {labeller}, on generated and on true frames alike; pooled over all frames of "
        f"all clips, and averaged over seeds. "
        f"{MISSING}: no positive in truth and prediction, so no F1."
    ]
    if proxies:
        notes.append(
            f"{PROXY}: the label follows a geometric quantity that is not specific to this muscle "
            f"({', '.join(au for au in AU_NAMES if au in proxies)})."
        )
    title = f"Action units one by one{stamp}"
    columns = (Column(), *said_columns(UNIT_MEASURES[: 2 * len(AU_NAMES)]))
    return TableView("au_by_unit", title, (), tuple(headers), tuple(blocks), tuple(notes), columns)


def _groups(units: pd.DataFrame) -> list[tuple[Any, pd.DataFrame]]:
    return [] if units.empty else list(units.groupby(["protocol", "subset"], sort=False))


def published_aus_view(published: Published, corpora: tuple[CorpusName, ...]) -> TableView | None:
    """The papers' per-AU figures, in a table of their own; ``None`` where they have none for the corpus."""
    rows = [row for row in published.per_au if row.corpus in corpora]
    if not rows:
        return None
    headers = ["Published row"]
    for au in AU_NAMES:
        headers += [f"{au} F1", f"{au} acc. %"]
    cells = []
    for row in rows:
        values = [text for au in AU_NAMES for text in (number(row.f1[au], 3), number(row.accuracy[au], 2))]
        cells.append((f"{row.name} [{published.source(row)}]", *values))
    header = " / ".join(published.conditions.header(corpus) for corpus in corpora)
    return TableView(
        "published_aus",
        "Action units one by one, as published",
        (Group("", 1), Group(header, len(headers) - 1, published=True)),
        tuple(headers),
        (Block("", tuple(cells)),),
        (f"Labelled by {published.conditions.labeller}: not comparable digit by digit with ours.",),
    )


def further_views(summary: pd.DataFrame, further: Further, marked: Marked, stamp: str) -> list[TableView]:
    """A table for each title that metrics declare: methods down, their measures across."""
    return [_further_view(title, measures, summary, marked, stamp) for title, measures in further.items()]


def _further_view(
    title: str, measures: Sequence[Measure], summary: pd.DataFrame, marked: Marked, stamp: str
) -> TableView:
    blocks = []
    for (protocol, subset), rows in summary.groupby(["protocol", "subset"], sort=False):
        records = rows.to_dict("records")
        cells = tuple((label(str(row["method"])), *_cells(row, measures)) for row in records)
        marks = tuple((Mark(), *row_marks(marked, row, measures)) for row in records)
        own_cards = tuple(map(row_key, records))
        blocks.append(Block(block_title(str(protocol), str(subset), rows), cells, marks, own_cards))
    notes = [f"{measure.header}: {measure.meaning}." for measure in measures]
    notes.append(f"{MISSING}: not defined in any clip.")
    headers = ("Method", *(measure.header for measure in measures))
    key = title.lower().replace(" ", "_")
    columns = (Column(), *said_columns(measures))
    return TableView(
        key, f"{title}{stamp}", (), headers, tuple(blocks), tuple(notes), columns, legend(marked)
    )


def _cells(row: Mapping[Any, Any], measures: Sequence[Measure]) -> list[str]:
    return [
        with_deviation(row[measure.key], row[f"{measure.key}_sd"], measure.digits) for measure in measures
    ]


def further_table(summary: pd.DataFrame, further: Further, context: dict[str, object]) -> pd.DataFrame:
    """The same as one csv: a row per protocol, subset and method; ``context``: columns equal in all rows."""
    ends = ("", "_sd") if summary["seeds"].max() > 1 else ("",)
    values = [f"{own.key}{end}" for measures in further.values() for own in measures for end in ends]
    named = summary[["protocol", "subset", "method"]].assign(kind=summary["method"].map(kind_of))
    rows = pd.DataFrame([context] * len(summary)).join(named)
    return rows.join(summary[["clips", "speakers", "seeds", *values]])
