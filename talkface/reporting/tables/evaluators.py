"""How good our own evaluators are, on true clips that they have not seen: a table for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from talkface.evaluation.selection import TEST_SUBSETS
from talkface.reporting.tables.columns import number
from talkface.reporting.tables.notes import natural
from talkface.reporting.tables.views import Block, TableView

_GROUPS = {"seen_test": "Seen speakers, held-back clips", "unseen_test": "Unseen speakers"}
_MOST_SPEAKERS = 40
"""Of each of so many speakers a row is shown; the csv has all."""


@dataclass(frozen=True)
class Quality:
    """A column: a figure over clips."""

    key: str
    header: str
    over_clips: Callable[[pd.DataFrame], float]
    """From a table of values, clips down and names across."""
    digits: int = 0


def _mean(clips: pd.DataFrame, name: str, scale: float = 1.0) -> float:
    return scale * float(clips[name].mean()) if name in clips else float("nan")


def _within_one(clips: pd.DataFrame) -> float:
    known = clips["offset"].dropna()
    return 100 * float((known.abs() <= 1).mean())


QUALITY: Mapping[str, tuple[Quality, ...]] = {
    "sync_evaluator": (
        Quality("offset_0_percent", "Offset* 0 (± 1), % of clips", _within_one),
        Quality(
            "shifts_found_percent",
            "Shifts of ± 1 to 8 frames found (± 1), %",
            partial(_mean, name="shifts_found", scale=100),
        ),
        Quality("lse_d", "LSE-D*: own sound", partial(_mean, name="lse_d"), 3),
        Quality("lse_d_other", "another clip's", partial(_mean, name="lse_d_other"), 3),
        Quality("lse_c", "LSE-C*: own sound", partial(_mean, name="lse_c"), 3),
        Quality("lse_c_shifted", "shifted", partial(_mean, name="lse_c_shifted"), 3),
        Quality("lse_c_other", "another clip's", partial(_mean, name="lse_c_other"), 3),
        Quality("at_0", "LSE-C* at 0: own sound", partial(_mean, name="at_0"), 3),
        Quality("at_0_shifted", "shifted", partial(_mean, name="at_0_shifted"), 3),
        Quality("at_0_other", "another clip's", partial(_mean, name="at_0_other"), 3),
        Quality(
            "in_order_percent",
            "own > shifted > another clip's, % of clips",
            partial(_mean, name="in_order", scale=100),
        ),
    ),
    "lip_reader": (
        Quality("wer_percent", "WER*, %", partial(_mean, name="wer", scale=100), 1),
        *(
            Quality(
                f"word_{place}_wrong_percent",
                f"word {place} wrong, %",
                partial(_mean, name=f"word_{place}_wrong", scale=100),
            )
            for place in range(1, 7)
        ),
        Quality(
            "sentence_right_percent",
            "all words right, % of clips",
            partial(_mean, name="sentence_right", scale=100),
        ),
    ),
}
"""Columns of each evaluator's table, by its name."""

TITLES = {
    "sync_evaluator": "Sync evaluator: which sound belongs to which lips",
    "lip_reader": "Lip reader: words from pictures alone",
}


def quality_rows(evaluator: str, scores: pd.DataFrame) -> pd.DataFrame:
    """A row for each test subset, and one for each of its speakers: the columns of ``QUALITY``.

    ``scores``: SCORES rows of what the evaluator says of true clips.
    """
    return pd.DataFrame(list(_rows(evaluator, scores)))


def _rows(evaluator: str, scores: pd.DataFrame) -> Iterator[dict[str, object]]:
    for subset in TEST_SUBSETS:
        own = scores[scores["subset"] == subset]
        speakers = sorted(own["speaker"].unique(), key=natural)
        for speaker in [None, *speakers] if len(own) else []:
            chosen = own if speaker is None else own[own["speaker"] == speaker]
            clips = chosen.pivot(index="clip", columns="metric", values="value")
            figures = {column.key: column.over_clips(clips) for column in QUALITY[evaluator]}
            named = {"evaluator": evaluator, "subset": subset, "speaker": speaker or "all"}
            yield {**named, "clips": len(clips), **figures}


def quality_view(evaluator: str, rows: pd.DataFrame, sha256: str, stamp: str) -> TableView:
    """The same as a table."""
    columns = QUALITY[evaluator]
    blocks = []
    for subset, title in _GROUPS.items():
        shown = rows[rows["subset"] == subset].to_dict("records")[: 1 + _MOST_SPEAKERS]
        cells = [
            (
                str(row["speaker"]),
                str(row["clips"]),
                *(number(row[own.key], own.digits) for own in columns),
            )
            for row in shown
        ]
        if cells:
            blocks.append(Block(title, tuple(cells)))
    headers = ("Speaker", "Clips", *(own.header for own in columns))
    notes = (f"SHA-256 of its weights: {sha256}.",)
    return TableView(evaluator, TITLES[evaluator] + stamp, (), headers, tuple(blocks), notes)


def quality_tables(
    scores: Sequence[tuple[str, pd.DataFrame, str]], stamp: str
) -> tuple[list[TableView], pd.DataFrame]:
    """Views and rows of several evaluators: name, SCORES rows and SHA-256 of each."""
    of_each = {name: quality_rows(name, table) for name, table, _ in scores}
    views = [quality_view(name, of_each[name], sha256, stamp) for name, _, sha256 in scores]
    return views, pd.concat(of_each.values(), ignore_index=True)
