"""Scores of single clips and speakers: what pages order films by, and plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from talkface.evaluation.runs import is_variant, label, ordered
from talkface.metrics.declaration import Measure
from talkface.reporting.tables.aggregate import GROUP, TEST_SUBSETS
from talkface.reporting.tables.columns import BY_KEY, MISSING, number
from talkface.reporting.tables.main_table import counted
from talkface.reporting.tables.marks import said_columns
from talkface.reporting.tables.views import Block, Column, TableView

CLIPS_BY = BY_KEY["lip_correlation_words"]
"""By which clips are called good and bad: what a still mouth cannot win."""

SPEAKERS_BY = tuple(BY_KEY[key] for key in ("lip_correlation_words", "lmd_px", "psnr_mouth_db", "au_f1"))
"""What is plotted of every speaker."""

SHOWN_CLIPS = 10


def clip_scores(scores: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Clip -> variant -> ``CLIPS_BY``, mean over seeds, of the first protocol.

    Clips without a value are left out. ``scores``: from ``aggregate.read_scores``.
    """
    own = scores[(scores["protocol"] == scores["protocol"].iloc[0]) & (scores["metric"] == CLIPS_BY.metric)]
    own = own[own["method"].map(is_variant) & own["value"].notna()]
    means = own.groupby(["clip", "method"])["value"].mean() * CLIPS_BY.scale
    found: dict[str, dict[str, float]] = {}
    for (clip, method), value in means.items():
        found.setdefault(str(clip), {})[str(method)] = float(value)
    return found


def from_the_ends(clips: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The worst clip, the best, the second worst, ...: by the mean over variants."""
    rising = sorted(clips, key=lambda clip: (_mean(clips[clip]), clip))
    pairs = [(number, len(rising) - 1 - number) for number in range((len(rising) + 1) // 2)]
    return list(dict.fromkeys(rising[place] for pair in pairs for place in pair))


def place_in_words(clip: str, clips: Mapping[str, Mapping[str, float]]) -> str:
    """Where a clip stands among all that were measured: "worst of 12", "3rd best of 12"."""
    rising = sorted(clips, key=lambda name: (_mean(clips[name]), name))
    below, above = rising.index(clip), len(rising) - 1 - rising.index(clip)
    nth, end = min((below + 1, "worst"), (above + 1, "best"))
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(nth % 10 if nth % 100 not in (11, 12, 13) else 0, "th")
    return f"{end if nth == 1 else f'{nth}{suffix} {end}'} of {counted(len(rising), 'measured clip')}"


def _mean(of_methods: Mapping[str, float]) -> float:
    return sum(of_methods.values()) / len(of_methods)


def clips_view(
    clips: Mapping[str, Mapping[str, float]], subset_of: Mapping[str, str], stamp: str
) -> TableView | None:
    """The worst and the best clips, all where they are few; ``None`` without any value."""
    if not clips:
        return None
    methods = ordered({method for own in clips.values() for method in own})
    ends = from_the_ends(clips)[: 2 * SHOWN_CLIPS]
    rows = tuple(
        (
            clip,
            TEST_SUBSETS[subset_of[clip]],
            *(number(clips[clip].get(method), CLIPS_BY.digits) for method in methods),
            number(_mean(clips[clip]), CLIPS_BY.digits),
        )
        for clip in sorted(ends, key=lambda name: (_mean(clips[name]), name))
    )
    which = f"All {counted(len(clips), 'clip')}"
    if len(ends) < len(clips):
        which = f"The {SHOWN_CLIPS} worst and the {SHOWN_CLIPS} best of {counted(len(clips), 'clip')}"
    headers = ("Clip", "Part", *map(label, methods), "Mean")
    columns = (Column(), Column(), *said_columns([CLIPS_BY] * (len(methods) + 1)))
    note = f"{which}, by the mean over variants of {CLIPS_BY.header}: {CLIPS_BY.meaning}."
    return TableView("clips", f"Clips one by one{stamp}", (), headers, (Block("", rows),), (note,), columns)


def speaker_scores(scores: pd.DataFrame) -> list[dict[str, Any]]:
    """A row per protocol, subset, speaker and method: every one of ``SPEAKERS_BY``, mean over seeds."""
    rows = []
    for (protocol, subset, method, speaker), group in scores.groupby([*GROUP, "speaker"], sort=True):
        row: dict[str, Any] = {"protocol": protocol, "subset": subset, "speaker": speaker, "method": method}
        row["clips"] = int(group["clip"].nunique())
        for measure in SPEAKERS_BY:
            row[measure.key] = _over_seeds(measure, group)
        rows.append(row)
    return rows


def _over_seeds(measure: Measure, group: pd.DataFrame) -> float | None:
    values = [measure.over_clips(own) for _, own in group.groupby("seed")]
    mean = pd.Series(values, dtype=float).mean()
    return None if pd.isna(mean) else float(mean)


def speakers_view(rows: Sequence[Mapping[str, Any]], stamp: str) -> TableView:
    """The same as a table, a block per protocol and subset."""
    blocks: dict[str, list[tuple[str, ...]]] = {}
    for row in rows:
        title = f"{TEST_SUBSETS[row['subset']]}; {row['protocol'].replace('_', '-')} protocol"
        cells = [
            number(row[own.key], own.digits) if row[own.key] is not None else MISSING for own in SPEAKERS_BY
        ]
        blocks.setdefault(title, []).append((row["speaker"], label(row["method"]), str(row["clips"]), *cells))
    headers = ("Speaker", "Method", "Clips", *(measure.header for measure in SPEAKERS_BY))
    columns = (Column(), Column(), Column(), *said_columns(SPEAKERS_BY))
    made = tuple(Block(title, tuple(own)) for title, own in blocks.items())
    return TableView("speakers", f"Every speaker{stamp}", (), headers, made, (), columns)
