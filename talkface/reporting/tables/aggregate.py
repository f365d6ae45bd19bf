"""From score tables, a row per clip and metric, to one row per method and subset."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from talkface.artifacts.schemas import AU_NAMES, SCORES
from talkface.artifacts.tables import read_frame
from talkface.evaluation.runs import ordered, run_of, trained_run
from talkface.metrics.presence_scores import pooled_counts
from talkface.reporting.tables.columns import MEASURES, UNIT_MEASURES, Further

TEST_SUBSETS = {
    "seen_test": "Seen speakers, held-back clips",
    "unseen_test": "Unseen speakers",
}
"""Subsets that are measured, in the order of the tables, and their headings."""

TRUE_FRAMES = "true frames, nothing generated"
"""In the place of a protocol, where a network judges the truth."""

GROUP = ["protocol", "subset", "method"]
_UNITS = {measure.key: measure for measure in UNIT_MEASURES}


class ScoresError(ValueError):
    """Score tables that do not make a results table; the message names the file or the method."""


def read_scores(paths: Iterable[Path]) -> pd.DataFrame:
    """All score tables in one frame, with the ``method``, ``seed`` and ``protocol`` of their folders.

    Raises ``ScoresError`` for a subset that is not measured, for a clip and metric scored twice within a run,
    and when there is nothing at all.
    """
    frames = []
    for path in paths:
        run = run_of(path, "scores")
        frames.append(_read(path).assign(method=run.method, seed=run.seed, protocol=run.protocol))
    return _together(frames)


def read_classifier_scores(paths: Iterable[Path]) -> pd.DataFrame:
    """The AU classifier's scores, a table a seed; columns and errors as of :func:`read_scores`."""
    frames = []
    for path in paths:
        run = trained_run(path)
        frames.append(_read(path).assign(method=run.stage, seed=run.seed, protocol=TRUE_FRAMES))
    return _together(frames)


def _read(path: Path) -> pd.DataFrame:
    frame = read_frame(path, SCORES)
    foreign = sorted(set(frame["subset"]) - set(TEST_SUBSETS))
    if foreign:
        raise ScoresError(f"{path}: subsets {foreign} are not measured; choose from {list(TEST_SUBSETS)}")
    return frame


def _together(frames: list[pd.DataFrame]) -> pd.DataFrame:
    if not frames or all(frame.empty for frame in frames):
        raise ScoresError(
            "no scores: no speaker has a usable test clip; the corpus summary gives the reasons"
        )
    scores = pd.concat([frame for frame in frames if not frame.empty], ignore_index=True)
    scores["value"] = scores["value"].astype(float)
    doubled = scores[scores.duplicated([*GROUP, "seed", "clip", "metric"])]
    if not doubled.empty:
        row = doubled.iloc[0]
        raise ScoresError(
            f"method '{row['method']}': clip '{row['clip']}' has two values of '{row['metric']}'"
        )
    return scores


def summarise(scores: pd.DataFrame, further: Further) -> pd.DataFrame:
    """One row per protocol, subset and method: counts, every measure, and its deviation over seeds.

    Each seed is brought together over its clips first, then the seeds are averaged; ``{measure}_sd`` is the
    sample standard deviation over seeds, missing with one seed. ``further``: tables beside the main one.
    """
    rows = []
    for (protocol, subset, method), group in scores.groupby(GROUP, sort=False):
        row: dict[str, Any] = {
            "protocol": protocol,
            "subset": subset,
            "method": method,
            "clips": group["clip"].nunique(),
            "speakers": group["speaker"].nunique(),
            "seeds": group["seed"].nunique(),
        }
        for measure in (*MEASURES, *chain(*further.values())):
            values = pd.Series(
                [measure.over_clips(seed_scores) for _, seed_scores in group.groupby("seed")], dtype=float
            )
            row[measure.key] = values.mean()
            row[f"{measure.key}_sd"] = values.std()
            row[f"{measure.key}_undefined"] = measure.undefined_clips(group)
        row["au_left_out"] = ";".join(
            au for au, counts in pooled_counts(group, AU_NAMES).items() if counts.f1 is None and counts.tn
        )
        rows.append(row)
    return in_table_order(pd.DataFrame(rows))


def in_table_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Sort by protocol, subset and the order of the methods in tables."""
    methods = ordered(rows["method"])
    subsets = list(TEST_SUBSETS)
    keys = pd.DataFrame(
        {
            "protocol": rows["protocol"],
            "subset": rows["subset"].map(subsets.index),
            "method": rows["method"].map(methods.index),
            "rest": range(len(rows)),
        }
    )
    return rows.loc[keys.sort_values(list(keys.columns)).index].reset_index(drop=True)


def lips_by_speaker(scores: pd.DataFrame) -> pd.DataFrame:
    """Lip figures of each speaker and method: medians over the speaker's clips, mean over seeds."""
    wanted = [measure for measure in MEASURES if measure.key.startswith("lip_")]
    rows = []
    for (protocol, subset, method, speaker), group in scores.groupby([*GROUP, "speaker"], sort=True):
        row: dict[str, Any] = {"protocol": protocol, "subset": subset, "speaker": speaker, "method": method}
        row["clips"] = group["clip"].nunique()
        for measure in wanted:
            values = [measure.over_clips(seed_scores) for _, seed_scores in group.groupby("seed")]
            row[measure.key] = pd.Series(values, dtype=float).mean()
        rows.append(row)
    return in_table_order(pd.DataFrame(rows))


def aus_by_unit(scores: pd.DataFrame, proxies: Collection[str]) -> pd.DataFrame:
    """F1, accuracy and the truth's share of positive frames (percent) of each AU.

    Pooled over a seed's clips and averaged over seeds, as in :func:`summarise`, whose ``au_f1`` is thus their
    mean; ``frames`` are those of all seeds. Empty where no run has AU scores. ``proxy`` marks AUs whose label
    stands in for the muscle's movement.
    """
    rows = []
    for (protocol, subset, method), group in scores.groupby(GROUP, sort=False):
        seeds = [seed_scores for _, seed_scores in group.groupby("seed")]
        for au, counts in pooled_counts(group, AU_NAMES).items():
            frames = counts.tp + counts.fp + counts.fn + counts.tn
            if frames == 0:
                continue
            measured = {
                name: pd.Series(
                    [_UNITS[f"{au.lower()}_{name}"].over_clips(own) for own in seeds], dtype=float
                )
                for name in ("f1", "accuracy_percent")
            }
            rows.append(
                {
                    "protocol": protocol,
                    "subset": subset,
                    "method": method,
                    "au": au,
                    "proxy": au in proxies,
                    **{name: values.mean() for name, values in measured.items()},
                    "truth_positive_percent": 100 * (counts.tp + counts.fn) / frames,
                    "frames": frames,
                }
            )
    return in_table_order(pd.DataFrame(rows)) if rows else pd.DataFrame()
