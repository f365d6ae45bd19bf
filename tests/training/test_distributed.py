"""One training in two processes: the same curve and weights, another number goes on, and all end together."""

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from configurations import DEFAULT, refused
from conftest import REPOSITORY
from tiny_stages import STAGES, Stages, curves

from talkface.artifacts.weights import read_metadata, read_tensors
from talkface.config import Compute, merge, validate
from talkface.jobs.train_renderer import train_renderer
from talkface.models.denoiser import Denoiser
from talkface.training import parallel
from talkface.training.errors import TrainingError
from talkface.training.launch import across_processes
from talkface.training.signals import FORWARDED
from talkface.training.tasks.renderer import RendererTask

RTOL = 1e-4
"""Of every logged quantity, against one process, over twelve steps in float32."""


@pytest.fixture(scope="module")
def stages(tmp_path_factory) -> Stages:
    return Stages(tmp_path_factory.mktemp("stages"))


@pytest.fixture(scope="module")
def alone(stages, tmp_path_factory) -> Path:
    """The renderer trained by one process."""
    return stages.run("renderer", tmp_path_factory.mktemp("alone"))


def assert_same(model: Path, other: Path, rtol: float = RTOL) -> None:
    """Equal curves and weights; a bias that a batch norm takes out again is moved by rounding alone."""
    found, wanted = curves(model), curves(other)
    assert found.index.equals(wanted.index)
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=1e-5)
    (_, mine), (_, theirs) = read_tensors(model), read_tensors(other)
    free = {name for name in mine if "convolutions" in name and "audio_encoder" in name and "bias" in name}
    for name in set(mine) - free - {name for name in mine if name.endswith("running_mean")}:
        torch.testing.assert_close(mine[name], theirs[name], rtol=1e-2, atol=1e-4, msg=name)


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(stages, alone, tmp_path, caplog):
    """The real renderer: batch norm, dropout, noise, an average and the gradient's clipping."""
    with caplog.at_level(logging.INFO):
        together = stages.run("renderer", tmp_path, processes=2)
    assert_same(together, alone)
    assert read_metadata(together)["processes"] == 2 and read_metadata(alone)["processes"] == 1
    assert "renderer: 2 processes, cpu" in caplog.text
    assert "renderer samples: 192 of 192 (100 %)" in caplog.text, "the first process's log arrives here, once"
    assert caplog.text.count("(100 %)") == 1
    left = sorted(file.name for file in (tmp_path / "work").iterdir())
    assert left == ["history.csv", "lock", "state.safetensors"], "a longer training can go on from there"


@pytest.mark.full
@pytest.mark.parametrize("stage", [name for name in STAGES if name != "renderer"])
def test_every_stage_learns_in_two_processes_what_it_learns_in_one(stages, tmp_path, stage):
    one, two = (stages.run(stage, tmp_path / str(number), processes=number) for number in (1, 2))
    found, wanted = curves(two), curves(one)
    assert found.index.equals(wanted.index)
    # means over a process's frames of what is no mean: logged, never descended
    logged = found.index.get_level_values("name").isin(["codes_used"])
    np.testing.assert_allclose(found[~logged], wanted[~logged], rtol=5e-3, atol=1e-4)


def half(**arguments) -> None:
    """The renderer, whose job gets SIGTERM in the middle; the launcher tells its processes."""
    step = RendererTask.step

    def interrupted(self, indices, context):
        if context.samples == 80 and parallel.size() == 1:
            os.kill(os.getpid(), signal.SIGTERM)
        elif context.samples == 80 and parallel.rank() == 0:
            os.kill(os.getppid(), signal.SIGTERM)
            while callable(signal.getsignal(FORWARDED)):  # until it has arrived here
                time.sleep(0.01)
        return step(self, indices, context)

    RendererTask.step = interrupted  # type: ignore[method-assign]
    try:
        train_renderer(**arguments)
    finally:
        RendererTask.step = step  # type: ignore[method-assign]


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1)])
def test_another_number_of_processes_goes_on(stages, alone, tmp_path, caplog, before, after):
    with caplog.at_level(logging.INFO):
        with pytest.raises(SystemExit):
            stages.run("renderer", tmp_path, processes=before, function=across_processes(half))
        assert "renderer: saved at 96 samples" in caplog.text
        model = stages.run("renderer", tmp_path, processes=after)
    assert "renderer: resuming from 96 samples" in caplog.text
    assert_same(model, alone)


