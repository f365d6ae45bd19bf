"""The lip reader on drawn lips that show their words: it reads them, resumes, and refuses to guess."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from drawn_lips import FRAMES, GRAMMAR, lips_and_words, write_clips
from tiny_corpus import CROP
from tiny_training import CPU, stop_after

from talkface.artifacts.schemas import SCORES
from talkface.artifacts.tables import read_frame
from talkface.artifacts.weights import load_model
from talkface.config import LipReader
from talkface.data.spoken_clips import Spoken, frame_tokens
from talkface.jobs.score_lip_reader import score_lip_reader, word_scores
from talkface.jobs.train_lip_reader import train_lip_reader
from talkface.models import lip_reader as network_module
from talkface.training.errors import TrainingError
from talkface.training.tasks.lip_reader import LipReaderTask

SETTINGS = LipReader.model_validate(
    {
        "grammar": GRAMMAR,
        "width": 8,
        "features": 32,
        "dropout": 0.1,
        "picture": {"rotation": 0, "scale": 0, "shift": 0, "mirror": 0},
        "training": {
            "samples": 800, "batch_size": 8, "learning_rate": 4e-3, "warmup_samples": 40,
            "ema_halflife_samples": 40, "log_every_samples": 200, "save_every_samples": 40,
        },
    }
)  # fmt: skip
CLIPS = [
    *(lips_and_words(f"s1/t{number}", "train", number) for number in range(16)),
    *(lips_and_words(f"s1/h{number}", "seen_test", 30 + number) for number in range(4)),
]


def train(tables, folder, settings=SETTINGS):
    train_lip_reader(
        split=tables["split"], faces=[tables["faces"]], crop_size=CROP, lip_reader=settings, compute=CPU,
        code="1", model=folder / "model.safetensors", history=folder / "history.parquet",
        work=folder / "work",
    )  # fmt: skip
    return folder / "model.safetensors"


def shorter(samples: int, **changes) -> LipReader:
    training = SETTINGS.training.model_copy(update={"samples": samples})
    return SETTINGS.model_copy(update={"training": training, **changes})


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    return write_clips(tmp_path_factory.mktemp("words"), CLIPS)


@pytest.fixture(scope="module")
def trained(tables, tmp_path_factory):
    return train(tables, tmp_path_factory.mktemp("reader") / "lip_reader")


def test_it_reads_clips_that_it_has_not_seen(tables, trained):
    target = trained.with_name("scores.parquet")
    score_lip_reader(
        model=trained, faces=[tables["faces"]], split=tables["split"], compute=CPU, scores=target
    )
    found = read_frame(target, SCORES).pivot(index="clip", columns="metric", values="value")
    assert sorted(found.index) == ["s1/h0", "s1/h1", "s1/h2", "s1/h3"]
    assert found["wer"].mean() <= 0.1
    network = load_model(trained, network_module.LipReader)
    assert network.read(np.zeros((2, CROP, CROP, 3), np.uint8)) is None
    assert network.knows(("LAY", "c", "soon")) and not network.knows(("lay", "d", "soon"))


def test_it_resumes_bit_for_bit(tables, tmp_path, monkeypatch, caplog):
    short = shorter(80, most_wrong=1)
    unbroken = train(tables, tmp_path / "unbroken", short)
    with monkeypatch.context() as patch:
        stop_after(patch, LipReaderTask, 4)
        with pytest.raises(SystemExit):
            train(tables, tmp_path / "broken", short)
    with caplog.at_level(logging.INFO):
        broken = train(tables, tmp_path / "broken", short)
    assert "resuming from 32 samples" in caplog.text
    assert broken.read_bytes() == unbroken.read_bytes()


def test_a_network_that_guesses_is_refused(tables, tmp_path):
    with pytest.raises(TrainingError, match="% of the words of its own training clips are wrong: it guesses"):
        train(tables, tmp_path / "model", shorter(8, most_wrong=0.2))
    assert not (tmp_path / "model" / "model.safetensors").exists()


def test_a_corpus_without_sentences_of_the_grammar_is_refused(tmp_path):
    tables = write_clips(tmp_path / "silent", [replace(clip, words=[]) for clip in CLIPS])
    with pytest.raises(ValueError, match="none of 16 training clips has a transcript that is a sentence"):
        train(tables, tmp_path / "model")


def test_frames_have_the_word_that_is_spoken_in_their_middle():
    said = Spoken(("bin", "a"), (1, 3), ((0.04, 0.12), (0.16, 0.21)))
    assert frame_tokens(said, 7).tolist() == [0, 1, 1, 0, 3, 0, 0]
    assert len(frame_tokens(said, FRAMES)) == FRAMES


def test_word_errors_are_those_of_jiwer():
    found = word_scores(["bin", "a", "now"], ["bin", "c", "now"])
    assert found["wer"] == (pytest.approx(1 / 3), 3) and found["sentence_right"] == (0.0, 3)
    assert [found[f"word_{place}_wrong"][0] for place in (1, 2, 3)] == [0.0, 1.0, 0.0]
