"""Do metrics order the control rows as they declare? On score tables with known values."""

import json

import pandas as pd
import pytest
from drawn_scores import PaperInputs

from talkface.artifacts.schemas import SCORES
from talkface.artifacts.tables import write_table
from talkface.jobs.tabulate_orders import tabulate_orders
from talkface.metrics.catalogue import all_metrics, metric_named
from talkface.reporting.tables.orders import OrdersError, verdicts

BY_KEY = {own.key: own for metric in all_metrics().values() for own in metric.measures}


def rows(metric, speakers, values):
    """SCORES rows of one clip a speaker."""
    return [
        {
            "clip": f"s{n}/u0", "speaker": f"s{n}", "subset": "unseen_test", "metric": metric, "value": value,
            "weight": 10.0,
        }
        for n, value in zip(range(speakers), values, strict=True)
    ]  # fmt: skip


def judged(key, speakers=6, **methods):
    """Verdicts by order, from each method's values by clip."""
    measure = BY_KEY[key]
    frames = [
        pd.DataFrame(rows(measure.metric, speakers, values)).assign(method=method)
        for method, values in methods.items()
    ]
    found = verdicts(pd.concat(frames), [measure], list(methods))
    return {(verdict.better, verdict.worse): verdict for verdict in found}


def test_only_orders_among_the_rows_that_were_made_are_held():
    found = judged("ssim", codec=[0.9] * 6, blurred=[0.8] * 6)
    assert list(found) == [("codec", "blurred")]
    verdict = found["codec", "blurred"]
    assert verdict.state == "holds" and verdict.clips == 6
    assert verdict.difference == pytest.approx(0.1) == verdict.low == verdict.high


def test_the_direction_is_the_measures_own():
    low = judged("lmd_px", ground_truth=[0.1] * 6, late=[0.5] * 6, static=[0.05] * 6)
    assert low["ground_truth", "late"].state == "holds"
    assert low["ground_truth", "static"].state == "contradicted"
    near = judged("lip_std_ratio_words", ground_truth=[1.1] * 6, static=[0.0] * 6, mean_mouth=[1.05] * 6)
    assert near["ground_truth", "static"].state == "holds"
    assert near["ground_truth", "mean_mouth"].state == "contradicted"


def test_the_median_over_clips_decides_and_the_interval_makes_it_unclear():
    gains = [0.3, 0.2, 0.1, 0.1, -0.2, -0.3]
    found = judged("ssim", codec=[0.5 + gain for gain in gains], blurred=[0.5] * 6)
    verdict = found["codec", "blurred"]
    assert verdict.state == "unclear" and verdict.difference == pytest.approx(0.1)
    assert verdict.low < 0 < verdict.high
    few = judged("ssim", 3, codec=[0.6, 0.6, 0.1], blurred=[0.5] * 3)["codec", "blurred"]
    assert few.state == "holds" and few.low is None, "too few speakers for an interval"


def test_rows_that_are_alike_are_not_told_apart():
    assert judged("ssim", codec=[0.5] * 6, blurred=[0.5] * 6)["codec", "blurred"].state == "contradicted"


def test_clips_without_a_value_in_both_rows_say_nothing():
    found = judged("ssim", 2, codec=[None, 0.9], blurred=[0.5, None])["codec", "blurred"]
    assert found.state == "no value" and found.clips == 0 and found.difference is None


def test_pooled_measures_are_compared_clip_by_clip():
    frames = []
    for method, hits in (("ground_truth", 9), ("static", 3)):
        for name, count in {"tp": hits, "fp": 0, "fn": 9 - hits, "tn": 1}.items():
            frames.append(pd.DataFrame(rows(f"au25_{name}", 6, [count] * 6)).assign(method=method))
    [verdict] = verdicts(pd.concat(frames), [BY_KEY["au_f1"]], ["ground_truth", "static"])
    assert verdict.state == "holds" and verdict.difference == pytest.approx(1 - 2 * 3 / (2 * 3 + 6))


@pytest.fixture
def tabulated(tmp_path):
    inputs = PaperInputs(tmp_path / "inputs", {"codec": 30})
    setting = inputs.arguments("orders")["setting"]

    def tabulate(blurred, must_hold):
        paths = []
        for method, values in {"codec": [0.9] * 6, "blurred": blurred}.items():
            path = tmp_path / f"scores/{method}/seed-0/one_shot/pixels.parquet"
            write_table(path, SCORES, [*rows("ssim", 6, values), *rows("psnr", 6, [30.0] * 6)])
            paths.append(path)
        folder = tmp_path / f"tables-{must_hold}-{blurred[0]}"
        tabulate_orders(
            scores=paths, metrics=["pixels"], shift_frames=5, must_hold=must_hold,
            split=inputs.split, setting=setting, csv=folder / "orders.csv",
            markdown=folder / "orders.md", content=folder / "orders.json", cards=folder / "orders.cards.json",
        )  # fmt: skip
        return folder

    return tabulate


def test_the_table_names_what_contradicts_itself(tabulated):
    folder = tabulated([0.8] * 6, False)
    text = (folder / "orders.md").read_text()
    assert "codec > blurred" in text and "yes (0.100)" in text and "NO (0.00)" in text
    wrong = json.loads((folder / "orders.json").read_text())["contradicted"]
    cards = json.loads((folder / "orders.cards.json").read_text())
    assert {row["method"] for row in cards["rows"]} == {"codec", "blurred"}
    assert cards["figures"]["ssim"]["region"] == "whole crop" and cards["rows"][0]["clips"] == 6
    assert len(wrong) == 1 and wrong[0].startswith(
        "PSNR dB: Ground truth through the video codec better than"
    )
    states = pd.read_csv(folder / "orders.csv").set_index("measure")["state"].loc[["psnr_db", "ssim"]]
    assert states.to_dict() == {"psnr_db": "contradicted", "ssim": "holds"}
    assert all(own.blind in text for own in metric_named("pixels").measures)


def test_a_contradiction_is_an_error_where_the_configuration_says_so(tabulated):
    with pytest.raises(OrdersError, match="1 orders of control rows are contradicted on corpus 'grid'"):
        tabulated([0.8] * 6, True)