@pytest.mark.slow
def test_a_killed_process_ends_all_and_the_next_run_goes_on(stages, alone, tmp_path):
    """kill -9 of one: the launcher ends the others and says so; what is saved is whole."""
    program = "\n".join(
        (
            f"import sys; sys.path[:0] = {[str(REPOSITORY / n) for n in ('tests', 'tests/support')]!r}",
            "from pathlib import Path; from tiny_stages import Stages",
            f"Stages(Path({str(tmp_path / 'tables')!r})).run('renderer', Path({str(tmp_path)!r}), 2,",
            "    samples=192_000, save_every_samples=16)",
        )
    )
    launcher = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    state = tmp_path / "work" / "state.safetensors"
    wait_until(state.exists, launcher)
    workers = [
        child
        for child in psutil.Process(launcher.pid).children()
        if "spawn_main" in " ".join(child.cmdline())
    ]
    assert len(workers) == 2
    workers[1].kill()
    _, said = launcher.communicate(timeout=60)
    assert launcher.returncode == 1 and "TrainingError" in said and "was ended by SIGKILL" in said
    assert not psutil.wait_procs(workers, timeout=10)[1]
    _, tensors = read_tensors(state)
    assert all(tensor.isfinite().all() for tensor in tensors.values() if tensor.is_floating_point())
    assert not (tmp_path / "model.safetensors").exists()


def wait_until(condition, process: subprocess.Popen, timeout_s: float = 300.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.05)


def broken(**arguments) -> None:
    """The renderer with a loss that is no number."""

    def losses(self, *_):
        return {"loss": sum(p.sum() for p in self.network.parameters()) * float("nan")}

    RendererTask._losses = losses  # type: ignore[method-assign,assignment]
    train_renderer(**arguments)


@pytest.mark.slow
def test_a_mistake_in_a_process_is_one_line_here(stages, tmp_path):
    with pytest.raises(TrainingError, match=r"^renderer: at 0 samples the loss is nan.*learning_rate"):
        stages.run("renderer", tmp_path, processes=2, function=across_processes(broken))


def cramped(**arguments) -> None:
    """The renderer where a process has memory for four frames at once."""
    forward = Denoiser.forward

    def limited(self, x, *rest):
        if self.training and len(x) > 4:
            raise torch.OutOfMemoryError(f"no memory for {len(x)} frames")
        return forward(self, x, *rest)

    Denoiser.forward = limited  # type: ignore[method-assign]
    train_renderer(**arguments)


@pytest.mark.full
def test_processes_out_of_memory_start_again_with_less(stages, alone, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        model = stages.run("renderer", tmp_path, processes=2, function=across_processes(cramped))
    assert "renderer: out of memory with 2 items at once: continuing with 1 at once" in caplog.text
    losses = curves(model)["loss"], curves(alone)["loss"]
    assert all(abs(mine / theirs - 1) < 0.05 for mine, theirs in zip(*losses, strict=True))


def test_a_batch_that_the_processes_cannot_share_is_refused_by_both_names():
    message = refused({"compute": {"processes": 3}, "autoencoder": {"training": {"batch_size": 8}}})
    assert "compute.processes: 3 processes cannot share" in message and "training.batch_size" in message


def test_the_number_of_processes_is_no_parameter_of_a_rule():
    config = validate(merge(DEFAULT, {"compute": {"processes": 1}}))
    assert "processes" not in config.compute.model_dump(mode="json")
    assert Compute.model_validate(config.compute.model_dump() | {"processes": 2}).processes == 2
