"""A published table as tidy rows: every number that the shown table rounds, and the ends of its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from talkface.metrics.declaration import Measure
from talkface.reporting.tables.bootstrap import LEVEL, NOT_ESTIMABLE
from talkface.reporting.tables.published_columns import PrintedColumns
from talkface.reporting.tables.table_rows import MeasuredRow

ALL_SPEAKERS = "all"
"""In the column ``speaker``: a row over all speakers of its subset."""


def table_csv(
    measured: Sequence[MeasuredRow],
    speakers: pd.DataFrame,
    measures: Sequence[Measure],
    printed: PrintedColumns,
    context: Mapping[str, object],
) -> pd.DataFrame:
    """One row per subset and printed row (``speaker`` "all"), then the values per speaker where given.

    Beside each measure its interval's ends ``_low`` and ``_high`` (empty: not estimable), ``_best`` and, with
    several seeds, ``_sd`` over them. ``context``: columns that are equal in all rows.
    """
    rows = []
    for position, own in enumerate(measured):
        row = _csv_row(own, measures) | _csv_published(own, printed)
        rows.append({**context, "row": position, **row})
    for values in speakers.to_dict("records"):
        rows.append({**context, **{str(name): value for name, value in values.items()}})
    table = pd.DataFrame(rows)
    for name in ("row", "clips", "speakers", "seeds"):
        table[name] = table[name].astype("Int64")
    if max((own.seeds for own in measured), default=1) <= 1:
        table = table.drop(columns=[f"{measure.key}_sd" for measure in measures])
    return table


def _csv_row(own: MeasuredRow, measures: Sequence[Measure]) -> dict[str, object]:
    intervals = any(value.estimable for value in own.estimates.values())
    row: dict[str, object] = {
        "subset": own.subset,
        "method": own.row.method,
        "name": own.row.name,
        "kind": own.row.kind,
        "speaker": ALL_SPEAKERS,
        "clips": own.clips,
        "speakers": own.speakers,
        "seeds": own.seeds,
        "interval": f"{100 * LEVEL:.0f} %" if intervals else NOT_ESTIMABLE,
    }
    for measure in measures:
        value = own.estimates[measure.key]
        row |= {
            measure.key: value.value,
            f"{measure.key}_low": value.low,
            f"{measure.key}_high": value.high,
            f"{measure.key}_sd": value.deviation,
            f"{measure.key}_best": measure.key in own.best,
        }
    return row | {"au_left_out_of_f1": ";".join(own.au_left_out)}


def _csv_published(own: MeasuredRow, printed: PrintedColumns) -> dict[str, object]:
    """Published columns; empty but in the unseen speakers' rows, as in the table."""
    columns: dict[str, object] = {}
    shown = printed.beside(own)
    for corpus in printed.corpora:
        prefix = f"published_{corpus.lower().replace('-', '_')}"
        values = printed.values(own.row, corpus) if shown else [None] * len(printed.columns)
        for (key, _, _), value in zip(printed.columns, values, strict=True):
            columns[f"{prefix}_{key}"] = value
        columns[f"{prefix}_split"] = printed.published.conditions.corpora[corpus].split if shown else None
    columns["published_labeller"] = printed.published.conditions.labeller if shown else None
    columns["published_source"] = printed.source(own.row) if shown else None
    return columns
