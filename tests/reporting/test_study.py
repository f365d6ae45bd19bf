"""A study's votes: simulated people with known preferences, and files that are not votes."""

import json

import numpy as np
import pandas as pd
import pytest

from talkface.reporting.study import (
    Vote,
    VotesError,
    agreement,
    preferred,
    read_votes,
    strengths,
    study_views,
)
from talkface.reporting.tables.columns import BY_KEY

TRUE = {"ground_truth": 1.0, "warp": 0.2, "ours": -1.2}
METHODS = list(TRUE)
CLIPS = [f"s{number}/a" for number in range(10)]


def simulated(participants=20, seed=0):
    """Votes of people who prefer by Bradley and Terry's model with the strengths ``TRUE``."""
    rng = np.random.default_rng(seed)
    votes = []
    for person in range(participants):
        for clip in CLIPS:
            for one, other in (("ground_truth", "warp"), ("ground_truth", "ours"), ("warp", "ours")):
                first = rng.random() < 1 / (1 + np.exp(TRUE[other] - TRUE[one]))
                votes.append(Vote(f"p{person}", clip, *((one, other) if first else (other, one))))
    return votes


def test_known_strengths_are_found_again():
    fitted = strengths(simulated(participants=60), METHODS)
    assert fitted == pytest.approx(list(TRUE.values()), abs=0.15) and fitted.sum() == pytest.approx(0)


def test_two_methods_have_the_log_odds_of_their_votes():
    """By hand: 30 of 40 votes are odds of 3; the pull towards equal methods takes little of it."""
    votes = [Vote("p", "a", "one", "two")] * 30 + [Vote("p", "a", "two", "one")] * 10
    one, two = strengths(votes, ["one", "two"])
    assert one - two == pytest.approx(np.log(3), abs=0.02)


def test_intervals_hold_the_true_strengths_and_need_five_people():
    found = preferred(simulated(), METHODS).set_index("method")
    assert list(found.index) == METHODS
    for method, true in TRUE.items():
        assert found.loc[method, "low"] - 0.1 < true < found.loc[method, "high"] + 0.1
        assert found.loc[method, "low"] < found.loc[method, "strength"] < found.loc[method, "high"]
    assert found["shown"].tolist() == [400, 400, 400] and found["chosen"].sum() == 600
    few = preferred(simulated(participants=4), METHODS)
    assert few["low"].isna().all()
    [shown, _] = study_views(
        few, agreement(simulated(4), pd.DataFrame(score_rows()), [BY_KEY["psnr_db"]]), 4, ""
    )
    assert all(row[-1] == "not estimable" for row in shown.blocks[0].rows)


def test_a_method_that_always_wins_has_a_finite_strength():
    one, two = strengths([Vote("p", "a", "one", "two")] * 20, ["one", "two"])
    assert np.isfinite(one) and one > two


def score_rows():
    """The PSNR follows people, the LMD (less is better) says the opposite."""
    return [
        {"clip": clip, "method": method, "metric": metric, "value": sign * strength, "speaker": clip[:2]}
        for clip in CLIPS
        for method, strength in TRUE.items()
        for metric, sign in (("psnr", 1.0), ("lmd_px", 1.0))
    ]


def test_metrics_are_compared_with_the_votes():
    votes = simulated()
    measures = [BY_KEY[key] for key in ("psnr_db", "lmd_px", "au_f1")]
    found = agreement(votes, pd.DataFrame(score_rows()), measures).set_index("measure")
    right = np.mean([TRUE[vote.chosen] > TRUE[vote.other] for vote in votes])
    assert found.loc["psnr_db", "agreement"] == pytest.approx(right)
    assert found.loc["lmd_px", "agreement"] == pytest.approx(1 - right) and "au_f1" not in found.index
    assert found.loc["psnr_db", "low"] < right < found.loc["psnr_db", "high"]
    # Two people agree where both choose the first or both the other: p^2 + (1 - p)^2 of each pair.
    odds = [1 / (1 + np.exp(TRUE[b] - TRUE[a])) for a, b in (METHODS[:2], METHODS[::2], METHODS[1:])]
    assert found.loc["people", "agreement"] == pytest.approx(
        np.mean([p**2 + (1 - p) ** 2 for p in odds]), abs=0.04
    )


KEY = {
    "study": "abc",
    "films": {
        "f1": {"clip": "s1/a", "method": "ours"}, "f2": {"clip": "s1/a", "method": "warp"},
        "f3": {"clip": "s2/a", "method": "warp"},
    },
}  # fmt: skip


def votes_file(folder, name, **changes):
    whole = {"study": "abc", "participant": name, "votes": [{"chosen": "f1", "other": "f2"}]} | changes
    (folder / f"{name}.json").write_text(json.dumps(whole))


def test_files_of_votes_are_read(tmp_path):
    votes_file(tmp_path, "anna")
    votes_file(tmp_path, "ben", votes=[{"chosen": "f2", "other": "f1", "side": "left", "seconds": 3.1}])
    assert read_votes(tmp_path, KEY) == [
        Vote("anna", "s1/a", "ours", "warp"), Vote("ben", "s1/a", "warp", "ours"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"study": "other"}, r"carl\.json: study 'other'"),
        ({"participant": "anna"}, "participant 'anna' has votes in"),
        ({"votes": [{"chosen": "f1", "other": "f9"}]}, r"carl\.json: not a file of votes"),
        ({"votes": [{"chosen": "f1", "other": "f3"}]}, "films that are no pair"),
        ({"votes": "many"}, r"carl\.json: not a file of votes"),
    ],
)
def test_other_files_are_refused_by_name(tmp_path, changes, said):
    votes_file(tmp_path, "anna")
    votes_file(tmp_path, "carl", **changes)
    with pytest.raises(VotesError, match=said):
        read_votes(tmp_path, KEY)


def test_a_folder_without_votes_is_refused(tmp_path):
    with pytest.raises(VotesError, match="no files of votes"):
        read_votes(tmp_path / "absent", KEY)
    votes_file(tmp_path, "anna", votes=[])
    with pytest.raises(VotesError, match="hold no votes"):
        read_votes(tmp_path, KEY)
