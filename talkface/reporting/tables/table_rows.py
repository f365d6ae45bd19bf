"""The rows of a published table, measured: each value with its interval, clips, speakers and seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from talkface.artifacts.schemas import AU_NAMES
from talkface.config import TableRow
from talkface.evaluation.runs import is_control, is_external, is_other_sound, label, ordered
from talkface.metrics.declaration import Measure
from talkface.metrics.presence_scores import pooled_counts
from talkface.reporting.tables.aggregate import TEST_SUBSETS, ScoresError
from talkface.reporting.tables.bootstrap import MIN_SPEAKERS, Estimate, estimate
from talkface.reporting.tables.published import Published, Row


@dataclass(frozen=True)
class PrintedRow:
    """A row as the table has it: whose scores, under which name, beside which published row."""

    method: str
    name: str
    # "variant", "bound" (sees what a method may not), "control", "other_sound", "external", "classifier"
    kind: str
    published: Row | None = None

    @property
    def has_published(self) -> bool:
        """Whether the papers have figures for it: a row's, or the AU classifier's on real frames."""
        return self.published is not None or self.kind == "classifier"


@dataclass(frozen=True)
class MeasuredRow:
    """A printed row on one subset: estimates by measure, and what they rest on."""

    row: PrintedRow
    subset: str
    clips: int
    speakers: int
    seeds: int
    estimates: Mapping[str, Estimate]
    au_left_out: tuple[str, ...]  # without a positive in truth and prediction
    best: frozenset[str] = frozenset()  # measures in which it is clear of every other trained row


def printed_rows(
    rows: Sequence[TableRow],
    scored: Sequence[str],
    published: Published,
    *,
    protocol: str,
    bounds: Sequence[str],
) -> list[PrintedRow]:
    """The config's rows in their order, then the controls among the ``scored`` methods.

    The published figures are one-shot: beside another protocol stands only a row that the config names.
    Raises ``ScoresError`` for a row without scores, ``PublishedError`` for an unknown id.
    """
    printed = []
    for row in rows:
        if row.variant not in scored:
            raise ScoresError(f"variant '{row.variant}': no scores in the {protocol} protocol")
        beside = published.reproduced_by(row.variant) if protocol == "one_shot" else None
        if row.published is not None:
            beside = published.row(row.published)
        kind = "bound" if row.variant in bounds else "variant"
        printed.append(PrintedRow(row.variant, row.label or label(row.variant), kind, beside))
    return printed + [row for row in scored_rows(scored, bounds) if row.kind in ("control", "other_sound")]


def scored_rows(scored: Iterable[str], bounds: Sequence[str]) -> list[PrintedRow]:
    """A row for each of the ``scored`` methods, in the order of tables."""
    rows = []
    for method in ordered(scored):
        kind = "bound" if method in bounds else "variant"
        if is_control(method) or is_other_sound(method):
            kind = "control" if is_control(method) else "other_sound"
        if is_external(method):
            kind = "external"
        rows.append(PrintedRow(method, label(method), kind))
    return rows


def measure_rows(
    scores: pd.DataFrame, rows: Sequence[PrintedRow], measures: Sequence[Measure]
) -> list[MeasuredRow]:
    """Every row on every subset that was measured, subset by subset; the best values are marked.

    ``scores``: of one protocol, with ``method`` and ``seed`` (``aggregate.read_scores``).
    """
    groups = dict(iter(scores.groupby(["subset", "method"], sort=False)))
    measured = []
    for subset in TEST_SUBSETS:
        own = [
            _measure(row, subset, groups[subset, row.method], measures)
            for row in rows
            if (subset, row.method) in groups
        ]
        measured += mark_best(own, measures)
    return measured


def _measure(row: PrintedRow, subset: str, group: pd.DataFrame, measures: Sequence[Measure]) -> MeasuredRow:
    seeds = [own for _, own in group.groupby("seed")]
    counts = pooled_counts(group, AU_NAMES)
    return MeasuredRow(
        row,
        subset,
        clips=group["clip"].nunique(),
        speakers=group["speaker"].nunique(),
        seeds=len(seeds),
        estimates={measure.key: estimate(measure, seeds) for measure in measures},
        au_left_out=tuple(au for au, count in counts.items() if count.f1 is None and count.tn),
    )


def mark_best(rows: Sequence[MeasuredRow], measures: Sequence[Measure]) -> list[MeasuredRow]:
    """Mark a column's best trained row, but only if its interval is clear of every other trained row's.

    Controls, rows under another sound and bounds do not compete, nor do external rows with fewer clips than
    others. A competitor whose value has no interval leaves the column unmarked; one without a value does not
    compete.
    """
    most = max((row.clips for row in rows), default=0)
    best: dict[int, set[str]] = {number: set() for number in range(len(rows))}
    for measure in measures:
        competing = {
            number: row.estimates[measure.key]
            for number, row in enumerate(rows)
            if (row.row.kind == "variant" or (row.row.kind == "external" and row.clips == most))
            and row.estimates[measure.key].value is not None
        }
        if len(competing) > 1 and all(own.estimable for own in competing.values()):
            winner = min(competing, key=lambda number: _loss(measure, competing[number]))
            others = [own for number, own in competing.items() if number != winner]
            if all(_clear(competing[winner], other) for other in others):
                best[winner].add(measure.key)
    return [replace(row, best=frozenset(best[number])) for number, row in enumerate(rows)]


def _loss(measure: Measure, own: Estimate) -> float:
    assert own.value is not None
    if measure.better == "near one":
        return abs(own.value - 1)
    return own.value if measure.better == "low" else -own.value


def _clear(one: Estimate, other: Estimate) -> bool:
    assert one.low is not None and one.high is not None and other.low is not None and other.high is not None
    return one.low > other.high or one.high < other.low


def by_speaker(scores: pd.DataFrame, rows: Sequence[PrintedRow], measures: Sequence[Measure]) -> pd.DataFrame:
    """Each speaker's values where there are too few speakers for an interval: mean over seeds.

    Columns ``subset``, ``method``, ``name``, ``kind``, ``speaker``, ``clips``, ``seeds`` and the measures;
    empty where every subset has enough speakers.
    """
    found = []
    for subset in TEST_SUBSETS:
        of_subset = scores[scores["subset"] == subset]
        if of_subset["speaker"].nunique() >= MIN_SPEAKERS:
            continue
        groups = dict(iter(of_subset.groupby(["method", "speaker"], sort=False)))
        for row in rows:
            for speaker in sorted({str(name) for method, name in groups if method == row.method}):
                group = groups[row.method, speaker]
                seeds = [own for _, own in group.groupby("seed")]
                values = {
                    measure.key: pd.Series([measure.over_clips(own) for own in seeds], dtype=float).mean()
                    for measure in measures
                }
                own = {"subset": subset, "method": row.method, "name": row.name, "kind": row.kind}
                found.append(
                    own | {"speaker": speaker, "clips": group["clip"].nunique(), "seeds": len(seeds)} | values
                )
    return pd.DataFrame(found)
