"""The main results table: measured figures and, in columns of their own, the published ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from talkface.artifacts.schemas import AU_NAMES
from talkface.evaluation.runs import is_control, is_external, is_other_sound, is_variant, label
from talkface.reporting.tables.aggregate import TEST_SUBSETS
from talkface.reporting.tables.cards import row_key
from talkface.reporting.tables.columns import (
    BY_KEY,
    MEASURES,
    MISSING,
    PRINTED_KEYS,
    PUBLISHED_MEASURES,
    number,
    with_deviation,
)
from talkface.reporting.tables.marks import Marked, legend, row_marks, said_columns
from talkface.reporting.tables.published import NOT_PUBLIC, CorpusName, Published, Row
from talkface.reporting.tables.views import Block, Column, Group, Mark, TableView

PROTOCOLS = {
    "one_shot": "one-shot protocol (first face and sound only)",
    "inpaint": "inpaint protocol (also the upper half of every true frame)",
}


def main_view(
    summary: pd.DataFrame,
    marked: Marked,
    published: Published,
    corpora: Sequence[CorpusName],
    title: str,
    measured: str,
) -> TableView:
    """Blocks of measured rows per subset, then the published rows that no variant here re-runs.

    ``marked``: intervals and best values. ``measured`` heads our columns: corpus, labeller and split.
    Published values stand in the unseen speakers' block, as in the papers.
    """
    headers = ["Method", *(measure.header for measure in MEASURES)]
    groups = [Group("", 1), Group(measured, len(MEASURES))]
    columns = [Column(), *said_columns(MEASURES)]
    for corpus in corpora:
        headers += [f"{header} (publ.)" for _, header, _ in PUBLISHED_MEASURES]
        groups.append(Group(published.conditions.header(corpus), len(PUBLISHED_MEASURES), published=True))
        columns += [Column(BY_KEY[key].better, "as the paper printed it") for key in PRINTED_KEYS]
    none_printed = (Mark(),) * (len(corpora) * len(PUBLISHED_MEASURES))
    blocks = []
    for (protocol, subset), rows in summary.groupby(["protocol", "subset"], sort=False):
        records = rows.to_dict("records")
        cells = tuple(_measured_row(row, published, corpora) for row in records)
        marks = tuple((Mark(), *row_marks(marked, row, MEASURES), *none_printed) for row in records)
        title_of_block = block_title(str(protocol), str(subset), rows)
        blocks.append(Block(title_of_block, cells, marks, tuple(map(row_key, records))))
    here = set(summary["method"])
    others = [row for row in published.rows if row.group == "main" and not here & set(row.reproduced_by)]
    cells = tuple(_published_row(row, published, corpora) for row in others)
    blocks.append(Block("Published, not run here", cells))
    return TableView(
        "main_results",
        title,
        tuple(groups),
        tuple(headers),
        tuple(blocks),
        _footnotes(summary),
        tuple(columns),
        legend(marked),
    )


def block_title(protocol: str, subset: str, rows: pd.DataFrame) -> str:
    """Subset, protocol, and how many clips and speakers the rows rest on."""
    clips, speakers = int(rows["clips"].max()), int(rows["speakers"].max())
    return (
        f"{TEST_SUBSETS[subset]}; {PROTOCOLS.get(protocol, protocol)}; "
        f"{counted(clips, 'clip')}, {counted(speakers, 'speaker')}"
    )


def counted(count: int, thing: str) -> str:
    """A number with its noun."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _measured_row(
    row: Mapping[Any, Any], published: Published, corpora: Sequence[CorpusName]
) -> tuple[str, ...]:
    cells = [label(str(row["method"]))]
    for measure in MEASURES:
        cell = with_deviation(_real(row[measure.key]), _real(row[f"{measure.key}_sd"]), measure.digits)
        if measure.how == "au_f1" and row["au_left_out"] and cell != MISSING:
            left_out = str(row["au_left_out"]).count(";") + 1
            cell += f" ({len(AU_NAMES) - left_out} of {len(AU_NAMES)})"
        cells.append(cell)
    reproduced = published.reproduced_by(str(row["method"])) if row["subset"] == "unseen_test" else None
    for corpus in corpora:
        cells += _published_cells(reproduced, corpus) if reproduced else [""] * len(PUBLISHED_MEASURES)
    return tuple(cells)


def _published_row(row: Row, published: Published, corpora: Sequence[CorpusName]) -> tuple[str, ...]:
    cells = [f"{row.name} [{published.source(row)}]", *[""] * len(MEASURES)]
    for corpus in corpora:
        cells += _published_cells(row, corpus)
    return tuple(cells)


