import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from conftest import REPOSITORY
from resumable_training import TRAINING, TinyTask, train
from torch import nn

from talkface.artifacts.schemas import HISTORY
from talkface.artifacts.tables import read_table
from talkface.artifacts.weights import (
    read_metadata,
    read_tensors,
)
from talkface.config import Compute, ConfigError, Training
from talkface.training import seeding
from talkface.training.device import pick_device, pick_precision
from talkface.training.ema import Average
from talkface.training.fingerprint import Length, differences
from talkface.training.loop import TrainingError
from talkface.training.micro_batches import MicroBatches
from talkface.training.schedule import learning_rate

PROGRAM = REPOSITORY / "tests/support/resumable_training.py"


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory) -> Path:
    """The uninterrupted training that all others have to equal."""
    folder = tmp_path_factory.mktemp("unbroken")
    train(folder)
    return folder


def published(folder: Path) -> tuple[bytes, list[dict]]:
    return (folder / "model.safetensors").read_bytes(), read_table(
        folder / "history.parquet", HISTORY
    ).to_pylist()


def saved_samples(folder: Path) -> int:
    header, _ = read_tensors(folder / "work" / "state.safetensors", only_header=True)
    return json.loads(header)["counters"]["samples"]


def wait_until(condition, timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.02)


class SteppingTask(TinyTask):
    """Calls ``act`` at the start of each step."""

    def __init__(self, act, training: Training = TRAINING):
        super().__init__(training)
        self.act = act

    def step(self, indices, context):
        self.act(self, context)
        return super().step(indices, context)


def test_reseeding_repeats_every_generator():
    def draw():
        seeding.reseed(5, 1200)
        return torch.rand(3).tolist(), np.random.rand(3).tolist(), random.random()

    first = draw()
    torch.rand(7), random.random()
    assert draw() == first
    assert len({seeding.derive(0, samples) for samples in range(1000)}) == 1000


# --- schedule, precision, EMA


def test_learning_rate_schedule():
    training = Training(
        samples=1000, batch_size=10, learning_rate=2.0, warmup_samples=100, decay="linear", decay_start=0.5
    )
    assert learning_rate(training, 0) == pytest.approx(0.2)
    assert learning_rate(training, 300) == 2.0
    assert learning_rate(training, 750) == pytest.approx(1.0)
    assert learning_rate(training, 1000) == 0.0
    cosine = training.model_copy(update={"decay": "cosine", "decay_start": 0.0})
    assert learning_rate(cosine, 500) == pytest.approx(1.0)


def test_precision_is_a_choice_of_the_config():
    cpu = torch.device("cpu")
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    native = "bfloat16" if "amx_tile" in flags or "avx512_bf16" in flags else "float32"
    assert pick_precision(Compute(), cpu) == native
    assert pick_precision(Compute(), torch.device("cuda")) == "bfloat16"
    assert pick_precision(Compute(precision="bfloat16"), cpu) == "bfloat16"
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match=r"compute\.device"):
            pick_device(Compute(device="cuda"))


def test_ema_averages_parameters_and_copies_statistics():
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    average = Average(network, halflife_samples=100, ramp=1e9)
    start = network[0].weight.detach().clone()
    with torch.no_grad():
        network[0].weight.add_(1.0)
        network[1].running_mean.fill_(7.0)
        network[1].num_batches_tracked.fill_(3)
    average.update(network, samples=1000, step_samples=100)
    torch.testing.assert_close(average.module[0].weight, start + 0.5)
    assert average.module[1].running_mean.tolist() == [7.0, 7.0]
    assert average.module[1].num_batches_tracked == 3
    assert not average.module.training
    assert Average(network, 1000, ramp=0.1).decay(samples=100, step_samples=10) == pytest.approx(0.5)


# --- the loop


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


def test_a_critic_that_joins_after_a_share_binds_the_length():
    length = Length(samples=200, step_samples=10, turns={"losses.adversarial_start": 0.5})
    assert length.reason_against(seen=50, before=100) is None
    assert "losses.adversarial_start depends on it" in str(length.reason_against(seen=60, before=100))
    assert length.reason_against(seen=60, before=200) is None
    assert not length.may_grow() and Length(200, 10, {}).may_grow()


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


def test_gradient_is_clipped_to_the_limit():
    from talkface.training.task import StepContext

    weight = nn.Parameter(torch.tensor([3.0, 4.0]))
    training = Training(samples=10, batch_size=1, learning_rate=1.0, gradient_clip=0.5)
    context = StepContext(
        "tiny", 0, training, torch.device("cpu"), "float32", {}, {"sgd": torch.optim.SGD([weight], lr=9.0)},
        nn.Identity(), torch.Generator(), np.random.default_rng(0), MicroBatches(None, 1, 1, "tiny"),
    )  # fmt: skip
    context.descend(1, lambda rows: {"loss": 0.5 * weight.square().sum()})
    torch.testing.assert_close(weight.detach(), torch.tensor([3.0 - 0.3, 4.0 - 0.4]))


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


# --- fingerprints


def test_differences_are_named_by_their_path():
    assert differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}, "d": 4}) == ["a.c", "d"]
