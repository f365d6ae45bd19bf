"""Paired tests between methods, on score tables whose differences are known."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon

from talkface.reporting.tables.columns import BY_KEY
from talkface.reporting.tables.paired import COLUMNS, MIN_SPEAKERS, holm, paired_tests, paired_view, untested

MEASURES = [BY_KEY[key] for key in ("psnr_db", "lmd_px", "lip_std_ratio_words", "au_f1")]


def scores(values, metric="psnr", clips=2, seeds=1):
    """``values``: method -> the value of each speaker; clips of a speaker differ by 0.2 around it."""
    return pd.DataFrame(
        {
            "protocol": "one_shot", "subset": "unseen_test", "method": method, "seed": seed,
            "clip": f"s{speaker}/{clip}", "speaker": f"s{speaker}", "metric": metric,
            "value": value + 0.2 * (clip - (clips - 1) / 2), "weight": 1.0,
        }
        for method, of_speakers in values.items()
        for speaker, value in enumerate(of_speakers)
        for clip in range(clips)
        for seed in range(seeds)
    )  # fmt: skip


def test_a_difference_that_all_speakers_share_is_found():
    rng = np.random.default_rng(0)
    base = rng.normal(30, 2, 12)
    ours, warp = base + rng.normal(1, 0.2, 12), base
    [row] = paired_tests(scores({"ours": ours, "warp": warp}), MEASURES).to_dict("records")
    assert row["speakers"] == 12 and row["clips"] == 24 and row["better"] == "ours"
    assert row["difference"] == pytest.approx(np.mean(ours - warp))
    assert row["p"] == pytest.approx(wilcoxon(ours, warp).pvalue) and row["p_holm"] == row["p"]
    [turned] = paired_tests(scores({"ours": ours, "warp": warp}, "lmd_px"), MEASURES).to_dict("records")
    assert turned["better"] == "warp", "less is better"


def test_equal_methods_are_not_apart_and_too_few_speakers_are_not_tested():
    same = scores({"ours": np.arange(8.0), "warp": np.arange(8.0)})
    [row] = paired_tests(same, MEASURES).to_dict("records")
    assert row["p"] == 1 and row["better"] == ""
    few = scores({"ours": np.arange(5.0), "warp": np.arange(5.0) + 1})
    [row] = paired_tests(few, MEASURES).to_dict("records")
    assert MIN_SPEAKERS == 6 and row["speakers"] == 5 and row["difference"] == -1
    assert np.isnan(row["p"]) and np.isnan(row["p_holm"]) and row["better"] == ""
    assert list(paired_tests(few, MEASURES).columns) == list(COLUMNS)
    assert paired_view(paired_tests(few, MEASURES), MEASURES, "") is None and "at most 5" in untested(few)


def test_ratios_are_compared_by_their_distance_from_one():
    table = scores({"ours": [1.1] * 8, "warp": [0.5] * 8}, "lip_deviation_ratio_words", clips=1)
    [row] = paired_tests(table, MEASURES).to_dict("records")
    assert row["better"] == "ours" and row["difference"] == pytest.approx(0.1 - 0.5)


def test_only_clips_of_both_count_and_controls_do_not():
    table = scores(
        {
            "ours": np.arange(8.0),
            "external_other": np.arange(8.0),
            "static": np.zeros(8),
            "ours_other_sound": np.zeros(8),
        }
    )
    table = table[~((table["method"] == "external_other") & (table["clip"] == "s0/1"))]
    [row] = paired_tests(table, MEASURES).to_dict("records")
    assert (row["one"], row["other"], row["clips"]) == ("ours", "external_other", 15)


def test_holms_correction_by_hand():
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.5, 0.9])) == pytest.approx([1.0, 1.0]) and len(holm(np.array([]))) == 0


def test_three_methods_without_a_difference_are_rarely_told_apart():
    """Of 200 tables of three equal methods, at most 5 % (and chance) have a finding after the correction."""
    rng = np.random.default_rng(1)
    found = 0
    for _ in range(200):
        values = {name: rng.normal(30, 1, 10) for name in ("ours", "warp", "b_full")}
        found += bool((paired_tests(scores(values, clips=1), MEASURES)["better"] != "").any())
    assert found <= 18


def test_the_view_names_the_better_method():
    table = scores({"ours": np.arange(8.0) + 1, "warp": np.arange(8.0)})
    view = paired_view(paired_tests(table, MEASURES), MEASURES, "")
    [row] = view.blocks[0].rows
    assert row[0] == "PSNR dB" and row[6] == "Ours" and "all 1 tests" in view.notes[0]
