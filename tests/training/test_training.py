"""The loop: a whole training, what touches its weights and what does not."""

import os
import signal
from pathlib import Path

import pytest
import torch
from resumable_training import TRAINING, SteppingTask, published, saved_samples, train

from talkface.artifacts.schemas import HISTORY
from talkface.artifacts.tables import read_table
from talkface.artifacts.weights import read_metadata, read_tensors
from talkface.training.loop import TrainingError


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory) -> Path:
    """The uninterrupted training that all others have to equal."""
    folder = tmp_path_factory.mktemp("unbroken")
    train(folder)
    return folder


def test_training_learns_publishes_and_clears_up(unbroken):
    rows = read_table(unbroken / "history.parquet", HISTORY).to_pylist()
    losses = [row["value"] for row in rows if row["name"] == "loss"]
    assert len(losses) == 10 and losses[-1] < 0.7 * losses[0]
    assert {row["name"] for row in rows} >= {"learning_rate", "loss/critic", "validation/error", "closing"}
    assert [row["samples"] for row in rows if row["name"] == "loss"][:2] == [104, 208]
    assert sorted(file.name for file in (unbroken / "work").iterdir()) == ["history.csv", "lock"]
    metadata = read_metadata(unbroken / "model.safetensors")
    assert (metadata["stage"], metadata["samples"], metadata["seed"], metadata["threads"]) == (
        "tiny",
        960,
        0,
        1,
    )


def test_another_seed_gives_other_weights(unbroken, tmp_path):
    train(tmp_path, seed=1)
    assert published(tmp_path)[0] != published(unbroken)[0]


def test_saving_and_logging_do_not_touch_the_weights(unbroken, tmp_path):
    train(tmp_path, TRAINING.model_copy(update={"save_every_samples": 8, "log_every_samples": 8}))
    assert published(tmp_path)[0] == published(unbroken)[0]


def test_tensorboard_gets_the_curves_and_changes_nothing(unbroken, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def act(task, context):
        if context.samples == 312:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(SystemExit):
        train(tmp_path, task=SteppingTask(act), tensorboard=True)
    train(tmp_path, tensorboard=True)
    assert published(tmp_path) == published(unbroken)
    events = EventAccumulator(str(tmp_path / "work/tensorboard"))
    events.Reload()
    rows = read_table(tmp_path / "history.parquet", HISTORY).to_pylist()
    for name in ("loss", "validation/error", "learning_rate"):
        shown = [(point.step, point.value) for point in events.Scalars(name)]
        kept = [(row["samples"], pytest.approx(row["value"])) for row in rows if row["name"] == name]
        assert shown == kept


def test_loss_that_is_not_finite_stops_before_any_weight_changes(tmp_path):
    weights = {}

    def act(task, context):
        if context.samples == 168:
            weights["before"] = task.network.layers[4].weight.detach().clone()
            task._data[:] = float("nan")

    task = SteppingTask(act)
    with pytest.raises(
        TrainingError, match=r"tiny: at 168 samples the loss is nan.*'network'.*learning_rate"
    ):
        train(tmp_path, task=task)
    assert torch.equal(task.network.layers[4].weight, weights["before"])
    assert saved_samples(tmp_path) == 160
    assert all(t.isfinite().all() for t in read_tensors(tmp_path / "work" / "state.safetensors")[1].values())


def test_warm_start_begins_with_given_weights(unbroken, tmp_path):
    given = TRAINING.model_copy(update={"warm_start": unbroken / "model.safetensors"})
    seen = {}

    def act(task, context):
        seen["weight"] = task.network.layers[0].weight.detach().clone()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, given, task=SteppingTask(act, given))
    _, wanted = read_tensors(unbroken / "model.safetensors")
    assert torch.equal(seen["weight"], wanted["layers.0.weight"])
