"""A training made longer goes on where the schedule allows, and equals one that was long from the start."""

import logging
import os
import signal

import pytest
from resumable_training import TRAINING, SteppingTask, published, saved_samples, train

from talkface.training.fingerprint import Length

CONSTANT = TRAINING.model_copy(update={"decay": "constant", "samples": 480})  # ends between two log lines
LONGER = CONSTANT.model_copy(update={"samples": 960})


def test_a_longer_training_goes_on_and_equals_one_that_was_long_from_the_start(tmp_path, caplog):
    train(tmp_path / "whole", LONGER)
    folder = tmp_path / "grown"
    train(folder, CONSTANT)
    assert saved_samples(folder) == 480
    for name in ("model.safetensors", "history.parquet"):
        (folder / name).unlink()  # as Snakemake does before it runs a rule again
    first = []

    def note(task, context):
        first.append(context.samples)

    with caplog.at_level(logging.INFO):
        train(folder, LONGER, task=SteppingTask(note, LONGER))
    assert first[0] == 480 and "resuming from 480 samples" in caplog.text
    assert published(folder) == published(tmp_path / "whole")
    assert (folder / "work/history.csv").read_text() == (tmp_path / "whole/work/history.csv").read_text()


def test_a_finished_training_whose_files_are_gone_is_published_again(tmp_path):
    train(tmp_path, CONSTANT)
    before = published(tmp_path)
    (tmp_path / "model.safetensors").unlink()

    def act(task, context):
        raise AssertionError("trained again")

    train(tmp_path, CONSTANT, task=SteppingTask(act, CONSTANT))
    assert published(tmp_path) == before


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (LONGER, CONSTANT, "it has seen 960 samples already, and training.samples is now 480"),
        (
            CONSTANT,
            LONGER.model_copy(update={"learning_rate": 2e-2}),
            "differs in config.training.learning_rate",
        ),
        (CONSTANT, LONGER.model_copy(update={"decay": "linear"}), "differs in config.training.decay"),
    ],
)
def test_what_cannot_go_on_starts_from_zero_and_says_why(tmp_path, caplog, old, new, reason):
    train(tmp_path / "run", old)
    with caplog.at_level(logging.WARNING):
        train(tmp_path / "run", new)
    assert "starting from zero" in caplog.text and reason in caplog.text
    train(tmp_path / "whole", new)
    assert published(tmp_path / "run") == published(tmp_path / "whole")


def test_a_decay_goes_on_only_until_it_begins(tmp_path, caplog):
    """A state in the constant part of the schedule is on the longer training's way, a later one is not."""
    short = TRAINING.model_copy(update={"decay": "linear", "decay_start": 0.5, "samples": 480})
    longer = short.model_copy(update={"samples": 960})
    train(tmp_path / "whole", longer)
    for stop, goes_on in ((240, True), (256, False)):

        def act(task, context, stop=stop):
            if context.samples == stop - 8:
                os.kill(os.getpid(), signal.SIGTERM)

        folder = tmp_path / str(stop)
        with pytest.raises(SystemExit):
            train(folder, short, task=SteppingTask(act, short))
        caplog.clear()
        with caplog.at_level(logging.INFO):
            train(folder, longer)
        assert (f"resuming from {stop} samples" in caplog.text) == goes_on
        assert ("training.decay (linear) depends on it" in caplog.text) != goes_on
        assert published(folder) == published(tmp_path / "whole")


def test_the_state_of_a_finished_training_is_kept_only_where_it_is_of_use(tmp_path):
    for name, training, kept in (("constant", CONSTANT, True), ("cosine", TRAINING, False)):
        train(tmp_path / name, training)
        assert (tmp_path / name / "work/state.safetensors").exists() == kept
    train(tmp_path / "unkept", CONSTANT, keep_state=False)
    assert not (tmp_path / "unkept/work/state.safetensors").exists()


@pytest.mark.parametrize(
    ("changes", "kept", "reason"),
    [
        ({"decay": "cosine"}, True, "training.decay (cosine) depends on its length"),
        ({}, False, "compute.keep_state is false"),
    ],
)
def test_who_makes_a_training_longer_that_kept_no_state_is_told_why(tmp_path, caplog, changes, kept, reason):
    short, longer = (training.model_copy(update=changes) for training in (CONSTANT, LONGER))
    train(tmp_path / "run", short, keep_state=kept)
    with caplog.at_level(logging.WARNING):
        train(tmp_path / "run", longer, keep_state=kept)
    assert "starting from zero: no state is left of the 480 samples" in caplog.text and reason in caplog.text
    train(tmp_path / "whole", longer)
    assert published(tmp_path / "run") == published(tmp_path / "whole")
    caplog.clear()
    train(tmp_path / "run", longer, keep_state=kept)
    assert "starting from zero" not in caplog.text


def test_a_critic_that_joins_after_a_share_binds_the_length():
    length = Length(samples=200, step_samples=10, turns={"losses.adversarial_start": 0.5})
    assert length.reason_against(seen=50, before=100) is None
    assert "losses.adversarial_start depends on it" in str(length.reason_against(seen=60, before=100))
    assert length.reason_against(seen=60, before=200) is None
    assert not length.may_grow() and Length(200, 10, {}).may_grow()
