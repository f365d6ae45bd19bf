"""The published columns beside a table's rows: headers, and where a row's printed values are found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from talkface.reporting.tables.columns import PUBLISHED_MEASURES
from talkface.reporting.tables.published import NOT_PUBLIC, UNITS, CorpusName, Published, Row
from talkface.reporting.tables.table_rows import MeasuredRow, PrintedRow

_UNIT_KINDS = (("f1", "F1", 3), ("accuracy", "acc. %", 2))
Printed = float | str | None
"""A number, "n/a (see doi)" where the paper is not readable, or ``None`` where it printed none."""


@dataclass(frozen=True)
class PrintedColumns:
    """Published columns of a table: the four results, or F1 and accuracy of each AU."""

    published: Published
    corpora: Sequence[CorpusName]
    units: bool

    @property
    def columns(self) -> list[tuple[str, str, int]]:
        """Key, header and digits of each column of one corpus."""
        if not self.units:
            return [*PUBLISHED_MEASURES]
        return [
            (f"{unit.lower()}_{kind}", f"{'Mean' if unit == 'mean' else unit} {header}", digits)
            for unit in UNITS
            for kind, header, digits in _UNIT_KINDS
        ]

    def beside(self, row: MeasuredRow) -> bool:
        """Whether printed values stand beside a measured row: as in the papers, on unseen speakers only."""
        return row.subset == "unseen_test" and row.row.has_published

    def values(self, row: PrintedRow, corpus: CorpusName) -> list[Printed]:
        """The printed values of a row that has published ones, a value a column."""
        assert row.has_published, row.name
        if self.units:
            return self._units(row.published, corpus)
        own = row.published.values.get(corpus) if row.published else None
        if own is None:
            return [None] * len(self.columns)
        values = [getattr(own, key) for key, _, _ in self.columns]
        return [NOT_PUBLIC if value is None else value for value in values]

    def _units(self, row: Row | None, corpus: CorpusName) -> list[Printed]:
        figures = self.published.units_of(row.id if row else None, corpus)
        if figures is not None:
            return [value for unit in UNITS for value in (figures.f1[unit], figures.accuracy[unit])]
        # A row whose results are not readable has no readable figures per AU either.
        values = row.values.get(corpus) if row else None
        hidden = values is not None and all(value is None for value in values.model_dump().values())
        return [NOT_PUBLIC if hidden else None] * len(self.columns)

    def source(self, row: PrintedRow) -> str:
        """Name and source of the published row beside a row; empty where there is none."""
        if row.published is not None:
            return f"{row.published.name} [{self.published.source(row.published)}]"
        found = [own for own in self.published.per_au if own.row is None and row.has_published]
        return "; ".join(f"{own.name} [{self.published.source(own)}]" for own in found)
