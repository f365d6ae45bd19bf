"""The one training loop: exact resume, learning-rate schedule, EMA, mixed precision, history.

How a stage uses it::

    class AutoencoderTask(Task):
        published = "autoencoder"                     # which module becomes model.safetensors (and is averaged)

        def __init__(self, frames, network, training, device): # build modules on the device, then the optimisers
            self.modules = {"autoencoder": network}   # everything with parameters or buffers that training changes
            self.optimizers = {"main": build_optimizer(network.parameters(), training)}
            self.size = len(frames)                   # items that the sampler draws from
            self.samples_per_item = 1                 # e.g. the frames of one window

        def step(self, indices, context):             # one batch of item indices, in a shuffled, endless order
            with context.autocast():
                loss = ...
            context.update(loss)                      # zero_grad, backward, clip, scheduled learning rate, step
            return {"loss": loss, "loss/edges": ...}  # averaged over the log interval

    def publish(finished: Finished) -> None:
        finished.record("mask/mean", 0.4)             # closing rows of the history
        save_model(model, finished.module, finished.module.settings, finished.metadata)

    seeding.reseed(seed)                              # before the networks are built: their initial weights
    run(task, section.training, compute, seed=seed, work=work, history=history,
        fingerprint=describe(section, code=code, data={"faces": faces}), what="autoencoder", publish=publish)

Every random number of a step comes from the global generators, ``context.generator`` or ``context.rng``; all are
seeded anew from (seed, samples seen) at every step. A step must keep nothing of its own between calls but what is
in ``modules`` and ``optimizers``: then a killed and resumed run equals the uninterrupted one bit for bit at the same
thread count on one machine.
"""

from __future__ import annotations

import logging
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn
from torch.optim import Optimizer

from talkface.config import Compute, Training
from talkface.data.sampler import ShuffledStream
from talkface.logs import ProgressMeter
from talkface.schemas import HISTORY
from talkface.tables import write_table
from talkface.training import seeding, state
from talkface.training.checkpoint import load_weights
from talkface.training.device import autocast, pick_precision, prepare
from talkface.training.ema import Average
from talkface.training.lock import die_with_snakemake, exclusive
from talkface.training.schedule import learning_rate

logger = logging.getLogger(__name__)

_SAVE_EVERY_S = 60.0
_LINE_EVERY_S = 20.0
Values = Mapping[str, "float | torch.Tensor"]


class TrainingError(ValueError):
    """A training that cannot go on: a loss or gradient that is not finite, a collapsed network."""


class Task(Protocol):
    """What a stage hands to the loop; subclass it for the defaults."""

    published: str  # key of the module that is averaged, warm-started and published
    modules: dict[str, nn.Module]
    optimizers: dict[str, Optimizer]
    size: int
    samples_per_item: int = 1

    def step(self, indices: list[int], context: StepContext) -> Values:
        """Learn from a batch; returns 0-d quantities, averaged over each logging interval."""
        ...

    def validate(self, context: StepContext) -> Values:
        """Quantities measured at every log line, named ``validation/...`` in the history."""
        return {}


