"""A training that was interrupted goes on and equals one that was not; a changed one starts from zero."""

import logging
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from conftest import REPOSITORY
from resumable_training import TRAINING, SteppingTask, published, saved_samples, train, wait_until

from talkface.training.fingerprint import differences

PROGRAM = REPOSITORY / "tests/support/resumable_training.py"


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory) -> Path:
    """The uninterrupted training that all others have to equal."""
    folder = tmp_path_factory.mktemp("unbroken")
    train(folder)
    return folder


@pytest.mark.slow
def test_killed_at_random_moments_and_resumed_equals_unbroken(unbroken, tmp_path):
    moments = random.Random(os.getpid())
    state = tmp_path / "work" / "state.safetensors"
    reached = [0]
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, PROGRAM, tmp_path, "--pause", "0.06"], stderr=subprocess.DEVNULL
        )
        wait_until(lambda: state.exists() and saved_samples(tmp_path) > reached[-1])
        time.sleep(moments.uniform(0.0, 0.3))
        child.kill()
        assert child.wait() == -signal.SIGKILL, "the training was over before the kill: slow it down"
        reached.append(saved_samples(tmp_path))
    assert reached == sorted(set(reached)) and reached[-1] < TRAINING.samples
    train(tmp_path)
    assert published(tmp_path) == published(unbroken)


def test_sigterm_saves_and_says_so(unbroken, tmp_path, caplog):
    def act(task, context):
        if context.samples == 200:
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    with caplog.at_level(logging.WARNING), pytest.raises(SystemExit) as stop:
        train(tmp_path, task=SteppingTask(act))
    assert stop.value.code == 1 and "saved at 208 samples, run again to resume" in caplog.text
    assert signal.getsignal(signal.SIGTERM) is before
    assert saved_samples(tmp_path) == 208 and not (tmp_path / "model.safetensors").exists()
    train(tmp_path)
    assert published(tmp_path) == published(unbroken)


@pytest.mark.slow
def test_training_dies_with_its_snakemake_and_the_next_goes_on(unbroken, tmp_path, caplog):
    """snakemake -> bash -> python, as Snakemake starts a script; kill -9 reaches the first alone."""
    stand_in = tmp_path / "snakemake"
    command = f"'{sys.executable}' '{PROGRAM}' '{tmp_path}' --pause 0.1; exit $?"
    stand_in.write_text(f"import subprocess\nsubprocess.run(['bash', '-c', {command!r}])\n")
    parent = subprocess.Popen([sys.executable, stand_in], stderr=subprocess.DEVNULL)
    lock, state = tmp_path / "work" / "lock", tmp_path / "work" / "state.safetensors"
    wait_until(lambda: lock.exists() and lock.read_text().endswith("\n") and state.exists())
    orphan = psutil.Process(int(lock.read_text().split()[0]))
    assert orphan.ppid() != parent.pid, "the chain has a shell in it"
    parent.kill()
    parent.wait()
    with caplog.at_level(logging.INFO):
        train(tmp_path)  # waits for the orphan to save and let go of the lock
    assert "resuming from" in caplog.text
    psutil.wait_procs([orphan], timeout=20)
    assert not orphan.is_running()
    assert published(tmp_path) == published(unbroken)


def test_failing_publication_is_repeated_without_training_again(unbroken, tmp_path, monkeypatch):
    import resumable_training

    def refuse(*_):
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(resumable_training, "save_model", refuse)
        with pytest.raises(OSError, match="disk full"):
            train(tmp_path)

    def act(task, context):
        raise AssertionError("trained again")

    train(tmp_path, task=SteppingTask(act))
    assert published(tmp_path) == published(unbroken)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"code": "2"}, "code"),
        ({"seed": 1}, "compute.seed"),
        ({"training": TRAINING.model_copy(update={"learning_rate": 2e-2})}, "config.training.learning_rate"),
    ],
)
def test_a_changed_run_starts_from_zero_and_names_the_change(tmp_path, caplog, change, named):
    def stop(task, context):
        if context.samples == 80:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, task=SteppingTask(stop))
    assert saved_samples(tmp_path) == 80
    started = []

    def note(task, context):
        started.append(context.samples)
        raise KeyboardInterrupt

    with caplog.at_level(logging.WARNING), pytest.raises(KeyboardInterrupt):
        train(tmp_path, task=SteppingTask(note), **change)
    assert started == [0]
    assert f"starting from zero: the saved state differs in {named}" in caplog.text


def test_differences_are_named_by_their_path():
    assert differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}, "d": 4}) == ["a.c", "d"]