def _published_cells(row: Row, corpus: CorpusName) -> list[str]:
    values = row.values.get(corpus)
    if values is None:
        return [MISSING] * len(PUBLISHED_MEASURES)
    cells = []
    for field, _, digits in PUBLISHED_MEASURES:
        value = getattr(values, field)
        cells.append(NOT_PUBLIC if value is None else number(value, digits))
    return cells


def _real(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _footnotes(summary: pd.DataFrame) -> tuple[str, ...]:
    notes = []
    still = summary[summary["lip_correlation_words_undefined"] > 0]
    if not still.empty:
        said = [
            f"{label(str(row['method']))} ({row['lip_correlation_words_undefined']} scores)"
            for row in _once(still)
        ]
        notes.append(
            f"Lip correlations that are not defined, since the true mouth does not move: {'; '.join(said)}; "
            f"a row without any defined value shows {MISSING}."
        )
    for (subset, left_out), rows in summary.groupby(["subset", "au_left_out"], sort=False):
        if left_out:
            methods = "; ".join(label(str(method)) for method in rows["method"])
            if len(rows) == sum(summary["subset"] == subset):
                methods = "all rows"
            notes.append(
                f"{TEST_SUBSETS[str(subset)]}, {methods}: {str(left_out).replace(';', ', ')} without a "
                "positive in truth and prediction, left out of the mean F1."
            )
    for (_, subset), rows in summary.groupby(["protocol", "subset"], sort=False):
        for row in rows.to_dict("records"):
            if row["clips"] < rows["clips"].max():
                notes.append(
                    f"{label(str(row['method']))}, {TEST_SUBSETS[str(subset)].lower()}: only "
                    f"{counted(int(row['clips']), 'clip')} of {int(rows['clips'].max())}."
                )
    return tuple(notes)


def _once(rows: pd.DataFrame) -> list[dict[Any, Any]]:
    sums = rows.groupby("method", sort=False)["lip_correlation_words_undefined"].sum().reset_index()
    return [dict(row) for row in sums.to_dict("records")]


def main_csv(
    summary: pd.DataFrame,
    published: Published,
    corpora: Sequence[CorpusName],
    context: dict[str, object],
) -> pd.DataFrame:
    """The tidy-wide csv: one row per method and subset, then one per published row not run here.

    ``context`` are columns that are equal in all rows: experiment, corpus, demo, split, labeller.
    """
    rows = []
    for measured in summary.to_dict("records"):
        method = str(measured["method"])
        row: dict[str, object] = {
            **context,
            "protocol": measured["protocol"],
            "subset": measured["subset"],
            "method": method,
            "kind": kind_of(method),
            **{name: measured[name] for name in ("clips", "speakers", "seeds")},
        }
        for measure in MEASURES:
            row[measure.key] = measured[measure.key]
            row[f"{measure.key}_sd"] = measured[f"{measure.key}_sd"]
        row["au_left_out_of_f1"] = measured["au_left_out"]
        reproduced = published.reproduced_by(method) if measured["subset"] == "unseen_test" else None
        rows.append({**row, **_published_columns(reproduced, published, corpora)})
    here = set(summary["method"])
    for other in published.rows:
        if not here & set(other.reproduced_by):
            row = {**context, "protocol": "one_shot", "subset": "unseen_test"}
            row |= {"method": other.id, "kind": "published"}
            row |= {
                "labeller": "",
                "split": "",
            }  # those are ours; the papers' own stand in the published columns
            rows.append({**row, **_published_columns(other, published, corpora)})
    table = pd.DataFrame(rows)
    for name in ("clips", "speakers", "seeds"):
        table[name] = table[name].astype("Int64")
    if summary["seeds"].max() <= 1:
        table = table.drop(columns=[f"{measure.key}_sd" for measure in MEASURES])
    return table


def kind_of(method: str) -> str:
    """Whether a row is a control, another system, a variant, or a variant under another clip's sound."""
    if is_control(method):
        return "control"
    if is_external(method):
        return "external"
    assert is_other_sound(method) != is_variant(method)
    return "other_sound" if is_other_sound(method) else "variant"


def _published_columns(
    row: Row | None, published: Published, corpora: Sequence[CorpusName]
) -> dict[str, object]:
    columns: dict[str, object] = {}
    for corpus in corpora:
        prefix = f"published_{corpus.lower().replace('-', '_')}"
        values = row.values.get(corpus) if row else None
        for field, _, _ in PUBLISHED_MEASURES:
            value = getattr(values, field) if values else None
            columns[f"{prefix}_{field}"] = NOT_PUBLIC if values and value is None else value
        columns[f"{prefix}_split"] = published.conditions.corpora[corpus].split if values else None
    columns["published_labeller"] = published.conditions.labeller if row else None
    columns["published_source"] = published.source(row) if row else None
    return columns
