"""Trainings that cannot go on: they say why, change no weight, and keep what was saved."""
# Out of memory on the device belongs here too: declare it in FAULTS when smaller micro-batches exist.

import pytest
from resumable_training import TinyTask, train

from faults.observing import leftovers, run_step
from faults.registry import declare, each
from talkface.training.checkpoint import read_tensors

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
    state, history = folder / "work/state.safetensors", folder / "work/history.jsonl"
    assert all(tensor.isfinite().all() for tensor in read_tensors(state)[1].values())
    if fault.name == "state-truncated":
        state.write_bytes(state.read_bytes()[:-100])
    elif fault.name == "state-emptied":
        state.write_bytes(b"")
    elif fault.name == "history-half-line":
        history.write_text(history.read_text() + '{"samples": 160, "na')
    again = run_step(tmp_path / "log", train, folder=folder)
    assert again.status == 0 and again.errors == []
    if fault.name.startswith("state"):
        assert "tiny: starting from zero" in again.log and "state.safetensors" in again.log
        outcome.observed = "starts from zero: the state is not a readable safetensors file"
    elif fault.name == "history-half-line":
        assert "half-written" in again.log and "going on from 160" in again.log
        outcome.observed = "a half-written line is left out; going on from 160 samples"
    else:
        assert "going on from 160" in again.log
        outcome.observed = f"exit 1: {line}"
    outcome.lost = [name for name, data in unbroken.items() if (folder / name).read_bytes() != data]
    assert outcome.lost == [] and leftovers(folder) == []
    outcome.after = "weights and history are those of an undisturbed training"
