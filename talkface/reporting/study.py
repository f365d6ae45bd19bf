"""What people prefer: strengths of methods by Bradley and Terry's model; how far metrics agree with people.

Shapes: V votes, M methods, R resamples.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import choix
import numpy as np
import numpy.typing as npt
import pandas as pd

from talkface.evaluation.runs import label
from talkface.metrics.declaration import Measure
from talkface.reporting.tables.bootstrap import MIN_SPEAKERS, NOT_ESTIMABLE, RESAMPLES, resample_speakers
from talkface.reporting.tables.columns import number
from talkface.reporting.tables.views import Block, TableView

MIN_PARTICIPANTS = MIN_SPEAKERS
_PRIOR = 0.1
"""Pull towards equal methods: without it, a method that always wins would be infinitely strong."""


class VotesError(ValueError):
    """Files of votes that do not belong to this study; the message names the file and the field."""


@dataclass(frozen=True)
class Vote:
    """One participant's choice between two methods' films of one clip."""

    participant: str
    clip: str
    chosen: str
    other: str


def read_votes(folder: Path, key: Mapping[str, Any]) -> list[Vote]:
    """The votes of all files ``*.json`` of a folder.

    ``key``: the study's (:func:`talkface.jobs.build_study.build_study`). Raises ``VotesError`` for a file
    that is damaged or of another study, and for two files of one participant.
    """
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if not files:
        raise VotesError(f"study.votes: {folder}: no files of votes (*.json) in this folder")
    films: Mapping[str, Mapping[str, str]] = key["films"]
    votes: list[Vote] = []
    owner: dict[str, Path] = {}
    for path in files:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            study, participant = content["study"], str(content["participant"])
            pairs = [(vote["chosen"], vote["other"]) for vote in content["votes"]]
            found = (
                [(films[chosen], films[other]) for chosen, other in pairs] if study == key["study"] else []
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise VotesError(f"{path}: not a file of votes of this study ({error!r}); take it away") from None
        if study != key["study"]:
            raise VotesError(f"{path}: study {study!r}, and the page here is {key['study']!r}; take it away")
        if participant in owner:
            raise VotesError(f"{path}: participant {participant!r} has votes in {owner[participant]} too")
        owner[participant] = path
        for chosen, other in found:
            if chosen["clip"] != other["clip"] or chosen["method"] == other["method"]:
                raise VotesError(f"{path}: a vote between films that are no pair; take it away")
            votes.append(Vote(participant, chosen["clip"], chosen["method"], other["method"]))
    if not votes:
        raise VotesError(f"study.votes: {folder}: the files hold no votes")
    return votes


def strengths(votes: Sequence[Vote], methods: Sequence[str]) -> npt.NDArray[np.float64]:
    """Log-strengths ``[M]`` of Bradley and Terry's model (1952), mean 0, fitted by choix (I-LSR).

    The difference of two is the log-odds that the first one is preferred.
    """
    place = {method: number for number, method in enumerate(methods)}
    data = [(place[vote.chosen], place[vote.other]) for vote in votes]
    fitted = choix.ilsr_pairwise(len(methods), data, alpha=_PRIOR, max_iter=1000)
    return np.asarray(fitted - fitted.mean(), dtype=np.float64)


def preferred(votes: Sequence[Vote], methods: Sequence[str]) -> pd.DataFrame:
    """A row for each method, the strongest first: votes, wins, strength, 95 % interval over participants."""
    fitted_M = strengths(votes, methods)
    low_M, high_M = _interval(votes, lambda drawn: strengths(drawn, methods), len(methods))
    rows = [
        {
            "method": method,
            "shown": sum(method in (vote.chosen, vote.other) for vote in votes),
            "chosen": sum(vote.chosen == method for vote in votes),
            "strength": fitted_M[number],
            "low": low_M[number],
            "high": high_M[number],
        }
        for number, method in enumerate(methods)
    ]
    return pd.DataFrame(rows).sort_values("strength", ascending=False, ignore_index=True)


def agreement(votes: Sequence[Vote], scores: pd.DataFrame, measures: Sequence[Measure]) -> pd.DataFrame:
    """A row for each measure: the share of votes for the film that it finds better, with its interval.

    Votes on films with equal or missing values are left out. The row "people" is the share of agreeing
    choices among all pairs of participants who saw the same two films: more no metric can reach by much.
    ``scores``: from ``aggregate.read_scores``, of one protocol; the mean over seeds.
    """
    rows = []
    others = _among_people(votes)
    rows.append({"measure": "people", "header": "Another participant", "votes": len(others)} | _share(others))
    for measure in (own for own in measures if own.better and not own.aus):
        own_rows = scores[(scores["metric"] == measure.metric) & scores["value"].notna()]
        values = own_rows.groupby(["clip", "method"])["value"].mean() * measure.scale
        judged = []
        for vote in votes:
            chosen, other = ((vote.clip, name) for name in (vote.chosen, vote.other))
            if chosen in values.index and other in values.index:
                ahead = measure.goodness(values[chosen]) - measure.goodness(values[other])
                judged += [(vote.participant, ahead > 0)] if ahead else []
        if judged:
            rows.append(
                {"measure": measure.key, "header": measure.header, "votes": len(judged)} | _share(judged)
            )
    return pd.DataFrame(rows)


def _among_people(votes: Sequence[Vote]) -> list[tuple[str, bool]]:
    by_pair: dict[tuple[str, frozenset[str]], list[Vote]] = {}
    for vote in votes:
        by_pair.setdefault((vote.clip, frozenset((vote.chosen, vote.other))), []).append(vote)
    return [
        (one.participant, one.chosen == two.chosen)
        for same in by_pair.values()
        for one, two in combinations(same, 2)
        if one.participant != two.participant
    ]


def _share(judged: Sequence[tuple[str, bool]]) -> dict[str, float]:
    if not judged:
        return dict.fromkeys(("agreement", "low", "high"), float("nan"))
    people = pd.DataFrame(judged, columns=["participant", "agrees"]).groupby("participant")["agrees"]
    hits, counts = people.sum().to_numpy(float), people.count().to_numpy(float)
    share = {"agreement": hits.sum() / counts.sum(), "low": float("nan"), "high": float("nan")}
    if len(hits) >= MIN_PARTICIPANTS:
        times_RP = resample_speakers(len(hits))
        low, high = np.quantile((times_RP @ hits) / (times_RP @ counts), [0.025, 0.975])
        share |= {"low": float(low), "high": float(high)}
    return share


def _interval(votes: Sequence[Vote], fit: Any, size: int) -> tuple[npt.NDArray[np.float64], ...]:
    """Percentiles over resampled participants; NaN with too few of them."""
    people: dict[str, list[Vote]] = {}
    for vote in votes:
        people.setdefault(vote.participant, []).append(vote)
    if len(people) < MIN_PARTICIPANTS:
        return np.full(size, np.nan), np.full(size, np.nan)
    own = list(people.values())
    fitted = [
        fit([vote for votes_of, times in zip(own, drawn, strict=True) for vote in votes_of * times])
        for drawn in resample_speakers(len(own), resamples=RESAMPLES // 5)
    ]
    low, high = np.quantile(np.stack(fitted), [0.025, 0.975], axis=0)
    return low, high


def study_views(
    found: pd.DataFrame, agreeing: pd.DataFrame, participants: int, stamp: str
) -> list[TableView]:
    """What people prefer, and which metrics agree with them."""
    if participants < MIN_PARTICIPANTS:
        said = (
            f"Intervals are {NOT_ESTIMABLE} below {MIN_PARTICIPANTS} participants; here are {participants}."
        )
    else:
        said = f"95 % intervals by bootstrap over {participants} participants."
    strength = [
        (label(row["method"]), str(row["shown"]), str(row["chosen"]), *_cells(row, "strength", 2))
        for row in found.to_dict("records")
    ]
    shares = [
        (row["header"], str(row["votes"]), *_cells(row, "agreement", 2))
        for row in agreeing.to_dict("records")
    ]
    interval = "95 % interval"
    return [
        TableView(
            "study", f"What people prefer{stamp}", (), ("Method", "Shown", "Chosen", "Strength", interval),
            (Block("", tuple(strength)),),
            (
                "Strength by Bradley and Terry's model, mean 0: the difference of two methods is the log-"
                f"odds that the first is preferred (1 is 73 %). {said}",
            ),
        ),
        TableView(
            "study_agreement", f"Metrics and people{stamp}", (), ("Judge", "Votes", "Agreement", interval),
            (Block("", tuple(shares)),),
            (
                "Share of votes for the film that the measure finds better; 0.5 is chance. The first row: "
                f"how often two participants chose alike. {said}",
            ),
        ),
    ]  # fmt: skip


def _cells(row: Mapping[Any, Any], name: str, digits: int) -> tuple[str, str]:
    interval = NOT_ESTIMABLE
    if not np.isnan(row["low"]):
        interval = f"{number(row['low'], digits)} to {number(row['high'], digits)}"
    return number(row[name], digits), interval
