"""Are two methods apart on the same clips? Paired tests over speakers.

Clips of one speaker resemble each other, so each speaker counts once: with the mean difference over the clips
that both methods have. Wilcoxon's signed-rank test (two-sided) asks whether these differences lie around 0;
Holm's correction (1979) holds the chance of a single false finding among all tests of the table at 5 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import wilcoxon

from talkface.evaluation.runs import is_external, is_variant, label
from talkface.metrics.declaration import Measure
from talkface.reporting.tables.aggregate import TEST_SUBSETS
from talkface.reporting.tables.columns import number
from talkface.reporting.tables.main_table import PROTOCOLS
from talkface.reporting.tables.views import Block, Column, TableView

MIN_SPEAKERS = 6
"""With five, the smallest possible p is 0.06."""
LEVEL = 0.05

COLUMNS = (
    "protocol", "subset", "measure", "one", "other", "speakers", "clips", "difference", "p", "p_holm",
    "better",
)  # fmt: skip


def paired_tests(scores: pd.DataFrame, measures: Sequence[Measure]) -> pd.DataFrame:
    """A row for each measure and pair of methods with clips of the same speakers; ``COLUMNS``.

    Measures without a value per clip (pooled counts) or without a better direction are left out.
    ``difference`` is one less other in the column's unit, mean over speakers; of a measure that should be
    near one, of the distances from one. ``p`` and ``p_holm`` are NaN where fewer than ``MIN_SPEAKERS``
    speakers have clips of both. ``better``: the method ahead, where ``p_holm`` is below ``LEVEL``.
    ``scores``: from ``aggregate.read_scores``; the mean over seeds is tested.
    """
    rows = []
    methods = [name for name in dict.fromkeys(scores["method"]) if is_variant(name) or is_external(name)]
    own = scores[scores["method"].isin(methods) & scores["value"].notna()]
    for (protocol, subset), group in own.groupby(["protocol", "subset"], sort=False):
        for measure in (one for one in measures if one.better and not one.aus):
            values = group[group["metric"] == measure.metric]
            of_clip = values.groupby(["speaker", "clip", "method"])["value"].mean().unstack() * measure.scale
            if measure.better == "near one":
                of_clip = (of_clip - 1).abs()
            for one, other in combinations([name for name in methods if name in of_clip], 2):
                both = (of_clip[one] - of_clip[other]).dropna()
                of_speaker = both.groupby("speaker").mean()
                if of_speaker.empty:
                    continue
                rows.append(
                    {
                        "protocol": protocol, "subset": subset, "measure": measure.key, "one": one,
                        "other": other, "speakers": len(of_speaker), "clips": len(both),
                        "difference": float(of_speaker.mean()), "p": _p(of_speaker.to_numpy()),
                    }
                )  # fmt: skip
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    tested = found["p"].notna()
    found["p_holm"] = np.nan
    found.loc[tested, "p_holm"] = holm(found.loc[tested, "p"].to_numpy(float))
    found["better"] = [
        _ahead(row, next(own for own in measures if own.key == row["measure"]))
        for row in found.to_dict("records")
    ]
    return found


def _p(differences: npt.NDArray[np.float64]) -> float:
    if len(differences) < MIN_SPEAKERS:
        return float("nan")
    return float(wilcoxon(differences).pvalue) if np.any(differences) else 1.0


def holm(p_N: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Holm's step-down correction of the p values of one family of tests."""
    order = np.argsort(p_N, kind="stable")
    stepped = np.maximum.accumulate(p_N[order] * np.arange(len(p_N), 0, -1)).clip(max=1)
    corrected = np.empty_like(p_N)
    corrected[order] = stepped
    return corrected


def _ahead(row: Mapping[Any, Any], measure: Measure) -> str:
    p, difference = row["p_holm"], row["difference"]
    if not p < LEVEL or difference == 0:
        return ""
    high = measure.better == "high"
    return str(row["one"] if (difference > 0) == high else row["other"])


def paired_view(tests: pd.DataFrame, measures: Sequence[Measure], stamp: str) -> TableView | None:
    """The tests as a table; ``None`` where no pair has enough speakers."""
    tests = tests[tests["p"].notna()]
    if tests.empty:
        return None
    by_key = {own.key: own for own in measures}
    blocks = []
    for (protocol, subset), rows in tests.groupby(["protocol", "subset"], sort=False):
        cells = tuple(
            (
                by_key[row["measure"]].header,
                label(row["one"]),
                label(row["other"]),
                number(row["difference"], by_key[row["measure"]].digits + 1),
                f"{row['p']:.2g}",
                f"{row['p_holm']:.2g}",
                label(row["better"]) if row["better"] else "not apart",
                str(row["speakers"]),
                str(row["clips"]),
            )
            for row in rows.to_dict("records")
        )
        title = f"{TEST_SUBSETS[str(subset)]}; {PROTOCOLS.get(str(protocol), str(protocol))}"
        blocks.append(Block(title, cells))
    headers = ("Measure", "One", "Other", "One less other", "p", "p, Holm", "Better", "Speakers", "Clips")
    notes = (
        "Wilcoxon's signed-rank test over speakers, each with the mean difference over the clips that both "
        f"methods have; Holm's correction over all {len(tests)} tests of this table. Of columns that should "
        "be near one, the distances from one are compared. A pair that is not apart need not be alike.",
    )
    columns = (Column(),) * len(headers)
    title = f"Differences between methods{stamp}"
    return TableView("paired_tests", title, (), headers, tuple(blocks), notes, columns)


def untested(scores: pd.DataFrame) -> str:
    """Why there is no test."""
    most = int(scores.groupby("subset")["speaker"].nunique().max())
    return (
        f"none: they need two methods and {MIN_SPEAKERS} test speakers of a subset with clips of both; here "
        f"are at most {most}"
    )
