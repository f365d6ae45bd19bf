"""A variant's figures with their intervals, from an experiment's score tables, as its tables show them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from talkface.bundles.experiment import Experiment
from talkface.bundles.manifest import Figure, Measured
from talkface.evaluation.runs import OTHER_SOUND
from talkface.reporting.tables.aggregate import read_scores
from talkface.reporting.tables.bootstrap import estimate
from talkface.reporting.tables.columns import BY_KEY, MEASURES

BESIDE = {"other_sound": "{variant}" + OTHER_SOUND, "static": "static"}
"""Field of a figure -> the row whose value stands beside it, where it was scored."""


def figures_of(experiment: Path, variant: str) -> list[Figure]:
    """One for each subset and measure that has a value; empty where the variant was not scored.

    Of the one-shot protocol, in which nothing is known but photo and sound. Values are means over the seeds.
    """
    own = _scores(experiment, variant)
    beside = {field: _scores(experiment, name.format(variant=variant)) for field, name in BESIDE.items()}
    found = [
        _figure(
            subset, measure.key, seeds, {field: others.get(subset, []) for field, others in beside.items()}
        )
        for subset, seeds in sorted(own.items())
        for measure in MEASURES
    ]
    return [figure for figure in found if figure is not None]


def measured_of(experiment: Experiment) -> Measured:
    """Which experiment made the scores, and by which code."""
    config, source = experiment.config, experiment.source
    return Measured(
        experiment=config.experiment,
        corpus=config.corpus.name,
        reader=config.corpus.reader,
        split=config.split,
        config_sha256=source["config_sha256"],
        commit=source["commit"],
        code_sha256=source["code_sha256"],
    )


def _scores(experiment: Path, method: str) -> dict[str, list[pd.DataFrame]]:
    """Subset -> the score tables of each seed."""
    paths = sorted((experiment / "scores" / method).glob("seed-*/one_shot/*.parquet"))
    if not paths:
        return {}
    subsets = read_scores(paths).groupby("subset", sort=True)
    return {str(subset): [own for _, own in scores.groupby("seed")] for subset, scores in subsets}


def _figure(
    subset: str,
    key: str,
    seeds: Sequence[pd.DataFrame],
    beside: dict[str, list[pd.DataFrame]],
) -> Figure | None:
    measure = BY_KEY[key]
    found = estimate(measure, seeds)
    if found.value is None:
        return None
    scores = pd.concat(seeds)
    rows = measure.rows(scores)
    singles = [estimate(measure, _of_speaker(seeds, name)).value for name in rows["speaker"].unique()]
    known = [value for value in singles if value is not None]
    return Figure(
        subset=subset,
        measure=measure.key,
        header=measure.header,
        value=found.value,
        low=found.low,
        high=found.high,
        lowest=min(known),
        highest=max(known),
        other_sound=estimate(measure, beside["other_sound"]).value,
        static=estimate(measure, beside["static"]).value,
        clips=rows["clip"].nunique(),
        speakers=rows["speaker"].nunique(),
    )


def _of_speaker(seeds: Sequence[pd.DataFrame], speaker: str) -> list[pd.DataFrame]:
    return [scores[scores["speaker"] == speaker] for scores in seeds]
