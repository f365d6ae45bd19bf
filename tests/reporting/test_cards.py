"""Every figure of the main table has a card."""

import csv
import json

import pytest
from finished_report import finished_report, tabulate

from talkface.artifacts.origin import hash_files
from talkface.config import Faces
from talkface.metrics.catalogue import all_metrics, metric_named


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return finished_report(tmp_path_factory.mktemp("cards"))


@pytest.fixture(scope="module")
def cards(finished):
    return json.loads((finished.root / "tables/main_results.cards.json").read_text())


def test_a_card_says_all_that_has_to_be_equal(finished, cards):
    assert cards["corpus"] == "tiny" and cards["demo"] and cards["split_sha256"] == hash_files(finished.split)
    for name in ("corpus_sha256", "labeller", "codec", "versions", "code", "seeds", "split"):
        assert cards[name], name
    assert cards["landmarker_sha256"] == Faces().landmarker_sha256
    assert {"python", "torch", "ffmpeg"} <= set(cards["versions"])
    declared = {own.key: own for name in all_metrics() for own in metric_named(name).measures}
    assert set(cards["figures"]) == set(declared)
    for key, figure in cards["figures"].items():
        own = declared[key]
        assert figure["unit"] == own.unit and figure["region"] == own.region and figure["blind"] == own.blind
    assert "landmarker" in cards["figures"]["lmd_px"]["evaluators"]
    assert "landmarker" not in cards["figures"]["psnr_db"]["evaluators"]


def test_there_is_a_card_for_each_row_of_the_table(finished, cards):
    with (finished.root / "tables/main_results.csv").open(newline="") as file:
        measured = [row for row in csv.DictReader(file) if row["kind"] != "published"]
    rows = {(row["protocol"], row["subset"], row["method"]): row for row in cards["rows"]}
    assert len(rows) == len(measured)
    for own in measured:
        card = rows[own["protocol"], own["subset"], own["method"]]
        assert card["clips"] == int(own["clips"]) and card["speakers"] == int(own["speakers"])
        assert card["frames"] >= card["clips"]
        assert (card["sampler"] is not None) == own["method"].startswith("ours")


def test_other_clips_have_another_card(finished, cards):
    fewer = [path for path in finished.scores if "static" in str(path)]
    folder = tabulate(finished, "fewer", scores=fewer)
    rows = json.loads((folder / "main_results.cards.json").read_text())["rows"]
    assert {row["method"] for row in rows} == {"static"}
    assert all(row in cards["rows"] for row in rows)
