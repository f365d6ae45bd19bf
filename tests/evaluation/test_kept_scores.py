"""A job scores a method by all metrics; what was scored before by the same code is not computed again."""

import dataclasses
from collections import Counter

import pytest
from scoring import TABLES
from tiny_corpus import CROP, write_generated

from talkface.artifacts.schemas import SCORES
from talkface.artifacts.tables import read_frame, read_metadata
from talkface.config import AuLabels, Corpus, Faces, Metrics, Video
from talkface.jobs.score_clips import score_clips
from talkface.metrics.catalogue import all_metrics
from talkface.metrics.declaration import Metric

FIRST = {"light": {"code": "1"}, "shade": {"code": "1"}, "whole": {"code": "1"}}


@pytest.fixture
def scored(tmp_path, truth, monkeypatch):
    """Score two clips by three metrics, and say how many clips each of them was shown."""
    clips, split, _ = truth
    shown: Counter[str] = Counter()

    def mean(name, factor):
        def score(clip):
            shown[name] += 1
            return {name: (factor * clip.frames[:].mean(), clip.num_frames)}

        return score

    def together(some):
        found = [clip.num_frames for clip in some]
        shown["whole"] += len(found)
        return {"whole": (sum(found), sum(found))}

    monkeypatch.setitem(all_metrics(), "light", Metric(mean("light", 1), ("frames",), ()))
    monkeypatch.setitem(all_metrics(), "shade", Metric(mean("shade", -1), ("frames",), ()))
    whole = Metric(together, ("frames",), (), table="Whole", per="subset")
    monkeypatch.setitem(all_metrics(), "whole", whole)

    def run(identities=FIRST, factor=1, folder="scores"):
        shown.clear()
        tested = [clip for clip in clips if clip.subset != "train"][:2]
        made = [dataclasses.replace(clip, images=clip.images // factor) for clip in tested]
        generated = write_generated(tmp_path / "made.parquet", made)
        scores = [tmp_path / folder / f"{name}.parquet" for name in identities]
        score_clips(
            identities=identities, **{name: [] for name in TABLES} | {"frames": [generated]}, split=split,
            video=Video(crop_size=CROP), aus=AuLabels(), faces=Faces(), corpus=Corpus(), metrics=Metrics(),
            work=tmp_path / "work", scores=scores,
        )  # fmt: skip
        return dict(shown), {path.stem: read_frame(path, SCORES) for path in scores}

    return run


def test_all_metrics_of_a_method_are_scored_by_one_job(scored, tmp_path):
    shown, tables = scored()
    assert shown == {"light": 2, "shade": 2, "whole": 2}
    assert list(tables["light"]["value"]) == list(-tables["shade"]["value"])
    assert read_metadata(tmp_path / "scores/light.parquet")["identity"] == {"code": "1"}


def test_what_was_scored_by_the_same_code_is_kept(scored):
    _, first = scored()
    shown, again = scored()
    assert shown == {} and all(again[name].equals(first[name]) for name in first)
    shown, _ = scored({**FIRST, "shade": {"code": "2"}})
    assert shown == {"shade": 2}
    shown, _ = scored({**FIRST, "shade": {"code": "2"}, "whole": {"code": "1", "crop_size": 8}})
    assert shown == {"whole": 2}


def test_other_frames_are_scored_by_all_metrics(scored):
    _, before = scored()
    shown, after = scored(factor=2)
    assert shown == {"light": 2, "shade": 2, "whole": 2}
    assert (after["light"]["value"] < before["light"]["value"]).all()


def test_a_damaged_table_is_computed_anew(scored, tmp_path):
    scored()
    kept = tmp_path / "work/light.parquet"
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 255
    kept.write_bytes(content)
    assert scored()[0] == {"light": 2}


def test_what_was_finished_before_another_metric_failed_is_kept(scored, monkeypatch, tmp_path):
    good = all_metrics()["whole"]

    def failing(some):
        raise RuntimeError(f"cannot score {len(list(some))} clips")

    monkeypatch.setitem(all_metrics(), "whole", Metric(failing, ("frames",), (), table="W", per="subset"))
    with pytest.raises(RuntimeError, match="cannot score"):
        scored()
    assert not (tmp_path / "scores").exists()
    monkeypatch.setitem(all_metrics(), "whole", good)
    assert scored()[0] == {"whole": 2}
