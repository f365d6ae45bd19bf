"""Logging and progress: a bar in a terminal, plain lines with rate and ETA in a log file."""

from __future__ import annotations

import logging
import re
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from tqdm import tqdm

from talkface.artifacts.atomic import complaint_about
from talkface.runtime.orphans import die_with_snakemake

Item = TypeVar("Item")

_LINE_EVERY_S = 10.0
_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


@contextmanager
def log_to(path: str | Path | None) -> Iterator[None]:
    """Send log records and errors of a script to ``path`` (a rule's log), warnings also to the terminal.

    A user's mistake (``ValueError`` family) and a disk that is full or read-only are written as one line;
    anything else with its traceback. A script that is asked to end (SIGTERM), or whose snakemake is gone,
    leaves nothing half.
    """
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    logging.raiseExceptions = False  # a log that cannot be written, on a full disk, stops nobody
    handlers: list[logging.Handler] = []
    if path is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(path, mode="w", encoding="utf-8"))
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setLevel(logging.WARNING)
    handlers.append(terminal)
    for handler in handlers:
        handler.setFormatter(logging.Formatter(_FORMAT))
        root.addHandler(handler)
    try:
        with _orderly_end():
            die_with_snakemake()
            yield
    except ValueError as error:
        root.error("%s", error)
        root.info("where it was raised", exc_info=True)
        sys.exit(1)
    except Exception as error:
        complaint = complaint_about(error)
        if complaint is not None:
            root.error("%s", complaint)
            root.info("where it was raised", exc_info=True)
            sys.exit(1)
        root.exception("failed")
        raise
    finally:
        for handler in handlers:
            root.removeHandler(handler)
            with suppress(OSError):  # a full disk again
                handler.close()


@contextmanager
def _orderly_end() -> Iterator[None]:
    """SIGTERM becomes ``SystemExit``, so that what is half-written is cleared away."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _frame: object) -> None:
        logging.getLogger(__name__).warning("termination requested: stopping")
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def progress(items: Iterable[Item], total: int | None = None, what: str = "items") -> Iterator[Item]:
    """Iterate while showing how far it is: a bar in a terminal, otherwise a log line every ten seconds."""
    if total is None and hasattr(items, "__len__"):
        total = len(items)  # type: ignore[arg-type]
    if sys.stderr.isatty():
        yield from tqdm(items, total=total, desc=what, unit="", dynamic_ncols=True)
        return
    meter = ProgressMeter(total, what)
    for item in items:
        yield item
        meter.advance(1)
    meter.finish()


@dataclass(frozen=True)
class Progress:
    """A progress line of a log, read."""

    what: str
    done: float
    total: float
    rate: str
    left_s: float | None
    note: str

    @property
    def share(self) -> float:
        """How much is done, from 0 to 1."""
        return self.done / self.total if self.total else 1.0


_PROGRESS = re.compile(
    r"talkface\.progress: (?P<what>.+?): (?P<done>[\d.]+)(?: MB)? of (?P<total>[\d.]+)(?: MB)? \(\d+ %\), "
    r"(?P<rate>[\d.]+(?: MB)?/s)(?:, (?P<left>\d+) s left)?(?: (?P<note>.*))?$"
)


def read_progress(line: str) -> Progress | None:
    """What a line that a :class:`ProgressMeter` with a total wrote to a log says; None for any other line."""
    match = _PROGRESS.search(line)
    if match is None:
        return None
    left = None if match["left"] is None else float(match["left"])
    return Progress(
        match["what"], float(match["done"]), float(match["total"]), match["rate"], left, match["note"] or ""
    )


class ProgressMeter:
    """Progress of work that is counted rather than iterated, such as samples of a training."""

    def __init__(
        self,
        total: int | None,
        what: str,
        start: int = 0,
        every_s: float = _LINE_EVERY_S,
        unit: Literal["", "B"] = "",
    ):
        """``unit="B"``: what is counted are bytes, shown as MB."""
        self._total, self._what, self._every_s, self._unit = total, what, every_s, unit
        self._start = self._done = start
        self._began = self._last = time.monotonic()
        self._logger = logging.getLogger("talkface.progress")
        self._bar: Any = None
        if sys.stderr.isatty():
            self._bar = tqdm(
                total=total, desc=what, initial=start, unit=unit, unit_scale=bool(unit), dynamic_ncols=True
            )

    def advance(self, count: int, note: str = "") -> None:
        """Count ``count`` more items; ``note`` goes to the end of the line."""
        self._done += count
        if self._bar is not None:
            self._bar.update(count)
            if note:
                self._bar.set_postfix_str(note, refresh=False)
        now = time.monotonic()
        if now - self._last >= self._every_s:
            self._last = now
            self._log(note)

    def finish(self) -> None:
        """Close the bar and write the closing line."""
        if self._bar is not None:
            self._bar.close()
        self._log("done")

    def _log(self, note: str) -> None:
        elapsed = max(time.monotonic() - self._began, 1e-9)
        rate = (self._done - self._start) / elapsed
        share, eta = "", ""
        if self._total:
            share = f" of {self._shown(self._total)} ({100 * self._done / self._total:.0f} %)"
            if rate > 0:
                eta = f", {max(self._total - self._done, 0) / rate:.0f} s left"
        speed = f"{rate / 1e6:.1f} MB/s" if self._unit else f"{rate:.1f}/s"
        self._logger.info("%s: %s%s, %s%s %s", self._what, self._shown(self._done), share, speed, eta, note)

    def _shown(self, count: int) -> str:
        return f"{count / 1e6:.1f} MB" if self._unit else str(count)
