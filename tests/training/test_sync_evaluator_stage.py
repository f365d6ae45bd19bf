"""The sync evaluator on drawn lips: learns what belongs together, resumes, stops where nothing does."""

import logging

import numpy as np
import pytest
from drawn_lips import lips_and_sound, write_clips
from tiny_corpus import CROP
from tiny_training import CPU, stop_after

from talkface.artifacts.schemas import HISTORY, SCORES
from talkface.artifacts.tables import read_frame, read_metadata
from talkface.artifacts.weights import load_model
from talkface.config import Corpus, SyncEvaluator
from talkface.evaluation.evaluator_quality import sha256_of
from talkface.jobs.score_sync_evaluator import score_sync_evaluator
from talkface.jobs.tabulate_evaluators import tabulate_evaluators
from talkface.jobs.train_sync_evaluator import train_sync_evaluator
from talkface.models import sync_evaluator as network_module
from talkface.training.errors import TrainingError
from talkface.training.tasks.sync_evaluator import SyncEvaluatorTask

SETTINGS = SyncEvaluator.model_validate(
    {
        "width": 8,
        "embedding": 32,
        "clips_per_group": 3,
        "windows_per_clip": 8,
        "picture": {"shift": 0.02},
        "training": {
            "samples": 9600, "batch_size": 2, "learning_rate": 3e-3, "warmup_samples": 480,
            "ema_halflife_samples": 480, "log_every_samples": 2400, "save_every_samples": 480,
        },
    }
)  # fmt: skip
CLIPS = [
    *(lips_and_sound(f"s1/t{number}", "train", number) for number in range(8)),
    *(lips_and_sound(f"s1/h{number}", "seen_test", 20 + number) for number in range(3)),
]


def train(tables, folder, settings=SETTINGS):
    train_sync_evaluator(
        split=tables["split"], faces=[tables["faces"]], landmarks=[tables["landmarks"]], mel=[tables["mel"]],
        crop_size=CROP, sync_evaluator=settings, compute=CPU, code="1", model=folder / "model.safetensors",
        history=folder / "history.parquet", work=folder / "work",
    )  # fmt: skip
    return folder / "model.safetensors"


def shorter(samples: int, **changes) -> SyncEvaluator:
    training = SETTINGS.training.model_copy(update={"samples": samples})
    return SETTINGS.model_copy(update={"training": training, **changes})


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    return write_clips(tmp_path_factory.mktemp("lips"), CLIPS)


@pytest.fixture(scope="module")
def trained(tables, tmp_path_factory):
    return train(tables, tmp_path_factory.mktemp("sync") / "sync_evaluator")


@pytest.fixture(scope="module")
def scored(tables, trained):
    target = trained.with_name("scores.parquet")
    score_sync_evaluator(
        model=trained, faces=[tables["faces"]], mel=[tables["mel"]], split=tables["split"], compute=CPU,
        scores=target,
    )  # fmt: skip
    return target


def test_it_finds_offsets_on_clips_that_it_has_not_seen(scored):
    found = read_frame(scored, SCORES).pivot(index="clip", columns="metric", values="value")
    assert sorted(found.index) == ["s1/h0", "s1/h1", "s1/h2"]
    assert (found["offset"] == 0).all() and (found["shifts_found"] >= 0.9).all()
    assert (found["in_order"] == 1).all()
    assert (found["lse_c"] > 2 * found["lse_c_other"]).all() and (found["lse_d"] < found["lse_d_other"]).all()


def test_its_table_says_how_good_it_is_and_which_it_is(scored, trained, tmp_path):
    csv, markdown = tmp_path / "evaluators.csv", tmp_path / "evaluators.md"
    tabulate_evaluators(scores=[scored], corpus=Corpus(), networks="", csv=csv, markdown=markdown)
    assert sha256_of(trained) in markdown.read_text()
    header, whole, _ = csv.read_text().splitlines()
    assert header.startswith("evaluator,subset,speaker,clips,offset_0_percent")
    assert whole.startswith("sync_evaluator,seen_test,all,3,100")
    assert read_metadata(scored)["evaluator_sha256"] == sha256_of(trained)


def test_it_says_the_datas_own_offset_first(trained, caplog):
    history = read_frame(trained.with_name("history.parquet"), HISTORY)
    closing = history[history.name.isin(["data/offset_frames", "final/accuracy"])].set_index("name").value
    assert abs(closing["data/offset_frames"]) <= 1 and closing["final/accuracy"] > 0.5


def test_it_resumes_bit_for_bit(tables, tmp_path, monkeypatch, caplog):
    short = shorter(480, least_gain=0)
    unbroken = train(tables, tmp_path / "unbroken", short)
    with monkeypatch.context() as patch:
        stop_after(patch, SyncEvaluatorTask, 4)
        with pytest.raises(SystemExit):
            train(tables, tmp_path / "broken", short)
    with caplog.at_level(logging.INFO):
        broken = train(tables, tmp_path / "broken", short)
    assert "resuming from 192 samples" in caplog.text
    assert broken.read_bytes() == unbroken.read_bytes()


def test_a_loss_at_chance_stops_loudly(tmp_path):
    clips = [lips_and_sound(f"s1/u{number}", "train", number, related=False) for number in range(40, 48)]
    tables = write_clips(tmp_path / "unrelated", clips)
    settings = shorter(480, least_gain=0.5)
    with pytest.raises(TrainingError, match=r"ln 24 = 3\.178 is chance: .* Check that the clips'"):
        train(tables, tmp_path / "model", settings)
    assert not (tmp_path / "model" / "model.safetensors").exists()


def test_two_clips_are_needed(tmp_path):
    tables = write_clips(tmp_path / "one", [CLIPS[0], CLIPS[-1]])
    with pytest.raises(ValueError, match="1 training clips have more than 5 frames"):
        train(tables, tmp_path / "model")


def test_windows_of_a_clip_are_those_with_all_their_sound(trained):
    network = load_model(trained, network_module.SyncEvaluator)
    assert network.windows(75, 301) == 71
    assert network.windows(75, 200) == 46  # 46 windows begin at hops 0 to 180
    assert network.windows(4, 301) == 0 and network.windows(75, 10) == 0
    clip = CLIPS[-1]
    lips = network.clip_lips(clip.images, 56)
    assert lips.shape == (56, 32) and np.allclose(np.linalg.norm(lips, axis=1), 1, atol=1e-5)
    # A window's embedding is the same whichever clip it stands in.
    assert np.allclose(network.clip_lips(clip.images[3:], 50), lips[3:53], atol=1e-5)
    sound = network.clip_sound(clip.mel, 56)
    assert np.allclose(network.clip_sound(clip.mel[12:], 50), sound[3:53], atol=1e-5)
