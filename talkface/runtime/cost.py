"""The cost of a job: time, memory and CPU load, as a table of one row beside its log.

The columns are those of Snakemake's ``benchmark:``, which a rule that shares its outputs between workflows
cannot have (docs/sharing.md); so its script measures itself.
"""

from __future__ import annotations

import csv
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psutil

COLUMNS = (
    "s", "h:m:s", "max_rss", "max_vms", "max_uss", "max_pss", "io_in", "io_out", "mean_load", "cpu_time",
)  # fmt: skip
"""Seconds; peaks and traffic in MB; load in percent of a processor; processor seconds."""
MEMORY = COLUMNS[2:6]

_FIRST_S, _THEN_S, _FIRST_TIMES = 0.5, 30.0, 30
"""Twice a second at first, then twice a minute, as Snakemake does."""
_MB = 1 << 20

_log = logging.getLogger(__name__)


@contextmanager
def measured(log: str | Path) -> Iterator[None]:
    """Measure what runs inside, children included; written as ``{log}.benchmark.tsv`` when it succeeds.

    A job whose outputs come from the cache runs no script, so no row is written for it.
    """
    gauge, done = _Gauge(), threading.Event()
    thread = threading.Thread(target=gauge.watch, args=(done,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    gauge.write(Path(log).with_suffix(".benchmark.tsv"))


class _Gauge:
    """Peaks and sums of this process and its children, sampled."""

    def __init__(self) -> None:
        self._own = psutil.Process()
        self._began = time.monotonic()
        self._cpu_before = sum(self._own.cpu_times()[:4])
        self._before = _traffic(self._own)
        self._peaks = dict.fromkeys(MEMORY, 0.0)
        self._sample()

    def watch(self, done: threading.Event) -> None:
        """Sample until told otherwise."""
        times = 0
        while not done.wait(_FIRST_S if times < _FIRST_TIMES else _THEN_S):
            self._sample()
            times += 1

    def _sample(self) -> None:
        now = dict.fromkeys(MEMORY, 0.0)
        for process in [self._own, *self._own.children(recursive=True)]:
            try:
                memory = process.memory_full_info()
            except psutil.Error:  # a child that has just ended
                continue
            for name in MEMORY:
                now[name] += getattr(memory, name.removeprefix("max_"), 0) / _MB
        self._peaks = {name: max(self._peaks[name], now[name]) for name in MEMORY}

    def write(self, path: Path) -> None:
        """The row; children's processor time counts once they have ended."""
        self._sample()
        seconds = time.monotonic() - self._began
        cpu = sum(self._own.cpu_times()[:4]) - self._cpu_before
        read, written = (after - b for after, b in zip(_traffic(self._own), self._before, strict=True))
        clock = str(timedelta(seconds=int(seconds)))
        values = [*self._peaks.values(), read / _MB, written / _MB, 100 * cpu / max(seconds, 1e-9), cpu]
        row = [f"{seconds:.4f}", clock, *(f"{value:.2f}" for value in values)]
        try:
            with path.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file, delimiter="\t", lineterminator="\n").writerows([COLUMNS, row])
        except OSError as error:  # the results are there: a record of their cost is not worth them
            _log.warning("%s: not written: %s", path, error)


def _traffic(process: psutil.Process) -> tuple[int, int]:
    if not hasattr(process, "io_counters"):  # macOS
        return 0, 0
    counters = process.io_counters()
    return counters.read_bytes, counters.write_bytes
