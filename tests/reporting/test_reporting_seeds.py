"""Tables of several training seeds do not contradict one another."""

import pandas as pd
import pytest
from drawn_scores import score_rows

from talkface.artifacts.schemas import AU_NAMES
from talkface.reporting.tables.aggregate import aus_by_unit, summarise
from talkface.reporting.tables.columns import UNIT_MEASURES
from talkface.reporting.tables.table_rows import PrintedRow, measure_rows


def test_the_mean_of_the_single_aus_is_the_main_tables_figure():
    """A bad and a good training: pooled over both, F1 is not the mean of theirs."""
    parts = [
        pd.DataFrame(score_rows(6, level, seed=seed)).assign(seed=seed)
        for seed, level in enumerate((21.0, 33.0))
    ]
    scores = pd.concat(parts, ignore_index=True).assign(method="ours", protocol="one_shot")
    [main] = summarise(scores, {}).to_dict("records")
    units = aus_by_unit(scores, ()).set_index("au")
    assert units["f1"].mean() == pytest.approx(main["au_f1"])
    assert units["accuracy_percent"].mean() == pytest.approx(main["au_accuracy_percent"])
    [row] = measure_rows(scores, [PrintedRow("ours", "ours", "variant")], UNIT_MEASURES)
    for au in AU_NAMES:
        assert units.loc[au, "f1"] == pytest.approx(row.estimates[f"{au.lower()}_f1"].value)
