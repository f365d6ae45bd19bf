"""Does each metric order the control rows as it declares? Pairs of rows, compared clip by clip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

import pandas as pd

from talkface.evaluation.runs import label, ordered
from talkface.metrics.declaration import Measure, Order
from talkface.reporting.tables.bootstrap import estimate
from talkface.reporting.tables.columns import MISSING, number
from talkface.reporting.tables.views import Block, TableView

State = Literal["holds", "unclear", "contradicted", "no value"]
_SIGNS: Mapping[State, str] = {
    "holds": "yes",
    "unclear": "unclear",
    "contradicted": "NO",
    "no value": MISSING,
}
_DIGITS = 6


class OrdersError(ValueError):
    """Metrics that contradict the orders that they declare; the message names each with its figure."""


@dataclass(frozen=True)
class Verdict:
    """One measure on one pair of rows."""

    measure: str
    header: str
    better: str
    worse: str
    state: State
    """"holds": the median over clips is on the right side, and so is its interval, where there is one;
    "unclear": the interval reaches to the other side; "contradicted": the median is not on the right side;
    "no value": no clip has a value in both rows."""
    clips: int
    difference: float | None
    """How much better the first row is, median over clips, in the column's unit."""
    low: float | None
    high: float | None
    """Ends of its 95 % interval over speakers; ``None`` below five speakers."""

    @property
    def sentence(self) -> str:
        """Which order does not hold, and by how much."""
        pair = f"{label(self.better)} better than {label(self.worse)}"
        return f"{self.header}: {pair} (median difference {self.difference:.3g} over {self.clips} clips)"


def verdicts(scores: pd.DataFrame, measures: Iterable[Measure], rows: Sequence[str]) -> list[Verdict]:
    """Hold measures to the orders among the ``rows`` that were made.

    ``scores``: SCORES rows with a column ``method``, of one seed and protocol; test subsets together.
    """
    found = []
    for measure in measures:
        orders = [order for order in measure.orders if set(order) <= set(rows)]
        of_row = {row: per_clip(measure, scores[scores["method"] == row]) for row in {*sum(orders, ())}}
        found += [_verdict(measure, order, of_row) for order in orders]
    return found


def per_clip(measure: Measure, scores: pd.DataFrame) -> pd.Series[float]:
    """The column's value of each clip, by clip; clips without a value are left out."""
    rows = measure.rows(scores)
    if measure.aus:
        values = {clip: measure.over_clips(own) for clip, own in rows.groupby("clip")}
        return pd.Series({clip: value for clip, value in values.items() if value is not None}, dtype=float)
    return measure.scale * rows.set_index("clip")["value"].astype(float)


def _verdict(measure: Measure, order: Order, of_row: Mapping[str, pd.Series[float]]) -> Verdict:
    better, worse = (of_row[row].map(measure.goodness) for row in order)
    both = better.index.intersection(worse.index)
    gained = (better.loc[both] - worse.loc[both]).round(_DIGITS)
    whole = {"measure": measure.key, "header": measure.header, "better": order[0], "worse": order[1]}
    if gained.empty:
        return Verdict(**whole, state="no value", clips=0, difference=None, low=None, high=None)
    rows = pd.DataFrame(
        {
            "metric": "difference",
            "value": gained.to_numpy(),
            "weight": 1.0,
            "speaker": [str(clip).rpartition("/")[0] for clip in gained.index],
        }
    )
    median = estimate(replace(measure, metric="difference", how="median", scale=1.0), [rows])
    assert median.value is not None
    state: State = "holds" if median.value > 0 else "contradicted"
    if state == "holds" and median.low is not None and median.low <= 0:
        state = "unclear"
    return Verdict(
        **whole, state=state, clips=len(gained), difference=median.value, low=median.low, high=median.high
    )


def contradicted(found: Iterable[Verdict]) -> list[str]:
    """A sentence for each order that does not hold."""
    return [verdict.sentence for verdict in found if verdict.state == "contradicted"]


def verdict_rows(found: Sequence[Verdict]) -> pd.DataFrame:
    """The verdicts, a row each."""
    return pd.DataFrame([asdict(verdict) for verdict in found])


def matrix_view(found: Sequence[Verdict], measures: Iterable[Measure], title: str) -> TableView:
    """Measures down, orders across: whether each holds, and how much better the first row is."""
    orders = list(dict.fromkeys((verdict.better, verdict.worse) for verdict in found))
    rank = {row: place for place, row in enumerate(ordered({row for order in orders for row in order}))}
    orders.sort(key=lambda order: (rank[order[0]], rank[order[1]]))
    by_place = {(verdict.measure, verdict.better, verdict.worse): verdict for verdict in found}
    rows = []
    for measure in measures:
        cells = [_cell(by_place.get((measure.key, *order)), measure.digits) for order in orders]
        if any(cells):
            rows.append((measure.header, *cells))
    headers = ("Measure", *(f"{_short(better)} > {_short(worse)}" for better, worse in orders))
    notes = [
        "yes: the first row is better in the median over clips, and, with five speakers or more, its 95 % "
        "interval too; unclear: the interval reaches to the other side; NO: the median contradicts the "
        "order. In brackets the median difference, in the column's unit; of columns that should be near one, "
        "in the distance from one. Empty: not declared."
    ]
    return TableView("orders", title, (), headers, (Block("", tuple(rows)),), tuple(notes))


def _cell(verdict: Verdict | None, digits: int) -> str:
    if verdict is None:
        return ""
    sign = _SIGNS[verdict.state]
    return sign if verdict.difference is None else f"{sign} ({number(verdict.difference, digits)})"


def _short(row: str) -> str:
    return "truth" if row == "ground_truth" else row.replace("_", " ")


def rows_view(
    scores: pd.DataFrame, measures: Iterable[Measure], rows: Sequence[str], title: str
) -> TableView:
    """Measures down, control rows across: the values that the orders rest on."""
    shown = ordered(rows)
    of_row = {row: scores[scores["method"] == row] for row in shown}
    cells = [
        (own.header, *(number(own.over_clips(of_row[row]), own.digits) for row in shown)) for own in measures
    ]
    notes = [f"{_short(row)}: {label(row)}." for row in shown]
    headers = ("Measure", *map(_short, shown))
    return TableView("control_rows", title, (), headers, (Block("", tuple(cells)),), tuple(notes))


def blind_view(measures: Iterable[Measure], title: str) -> TableView:
    """What each measure is: unit, range, region, source, and what it does not see."""
    cells = [
        (own.header, own.unit, _range(own), own.region, own.better or "neither", own.source, own.blind)
        for own in measures
    ]
    headers = ("Measure", "Unit", "Range", "Region", "Better", "Source", "Blind to")
    return TableView("declarations", title, (), headers, (Block("", tuple(cells)),))


def _range(measure: Measure) -> str:
    low, high = ("" if end is None else f"{end:g}" for end in measure.range)
    return f"{low or 'no bound'} to {high or 'no bound'}"
