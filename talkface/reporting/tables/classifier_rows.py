"""The AU classifier beside constant answers, as controls."""

from __future__ import annotations

import pandas as pd

from talkface.artifacts.schemas import AU_NAMES
from talkface.metrics.presence_scores import OUTCOMES
from talkface.reporting.tables.table_rows import PrintedRow

CLASSIFIER = "au_classifier"
ROWS = (
    PrintedRow(CLASSIFIER, "AU classifier", "classifier"),
    PrintedRow("always_present", "Every AU present, always", "control"),
    PrintedRow("always_absent", "No AU present, ever", "control"),
)
"""The table's rows. The constant answers are its controls: what is nearly always there is easily right."""

_ANSWERS = {
    "always_present": {"tp": ("tp", "fn"), "fp": ("fp", "tn"), "fn": (), "tn": ()},
    "always_absent": {"tp": (), "fp": (), "fn": ("tp", "fn"), "tn": ("fp", "tn")},
}


def with_constant_answers(scores: pd.DataFrame) -> pd.DataFrame:
    """The classifier's counts, and those that the two constant answers would have had on the same frames."""
    counts = [f"{au.lower()}_{name}" for au in AU_NAMES for name in OUTCOMES]
    own = scores[scores["metric"].isin(counts)]
    return pd.concat([scores, *(_answered(own, method) for method in _ANSWERS)], ignore_index=True)


def _answered(counts: pd.DataFrame, method: str) -> pd.DataFrame:
    keys = ["clip", "speaker", "subset", "seed", "protocol", "weight"]
    wide = counts.pivot_table(index=keys, columns="metric", values="value", aggfunc="sum")
    answered = pd.DataFrame(
        {
            f"{au.lower()}_{name}": sum(
                (wide[f"{au.lower()}_{part}"] for part in parts), start=pd.Series(0.0, index=wide.index)
            )
            for au in AU_NAMES
            for name, parts in _ANSWERS[method].items()
        }
    )
    long = answered.reset_index().melt(id_vars=keys, var_name="metric", value_name="value")
    return long.assign(method=method)
