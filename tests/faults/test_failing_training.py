"""Trainings that cannot go on: they say why, change no weight, and keep what was saved."""

import pytest
import torch
from resumable_training import TinyTask, train

from faults.observing import leftovers, run_step
from faults.registry import declare, each
from talkface.artifacts.weights import read_tensors

FAULTS = declare(
    "Training",
    (
        "nan-data",
        "a batch holds NaN at 168 samples",
        "one line; the saved state is finite; then as undisturbed",
    ),
    ("state-truncated", "the resume state is cut in half", "starts from zero, says so; then as undisturbed"),
    ("state-emptied", "the resume state has 0 bytes", "starts from zero, says so; then as undisturbed"),
    (
        "history-half-line",
        "the history's last line is half-written",
        "the line is left out; then as undisturbed",
    ),
)

MEMORY = declare(
    "Training",
    (
        "out-of-memory",
        "from 168 samples on the device has room for half a batch",
        "half as many at once, the same effective batch, said once",
    ),
)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken")
    train(folder)
    return {name: (folder / name).read_bytes() for name in ("model.safetensors", "history.parquet")}


class Stopping(TinyTask):
    """Runs into NaN at 168 samples."""

    def step(self, indices, context):
        if context.samples == 168:
            self._data[:] = float("nan")
        return super().step(indices, context)


@each(FAULTS)
def test_training(fault, unbroken, tmp_path, outcome):
    folder = tmp_path / "run"
    ended = run_step(tmp_path / "log", train, folder=folder, task=Stopping())
    line = ended.line()
    assert "tiny: at 168 samples the loss is nan" in line and "training.learning_rate" in line
    assert not (folder / "model.safetensors").exists()
    state, history = folder / "work/state.safetensors", folder / "work/history.csv"
    assert all(tensor.isfinite().all() for tensor in read_tensors(state)[1].values())
    if fault.name == "state-truncated":
        state.write_bytes(state.read_bytes()[:-100])
    elif fault.name == "state-emptied":
        state.write_bytes(b"")
    elif fault.name == "history-half-line":
        history.write_text(history.read_text() + "160,lo")
    again = run_step(tmp_path / "log", train, folder=folder)
    assert again.status == 0 and again.errors == []
    if fault.name.startswith("state"):
        assert "tiny: starting from zero" in again.log and "state.safetensors" in again.log
        outcome.observed = "starts from zero: the state is not a readable safetensors file"
    elif fault.name == "history-half-line":
        assert "half-written" in again.log and "resuming from 160" in again.log
        outcome.observed = "a half-written line is left out; resuming from 160 samples"
    else:
        assert "resuming from 160" in again.log
        outcome.observed = f"exit 1: {line}"
    outcome.lost = [name for name, data in unbroken.items() if (folder / name).read_bytes() != data]
    assert outcome.lost == [] and leftovers(folder) == []
    outcome.after = "weights and history are those of an undisturbed training"


class Cramped(TinyTask):
    """From 168 samples on its network has no room for more than half a batch."""

    def step(self, indices, context):
        if context.samples == 168:
            forward = self.network.forward

            def limited(x):
                if len(x) > 4:
                    raise torch.OutOfMemoryError("no memory")
                return forward(x)

            self.network.forward = limited
        return super().step(indices, context)


@pytest.mark.slow
@each(MEMORY)
def test_out_of_memory(fault, unbroken, tmp_path, outcome):
    folder = tmp_path / "run"
    ended = run_step(tmp_path / "log", train, folder=folder, task=Cramped())
    said = "out of memory with 8 samples at once: continuing with 4 at once, the effective batch stays 8"
    assert ended.status == 0 and ended.log.count(said) == 1
    assert all(tensor.isfinite().all() for tensor in read_tensors(folder / "model.safetensors")[1].values())
    outcome.observed = f"the training ends; {said}"
    outcome.lost = leftovers(folder)
    (folder / "model.safetensors").unlink()
    assert run_step(tmp_path / "log", train, folder=folder).status == 0
    assert {name: (folder / name).read_bytes() for name in unbroken} == unbroken
    outcome.after = "with room for it, weights and history are those of an undisturbed training"
