"""kill -9 of a training job and of snakemake itself, then unlock and the same command: the same weights."""

import os
import random
import signal
import subprocess
import time

import psutil
import pytest
from edits import NOTHING
from safetensors.numpy import load_file
from workspace import command, copy_workspace, environment, snakemake

pytestmark = pytest.mark.slow

MODEL = "results/micro/micro/train/audio_to_au/shared/seed-0/model.safetensors"
WORK = "work/micro/micro/audio_to_au/shared/seed-0"
LONGER = ("--config", "audio_to_au={training: {samples: 6000, save_every_samples: 400}}", "--", MODEL)
SCRIPT = "train_audio_to_au.py"


def trainers(folder) -> list[psutil.Process]:
    """The processes that run the stage's script in this workspace."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(SCRIPT in part for part in process.cmdline()) and process.cwd() == str(folder):
                found.append(process)
        except psutil.Error:
            continue
    return found


def start(folder) -> subprocess.Popen:
    return subprocess.Popen(
        command("--cores", "1", *LONGER),
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait_for(condition, what: str, timeout_s: float = 240.0):
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    pytest.fail(f"{what}: not within {timeout_s:.0f} s")


def saved_at(folder) -> float:
    """When the stage's resume state was last written; 0 without one."""
    state = folder / WORK / "state.safetensors"
    return state.stat().st_mtime if state.exists() else 0.0


@pytest.fixture(scope="module")
def untrained(finished_micro, tmp_path_factory):
    """A finished micro demo without the stage's model, and the weights of an uninterrupted longer run."""
    folder = copy_workspace(finished_micro, tmp_path_factory.mktemp("kill") / "whole")
    (folder / MODEL).unlink()
    done = snakemake(folder, "--cores", "1", *LONGER)
    assert done.returncode == 0, done.stdout[-3000:]
    weights = load_file(folder / MODEL)
    (folder / MODEL).unlink()
    return folder, weights


def test_killed_at_random_moments_the_weights_are_the_same(untrained, tmp_path):
    finished, expected = untrained
    folder = copy_workspace(finished, tmp_path / "killed")
    moments = random.Random(0)
    # Between the starts the code is edited where it cannot change a result.
    edits = [edit for edit in NOTHING if "training" in edit.file]
    assert len(edits) > 5
    for victim, moment in (("snakemake", "training"), ("trainer", "training"), ("snakemake", "importing")):
        before = saved_at(folder)
        running = start(folder)
        [trainer] = wait_for(lambda: trainers(folder), "the stage's start")
        if moment == "training":
            wait_for(lambda before=before: saved_at(folder) > before, "a further saved state")
        time.sleep(moments.uniform(0.0, 0.3))
        assert running.poll() is None, "the run ended before it was killed: make it longer"
        os.kill(running.pid if victim == "snakemake" else trainer.pid, signal.SIGKILL)
        running.wait()
        if victim == "snakemake":
            # At once, while the orphan may still live: the next start waits for it.
            snakemake(folder, "--unlock")
        assert not (folder / MODEL).exists()
        assert saved_at(folder) > 0

    for edit in edits:
        edit.apply(folder)
    snakemake(folder, "--unlock")
    done = snakemake(folder, "--cores", "1", *LONGER)
    assert done.returncode == 0, done.stdout[-3000:]
    log = (folder / "logs/micro/micro/train_audio_to_au/seed-0.log").read_text()
    assert "resuming from" in log and "starting from zero" not in log, log
    found = load_file(folder / MODEL)
    assert found.keys() == expected.keys()
    assert all((found[name] == expected[name]).all() for name in expected)
    wait_for(lambda: not trainers(folder), "the end of every trainer", timeout_s=60)


def test_an_orphan_ends_and_a_second_start_never_writes_beside_it(untrained, tmp_path):
    finished, _ = untrained
    folder = copy_workspace(finished, tmp_path / "orphan")
    first = start(folder)
    [orphan] = wait_for(lambda: trainers(folder), "the stage's start")
    wait_for(lambda: saved_at(folder), "the first saved state")
    lock = folder / WORK / "lock"
    assert lock.read_text().split()[0] == str(orphan.pid)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    snakemake(folder, "--unlock")
    second = start(folder)
    try:
        owner = wait_for(
            lambda: set(lock.read_text().split()[:1]) - {str(orphan.pid)}, "the second writer's turn"
        )
        assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE, "two writers"
        assert owner == {str(process.pid) for process in trainers(folder)}
    finally:
        os.kill(second.pid, signal.SIGKILL)
        second.wait()
    wait_for(lambda: not trainers(folder), "the end of both trainers", timeout_s=60)
