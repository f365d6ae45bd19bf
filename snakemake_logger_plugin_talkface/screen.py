"""What is written: a bar that moves on a terminal, plain lines anywhere else."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_talkface.forecast import clock_time, duration

_STYLES = {"title": "bold", "warning": "yellow", "error": "red", "good": "bold green", "note": "dim"}
_MARKS = {"warning": "! ", "error": "✗ ", "good": "✓ "}
_SHOWN_AT_ONCE = 6


@dataclass
class Training:
    """A running job, in words; the later fields where its log tells of progress."""

    words: str
    runs: str
    done: str = ""
    rate: str = ""
    note: str = ""
    left: str | None = None
    what: str = ""

    def line(self) -> str:
        """How it goes."""
        if not self.rate:
            return f"{self.words}, {self.runs} so far"
        left = "" if self.left is None else f", {self.left} left"
        note = f", {self.note}" if self.note else ""
        return f"{self.words}: {self.done}, {self.rate}{note}{left}"


@dataclass
class Status:
    """How far the run is."""

    done: int = 0
    total: int = 0
    share: float | None = None
    """Of the work, from 0 to 1."""
    left_s: float | None = None
    at: float = 0.0
    """When that was forecast, by ``time.monotonic``."""
    running: Sequence[Training] = field(default_factory=list)

    def left_now(self) -> float | None:
        """Seconds left, counted down since the forecast."""
        return None if self.left_s is None else max(self.left_s - (time.monotonic() - self.at), 0.0)

    def words(self) -> str:
        """Share, jobs and end, in a line."""
        left, jobs = self.left_now(), f"{self.done} of {self.total} jobs"
        if left is None or self.share is None:
            return jobs
        return f"{self.share:.0%} of the work, {jobs}, {rounded(left)} left, ends {clock_time(left)}"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The moving part of the screen."""
        parts: list[RenderableType] = []
        for entry in self.running[:_SHOWN_AT_ONCE]:
            parts.append(Text(f"  {entry.line()}", style="cyan", no_wrap=True, overflow="ellipsis"))
        if len(self.running) > _SHOWN_AT_ONCE:
            parts.append(Text(f"  and {len(self.running) - _SHOWN_AT_ONCE} more running", style="cyan"))
        share = self.share if self.share is not None else self.done / max(self.total, 1)
        told = Text(self.words(), no_wrap=True, overflow="ellipsis")
        width = min(40, options.max_width - told.cell_len - 1)
        bar = ProgressBar(total=1.0, completed=share, width=max(width, 0))
        if width >= 8:
            grid = Table.grid(padding=(0, 1))
            grid.add_row(bar, told)
            parts.append(grid)
        else:
            parts += [ProgressBar(total=1.0, completed=share, width=min(40, options.max_width)), told]
        yield Group(*parts)


class Screen:
    """Writes to one descriptor, which it closes in the end."""

    def __init__(self, descriptor: int, colour: bool):
        self._file = os.fdopen(descriptor, "w", encoding="utf-8", errors="replace")
        self._console = Console(
            file=self._file, no_color=not colour, highlight=False, markup=False, emoji=False, soft_wrap=False
        )
        self.live = self._console.is_terminal and not self._console.is_dumb_terminal
        self._live: Live | None = None

    def begin(self, status: Status) -> None:
        """Show the bar, where there is a terminal."""
        if self.live:
            self._live = Live(
                status,
                console=self._console,
                refresh_per_second=4,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def stop(self) -> None:
        """Take the bar away."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def close(self) -> None:
        """Nothing is written any more."""
        self._file.close()

    def say(self, text: str, kind: str) -> None:
        """A line of its own."""
        self._print(Text(_MARKS.get(kind, "") + text, style=_STYLES.get(kind, "")))

    def plain(self, text: str) -> None:
        """Text as it is."""
        self._print(Text(text))

    def show(self, part: RenderableType) -> None:
        """A table, or a text with styles, whose lines the terminal breaks: a command can be copied whole."""
        self._console.print(part, soft_wrap=isinstance(part, Text))

    def finished(self, words: str, made: str, took: str, status: Status) -> None:
        """A job that ended well, and what it made."""
        if self.live:
            room = max(self._console.width - len(took) - 3, 20)
            line = Text.assemble(("✓ ", "green"), words, (f" → {made}", "dim"))
            line.truncate(room, overflow="ellipsis", pad=True)
            self._print(Text.assemble(line, " ", (took, "dim")))
        else:
            self._print(Text(f"[{_share(status)}] {words} -> {made} ({took})"))

    def trainings(self, running: Sequence[Training], status: Status) -> None:
        """Trainings, where nothing moves."""
        told = "; ".join(entry.line() for entry in running)
        self._print(Text(f"[{_share(status)}] {told}; {status.words()}"))

    def failed(self, words: str, logs: Sequence[str], last: Sequence[str], others: str) -> None:
        """A job that failed: its log and its last lines."""
        self.say(f"{words} failed", "error")
        for path in logs:
            self._print(Text(f"  log: {path}"))
        if not logs:
            self._print(Text(f"  what jobs wrote to standard error: {others}"))
        for line in last:
            self._print(Text(f"  | {line}", style="dim"))

    def _print(self, text: Text) -> None:
        if self.live:
            self._console.print(text)
        else:  # a file has no width
            self._file.write(text.plain + "\n")
            self._file.flush()


def rounded(left_s: float) -> str:
    """No more digits than a forecast has."""
    if left_s < 60:
        return "under a minute"
    if left_s < 600:
        return f"about {round(left_s / 30) / 2:g} min"
    return f"about {duration(left_s)}"


def _share(status: Status) -> str:
    return f"{status.done}/{status.total}" if status.share is None else f"{status.share:4.0%}"
