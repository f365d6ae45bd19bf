"""The one training loop: exact resume, learning-rate schedule, EMA, mixed precision, history.

How a stage uses it::

    class AutoencoderTask(Task):
        def __init__(self, frames, training, seed):
            seeding.reseed(seed)                     # initial weights
            self.network = VQAutoencoder(...)
            self.modules = {"autoencoder": self.network}  # all parameters and buffers that training changes;
                                                     # the first is averaged, warm-started and published
            self.optimizers = {"autoencoder": build_optimizer(self.network.parameters(), training)}
            self.size = len(frames)                  # items that the sampler draws from
            self.samples_per_item = 1                # e.g. the frames of one window

        def draw(self, indices, rng):                # one batch of item indices, in a shuffled, endless order
            return self._frames.images(indices)      # on a GPU this is done ahead, by other processes

        def step(self, images, context):
            noise = torch.randn(len(images), ..., generator=context.generator)  # for the whole batch,
            own = context.share(len(images))         # then this process's items of it
            images, noise = images[own], noise[own]

            def losses(rows: slice):                 # means over these items; dropout is all that it draws
                with context.autocast():
                    loss = ...
                return {"loss": loss, "loss/edges": ...}  # averaged over the log interval

            return context.descend(len(noise), losses)  # backward, mean of all processes, clip, rate, step

    def publish(finished: Finished) -> None:
        finished.record("mask/mean", 0.4)             # closing rows of the history
        save_model(model, finished.module, finished.metadata)

    run(task, section.training, compute, seed=seed, work=work, history=history, what="autoencoder",
        fingerprint={"config": section.model_dump(mode="json"), "code": code}, inputs=[split, *faces],
        publish=publish)                             # under the lock; the resume state goes after it

``training.samples`` counts ``samples_per_item`` for each item; every step draws ``batch_size`` items. Every
random number of a step comes from the global generators, ``context.generator`` or ``context.rng``; all are
seeded anew from (seed, samples seen) at every step. A step must keep nothing of its own between calls but
what is in ``modules`` and ``optimizers``: then a killed and resumed run equals the uninterrupted one bit for
bit at the same thread count on one machine. The loop moves the modules to the device and sets them to
training mode before every step, and to evaluation mode before ``validate``.

Several processes (``compute.processes``, started by :mod:`talkface.training.launch`) run the same loop on
their shares of the same batches. The first alone holds the lock, saves, logs, validates and publishes. The
number of processes is not part of the fingerprint: a training can resume with another number.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import nn

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import HISTORY
from talkface.artifacts.tables import write_table
from talkface.artifacts.weights import load_weights
from talkface.config import Compute, Training
from talkface.runtime.lock import die_with_snakemake, exclusive
from talkface.runtime.logs import ProgressMeter
from talkface.training import parallel, seeding, state
from talkface.training.ahead import draws
from talkface.training.batch_part import share_codebooks
from talkface.training.curves import Curves
from talkface.training.device import pick_precision, prepare
from talkface.training.ema import Average
from talkface.training.errors import TrainingError
from talkface.training.fingerprint import Length, complete
from talkface.training.micro_batches import MicroBatches
from talkface.training.schedule import learning_rate, turns
from talkface.training.signals import caught_signals
from talkface.training.task import Finished, StepContext, Task, Values

__all__ = ["Finished", "StepContext", "Task", "TrainingError", "run"]

logger = logging.getLogger(__name__)

_LINE_EVERY_S = 10.0


def run(
    task: Task,
    training: Training,
    compute: Compute,
    *,
    seed: int,
    work: Path,
    history: Path,
    fingerprint: Mapping[str, Any],
    inputs: Iterable[Path],
    what: str,
    publish: Callable[[Finished], None],
) -> None:
    """Train ``task`` to ``training.samples``, publish its model, then write ``history`` (schema HISTORY).

    Goes on from the state under ``work`` when its fingerprint is the same, or differs in the length alone and
    nothing until there depended on the length (:class:`Length`). SIGTERM or SIGINT saves and exits
    with code 1. Raises ``TrainingError`` (not finite) and ``BusyError`` (another process holds ``work``).
    """
    device = prepare(compute)
    precision = pick_precision(compute, device)
    numbers = {
        "seed": seed,
        "threads": torch.get_num_threads(),
        "device": device.type,
        "precision": precision,
    }
    die_with_snakemake()
    whole = complete({"what": what, **fingerprint}, training, data_hashes(inputs, history), numbers)
    for module in task.modules.values():
        module.to(device)
    if training.warm_start is not None:
        load_weights(training.warm_start, _published(task))
    first, processes = parallel.rank() == 0, parallel.size()
    with exclusive(work, what) if first else nullcontext():
        parallel.wait()  # for the first, who holds the lock
        session = _Session(task, training, device, precision, seed, work, whole, what, compute)
        with session.shown_in(work if first and compute.tensorboard else None):
            session.train()
        parallel.leave()
        if not first:
            return
        rows: dict[str, float] = {}
        metadata = {
            "stage": what,
            "samples": session.counters.samples,
            "paper_samples": training.paper_samples,
            "warm_start": str(training.warm_start) if training.warm_start else None,
            "code": fingerprint.get("code", ""),
            "processes": processes,
            **numbers,
        }
        origin = metadata | {"config": whole["config"], "data": whole["data"]}
        seeding.reseed(seed, session.counters.samples)
        publish(Finished(session.final.eval(), session.counters.samples, device, origin, rows.__setitem__))
        closing = [
            {"samples": session.counters.samples, "name": k, "value": float(v)} for k, v in rows.items()
        ]
        write_table(history, HISTORY, state.read_history(work) + closing, metadata)
        if not (compute.keep_state and session.length.may_grow()):
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
        compute: Compute,
    ):
        self._task, self._training, self._seed, self._what = task, training, seed, what
        # on a CPU the cores are the training's own
        self._loaders = min(compute.loaders, os.cpu_count() or 1) if device.type == "cuda" else 0
        self._first = parallel.rank() == 0
        self._micro = MicroBatches(training.micro_batch, training.batch_size, task.samples_per_item, what)
        self._device, self._precision, self._work, self._fingerprint = device, precision, work, fingerprint
        published = _published(task)
        self._average: Average | None = None
        self._modules: dict[str, nn.Module] = dict(task.modules)
        if training.ema_halflife_samples is not None:
            self._average = Average(published, training.ema_halflife_samples)
            self._modules["average"] = self._average.module
        self._curves: Curves | None = None
        self.final = published if self._average is None else self._average.module
        self._step_samples = training.batch_size * task.samples_per_item
        self.length = Length(training.samples, self._step_samples, {**turns(training), **task.turns})
        restored = state.load_state(work, fingerprint, self._modules, task.optimizers, self.length, what)
        self.counters = restored or state.Counters()
        self._sums: dict[str, float] = self.counters.sums or {}
        self._counts: dict[str, int] = self.counters.counts or {}
        parallel.wait()  # until all have read what the first is about to replace
        if self._first:
            state.trim_history(work, restored)
        if restored:
            logger.info("%s: resuming from %d samples", what, restored.samples)
        parallel.same_start(self._modules.values())
        share_codebooks(task.modules.values())

    @contextmanager
    def shown_in(self, work: Path | None) -> Iterator[None]:
        """Write curves and pictures for TensorBoard too, below ``work``."""
        if work is None:
            yield
            return
        self._curves = Curves(work, self.counters.samples)
        try:
            yield
        finally:
            self._curves.close()

    def train(self) -> None:
        """Step until ``training.samples``; the finished state is saved too."""
        total, step_samples = self._training.samples, self._step_samples
        meter = ProgressMeter(total, f"{self._what} samples", self.counters.samples, _LINE_EVERY_S)
        last_save = time.monotonic()
        drawn = draws(
            self._task,
            self._seed,
            self._training.batch_size,
            range(self.counters.samples, total, step_samples),
            loaders=self._loaders,
            pinned=self._device.type == "cuda",
        )
        with caught_signals() as caught:
            for batch in drawn:
                before = self.counters.samples
                note, stop = self._step(batch, step_samples, caught)
                now = self.counters.samples
                done = now >= total
                if self._first and _crossed(before, now, self._training.log_every_samples):
                    self._log()
                due = _crossed(before, now, self._training.save_every_samples)
                if self._first and (done or due or stop or time.monotonic() - last_save > state.SAVE_EVERY_S):
                    self._save()
                    last_save = time.monotonic()
                if stop:
                    logger.warning("%s: saved at %d samples, run again to resume", self._what, now)
                    raise SystemExit(1)
                meter.advance(step_samples, note)
            if self._first and self._sums:
                self._log()  # after the state: a longer training, which goes on from there, has no row here
        meter.finish()

    def _step(self, drawn: Any, step_samples: int, caught: Sequence[int]) -> tuple[str, bool]:
        """A step of all processes; returns a note for the log, and whether one of them was asked to stop."""
        task, samples = self._task, self.counters.samples
        for module in task.modules.values():
            module.train()
        values = task.step(drawn, self._context(_published(task)))
        self.counters.samples = samples + step_samples
        if self._average is not None:
            self._average.update(_published(task), self.counters.samples, step_samples)
        own = {name: float(torch.as_tensor(value).detach()) for name, value in values.items()}
        means, stop = parallel.average_values(own, bool(caught), self._device)
        floats = self._finite(means)
        for name, value in floats.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1
        return " ".join(f"{name} {value:.4g}" for name, value in list(floats.items())[:1]), stop

    def _context(self, network: nn.Module) -> StepContext:
        seed, samples = self._seed, self.counters.samples
        seeding.reseed(seed, samples)
        return StepContext(
            what=self._what,
            samples=samples,
            training=self._training,
            device=self._device,
            precision=self._precision,
            modules=self._task.modules,
            optimizers=self._task.optimizers,
            network=network,
            generator=seeding.torch_generator(seed, samples),
            rng=seeding.numpy_generator(seed, samples),
            micro=self._micro,
        )

    def _finite(self, values: Values) -> dict[str, float]:
        floats = {name: float(torch.as_tensor(value).detach()) for name, value in values.items()}
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
            pictures = self._task.pictures(self._context(self.final)) if self._curves else {}
        values = {**means, **measured, "learning_rate": rate}
        state.append_history(self._work, self.counters.samples, values)
        if self._curves:
            self._curves.add(self.counters.samples, values, pictures)

    def _save(self) -> None:
        self.counters.sums, self.counters.counts = self._sums, self._counts
        state.save_state(self._work, self._fingerprint, self.counters, self._modules, self._task.optimizers)


def _published(task: Task) -> nn.Module:
    return next(iter(task.modules.values()))


def _crossed(before: int, now: int, every: int) -> bool:
    return before // every != now // every
