"""A variant's figures with their intervals, from an experiment's score tables, as its tables show them."""

from __future__ import annotations

from pathlib import Path

from talkface.bundles.manifest import Figure
from talkface.reporting.tables.aggregate import read_scores
from talkface.reporting.tables.bootstrap import estimate
from talkface.reporting.tables.columns import MEASURES


def figures_of(experiment: Path, variant: str) -> list[Figure]:
    """One for each subset and measure that has a value; empty where the variant was not scored.

    Of the one-shot protocol, in which nothing is known but photo and sound. Values are means over the seeds.
    """
    paths = sorted((experiment / "scores" / variant).glob("seed-*/one_shot/*.parquet"))
    if not paths:
        return []
    figures = []
    for subset, scores in read_scores(paths).groupby("subset", sort=True):
        seeds = [own for _, own in scores.groupby("seed")]
        for measure in MEASURES:
            found = estimate(measure, seeds)
            if found.value is not None:
                rows = measure.rows(scores)
                figures.append(
                    Figure(
                        subset=str(subset),
                        measure=measure.key,
                        header=measure.header,
                        value=found.value,
                        low=found.low,
                        high=found.high,
                        clips=rows["clip"].nunique(),
                        speakers=rows["speaker"].nunique(),
                    )
                )
    return figures
