"""Starts one training in several processes, forwards their logs and errors, and ends all of them together.

Each process calls the same stage with the same arguments and finds itself one of several
(:mod:`talkface.training.parallel`). This one computes nothing: it waits, passes on a request to stop, and
when a process fails, ends the others. The state that the first process saved is complete, and the next run
resumes from it. If memory runs out, all processes restart with half as many samples at once.
"""

from __future__ import annotations

import functools
import importlib
import logging
import logging.handlers
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path
from types import ModuleType
from typing import Any, ParamSpec

import torch

from talkface.config import Compute
from talkface.runtime.lock import die_with_snakemake
from talkface.training import parallel
from talkface.training.device import check_processes, pick_device
from talkface.training.errors import TrainingError
from talkface.training.micro_batches import halved
from talkface.training.signals import FORWARDED, caught_signals, leave_signals_to_the_launcher

logger = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")

_GRACE_S = 5.0  # after one has ended other than well: time for the others to do so too
_POLL_S = 0.2


@dataclass
class _Outcome:
    """How a process ended, in its own words."""

    kind: str  # memory, mistake (of a user: one line) or failure (a traceback)
    text: str


def across_processes(stage: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Run a stage in ``compute.processes`` processes; its arguments are keywords, ``compute`` among them."""

    @functools.wraps(stage)
    def launched(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        assert not args, "a stage takes keywords"
        compute = kwargs["compute"]
        assert isinstance(compute, Compute)
        if compute.processes == 1 or parallel.size() > 1:
            stage(**kwargs)  # type: ignore[call-arg]
        else:
            _launch(stage, kwargs, compute)

    return launched


def _launch(stage: Callable[..., None], arguments: dict[str, Any], compute: Compute) -> None:
    die_with_snakemake()
    check_processes(compute)
    [name] = [name for name, value in arguments.items() if hasattr(value, "training")]
    with caught_signals() as caught:
        while True:
            training = arguments[name].training
            if training.batch_size % compute.processes:
                raise TrainingError(
                    f"compute.processes: {compute.processes} processes cannot share "
                    f"{name}.training.batch_size {training.batch_size} evenly; change one of them"
                )
            logger.info("%s: %d processes, %s", name, compute.processes, pick_device(compute).type)
            if not _run_all(stage, arguments, compute, caught):
                return
            own = training.batch_size // compute.processes
            less = halved(min(training.micro_batch or own, own), training.batch_size, name)
            changed = training.model_copy(update={"micro_batch": less})
            arguments = {**arguments, name: arguments[name].model_copy(update={"training": changed})}


def _run_all(stage: Callable[..., None], arguments: dict[str, Any], compute: Compute, caught: Any) -> bool:
    """Start the processes and see them to their end; returns whether they ran out of memory."""
    with tempfile.TemporaryDirectory(prefix="talkface-") as folder:
        crew = _Crew(stage, arguments, compute, Path(folder) / "store")
        try:
            crew.watch(caught)
        finally:
            crew.kill()
    if caught:
        raise SystemExit(1)
    return crew.out_of_memory()


class _Crew:
    """The processes of one attempt."""

    def __init__(
        self, stage: Callable[..., None], arguments: dict[str, Any], compute: Compute, store: Path
    ) -> None:
        context = multiprocessing.get_context("spawn")  # CUDA and OpenMP do not survive a fork
        self._processes, self._pipes = [], []
        self._outcomes: list[_Outcome] = []
        cuda = pick_device(compute).type == "cuda"
        with _without_main():
            for rank in range(compute.processes):
                reader, writer = context.Pipe(duplex=False)
                process = context.Process(
                    target=_work,
                    args=(
                        rank,
                        compute.processes,
                        store,
                        cuda,
                        writer,
                        (stage.__module__, stage.__name__),
                        arguments,
                    ),
                    name=f"training-{rank}",
                )
                process.start()
                writer.close()  # so that the pipe ends with the process
                self._processes.append(process)
                self._pipes.append(reader)

    def watch(self, caught: Any) -> None:
        """Until all have ended, or one has ended badly and the others had their time."""
        pipes: list[Any] = list(self._pipes)
        told, deadline = 0, float("inf")
        while pipes or any(process.is_alive() for process in self._processes):
            if len(caught) > told:
                told = len(caught)
                for process in self._processes:
                    if process.is_alive() and process.pid is not None:
                        os.kill(process.pid, FORWARDED)
            for ready in connection.wait(pipes, timeout=_POLL_S) if pipes else ():
                try:
                    assert isinstance(ready, connection.Connection)
                    self._hear(ready.recv())
                except (EOFError, OSError):
                    pipes.remove(ready)
            if not pipes:
                for process in self._processes:
                    process.join(_POLL_S)
            if deadline == float("inf") and any(process.exitcode for process in self._processes):
                deadline = time.monotonic() + _GRACE_S
            if time.monotonic() > deadline:
                return

    def _hear(self, message: logging.LogRecord | _Outcome) -> None:
        if isinstance(message, _Outcome):
            self._outcomes.append(message)
        else:
            logging.getLogger(message.name).handle(message)

    def kill(self) -> None:
        """Leave none behind."""
        self._codes = [process.exitcode for process in self._processes]
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join()

    def out_of_memory(self) -> bool:
        """Whether that is how they ended; any other end but a good one is raised."""
        texts = {outcome.kind: outcome.text for outcome in reversed(self._outcomes)}
        if "memory" in texts:
            return True
        if "mistake" in texts:
            raise TrainingError(texts["mistake"])
        killed = [code for code in self._codes if code is not None and code < 0]
        if killed:  # the others then fail for want of it
            raise TrainingError(
                f"a process of the training was ended by {signal.Signals(-killed[0]).name}; the "
                "others were stopped; run again to resume from the saved state (an unexpected SIGKILL "
                "means that the machine's memory was full: request more)"
            )
        if "failure" in texts:
            raise RuntimeError(f"a process of the training failed:\n{texts['failure']}")
        if any(self._codes):
            raise RuntimeError(f"the processes of the training ended with {self._codes}")
        return False


@contextmanager
def _without_main() -> Iterator[None]:
    """A spawned process would begin by running the parent's script: a stage is found by its module's name."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _work(
    rank: int,
    processes: int,
    store: Path,
    cuda: bool,
    writer: connection.Connection,
    stage: tuple[str, str],
    arguments: dict[str, Any],
) -> None:
    """The life of one process."""
    leave_signals_to_the_launcher()
    threading.Thread(target=_die_with_launcher, name="launcher-watch", daemon=True).start()
    _log_to(writer, rank)
    try:
        parallel.join(rank, processes, store, cuda)
        getattr(importlib.import_module(stage[0]), stage[1])(**arguments)
        return
    except torch.OutOfMemoryError as error:
        outcome = _Outcome("memory", str(error))
    except ValueError as error:
        outcome = _Outcome("mistake", str(error))
    except SystemExit as error:
        os._exit(error.code if isinstance(error.code, int) else 1)
    except BaseException:
        outcome = _Outcome("failure", traceback.format_exc())
    writer.send(outcome)
    os._exit(1)  # without waiting for the others, who may wait for this one


def _die_with_launcher() -> None:
    launcher = multiprocessing.parent_process()
    assert launcher is not None
    connection.wait([launcher.sentinel])
    os._exit(1)


class _ToLauncher(logging.handlers.QueueHandler):
    def enqueue(self, record: logging.LogRecord) -> None:
        self.queue.send(record)  # type: ignore[attr-defined]


def _log_to(writer: connection.Connection, rank: int) -> None:
    """The first process alone tells how it goes; what the others would say is the same."""
    root = logging.getLogger()
    root.setLevel(logging.INFO if rank == 0 else logging.CRITICAL)
    root.addHandler(_ToLauncher(writer))  # type: ignore[arg-type]