@dataclass
class StepContext:
    """What one step may use beside its batch."""

    what: str
    samples: int  # seen before this step
    training: Training
    device: torch.device
    precision: str
    optimizers: Mapping[str, Optimizer]
    network: nn.Module  # the published module: its average in `validate`, itself in `step`
    generator: torch.Generator  # on the CPU
    rng: np.random.Generator

    def autocast(self) -> AbstractContextManager:
        """Mixed precision of the ``compute`` section."""
        return autocast(self.device, self.precision)

    def update(self, loss: torch.Tensor, optimizer: str = "main", clip: float | None = None) -> None:
        """One descent step: zero_grad, backward, clip (default: ``gradient_clip``), scheduled rate, step.

        Raises ``TrainingError`` before any weight changes when the loss or its gradient is not finite.
        """
        chosen = self.optimizers[optimizer]
        chosen.zero_grad(set_to_none=True)
        loss.backward()
        gradients = [p.grad for group in chosen.param_groups for p in group["params"] if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        if not bool(torch.isfinite(norm) & torch.isfinite(loss.detach())):
            raise TrainingError(
                f"{self.what}: at {self.samples} samples the loss is {loss.item():g} with a gradient of norm "
                f"{norm.item():g} ('{optimizer}'); lower training.learning_rate or set training.gradient_clip"
            )
        limit = self.training.gradient_clip if clip is None else clip
        if limit is not None:
            shrink = torch.clamp(limit / (norm + 1e-6), max=1.0)
            for gradient in gradients:
                gradient.mul_(shrink)
        rate = learning_rate(self.training, self.samples)
        for group in chosen.param_groups:
            group["lr"] = rate * group.get("lr_scale", 1.0)
        chosen.step()


@dataclass
class Finished:
    """A training at its end, handed to ``publish``."""

    module: nn.Module  # final weights (the average where one is kept), in evaluation mode
    samples: int
    device: torch.device
    metadata: dict[str, Any]  # for the header of model.safetensors
    record: Callable[[str, float], None]  # add a closing row to the history


def run(
    task: Task,
    training: Training,
    compute: Compute,
    *,
    seed: int,
    work: Path,
    history: Path,
    fingerprint: Mapping[str, Any],
    what: str,
    publish: Callable[[Finished], None],
) -> None:
    """Train ``task`` to ``training.samples``, publish its model, then write ``history`` (schema HISTORY).

    Goes on from the state under ``work`` when its fingerprint is the same. SIGTERM or SIGINT saves and exits with
    code 1. Raises ``TrainingError`` (not finite) and ``BusyError`` (another process holds ``work``).
    """
    device = prepare(compute)
    precision = pick_precision(compute, device)
    numbers = {
        "seed": seed,
        "threads": torch.get_num_threads(),
        "device": device.type,
        "precision": precision,
    }
    numbers |= {"torch": torch.__version__, "numpy": np.__version__}
    whole = {"what": what, **fingerprint, "compute": numbers}
    if training.warm_start is not None:
        load_weights(training.warm_start, task.modules[task.published])
    die_with_snakemake()
    with exclusive(work, what):
        session = _Session(task, training, device, precision, seed, work, whole, what)
        session.train()
        rows: dict[str, float] = {}
        metadata = {
            "stage": what,
            "samples": session.counters.samples,
            "paper_samples": training.paper_samples,
            "code": fingerprint.get("code", ""),
            **numbers,
        }
        seeding.reseed(seed, session.counters.samples)
        publish(Finished(session.final.eval(), session.counters.samples, device, metadata, rows.__setitem__))
        closing = [
            {"samples": session.counters.samples, "name": k, "value": float(v)} for k, v in rows.items()
        ]
        write_table(history, HISTORY, state.read_history(work) + closing, metadata)
        state.discard(work)


class _Session:
    """One process's part of a training."""

    def __init__(
        self,
        task: Task,
        training: Training,
        device: torch.device,
        precision: str,
        seed: int,
        work: Path,
        fingerprint: Mapping[str, Any],
        what: str,
    ):
        self._task, self._training, self._seed, self._what = task, training, seed, what
        self._device, self._precision, self._work, self._fingerprint = device, precision, work, fingerprint
        published = task.modules[task.published]
        self._average: Average | None = None
        self._modules: dict[str, nn.Module] = dict(task.modules)
        if training.ema_halflife_samples is not None:
            self._average = Average(published, training.ema_halflife_samples)
            self._modules["average"] = self._average.module
        self.final = published if self._average is None else self._average.module
        self._stream = ShuffledStream(task.size, seed)
        restored = state.load_state(work, fingerprint, self._modules, task.optimizers, what)
        self.counters = restored or state.Counters()
        self._sums: dict[str, float] = self.counters.sums or {}
        self._counts: dict[str, int] = self.counters.counts or {}
        state.trim_history(work, self.counters.samples if restored else -1)
        if restored:
            logger.info("%s: going on from %d samples", what, restored.samples)

    def train(self) -> None:
        """Step until ``training.samples``; the finished state is saved too."""
        total, step_samples = self._training.samples, self._training.batch_size * self._task.samples_per_item
        meter = ProgressMeter(total, f"{self._what} samples", self.counters.samples, _LINE_EVERY_S)
        last_save = time.monotonic()
        with _caught_signals() as caught:
            while self.counters.samples < total:
                before = self.counters.samples
                note = self._step(step_samples)
                now = self.counters.samples
                done = now >= total
                if done or _crossed(before, now, self._training.log_every_samples):
                    self._log()
                due = _crossed(before, now, self._training.save_every_samples)
                if done or due or caught or time.monotonic() - last_save > _SAVE_EVERY_S:
                    self._save()
                    last_save = time.monotonic()
                if caught:
                    logger.warning("%s: saved at %d samples, run again to go on", self._what, now)
                    raise SystemExit(1)
                meter.advance(step_samples, note)
        meter.finish()

    def _step(self, step_samples: int) -> str:
        task, samples = self._task, self.counters.samples
        for module in task.modules.values():
            module.train()
        items = self._stream.items(samples // task.samples_per_item, self._training.batch_size)
        values = task.step(items, self._context(task.modules[task.published]))
        self.counters.samples = samples + step_samples
        if self._average is not None:
            self._average.update(task.modules[task.published], self.counters.samples, step_samples)
        floats = self._finite(values)
        for name, value in floats.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1
        return " ".join(f"{name} {value:.4g}" for name, value in list(floats.items())[:1])

    def _context(self, network: nn.Module) -> StepContext:
        seed, samples = self._seed, self.counters.samples
        seeding.reseed(seed, samples)
        return StepContext(
            self._what, samples, self._training, self._device, self._precision, self._task.optimizers, network,
            seeding.torch_generator(seed, samples), seeding.numpy_generator(seed, samples),
        )  # fmt: skip

    def _finite(self, values: Values) -> dict[str, float]:
        floats = {name: float(value) for name, value in values.items()}
        for name, value in floats.items():
            if not math.isfinite(value):
                raise TrainingError(f"{self._what}: '{name}' is {value} at {self.counters.samples} samples")
        return floats

    def _log(self) -> None:
        means = {name: total / self._counts[name] for name, total in self._sums.items()}
        rate = learning_rate(self._training, self.counters.samples)
        self._sums, self._counts = {}, {}
        for module in self._task.modules.values():
            module.eval()
        with torch.no_grad():
            measured = self._finite(self._task.validate(self._context(self.final)))
        validation = {f"validation/{name}": value for name, value in measured.items()}
        state.append_history(
            self._work, self.counters.samples, {**means, **validation, "learning_rate": rate}
        )

    def _save(self) -> None:
        self.counters.sums, self.counters.counts = self._sums, self._counts
        state.save_state(self._work, self._fingerprint, self.counters, self._modules, self._task.optimizers)


def _crossed(before: int, now: int, every: int) -> bool:
    return before // every != now // every


@contextmanager
def _caught_signals() -> Iterator[Sequence[int]]:
    """SIGTERM and SIGINT become entries of the list; a second one of a kind acts at once."""
    caught: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield caught
        return

    def remember(number: int, _frame: object) -> None:
        caught.append(number)
        signal.signal(number, previous[number])

    previous = {number: signal.signal(number, remember) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield caught
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
