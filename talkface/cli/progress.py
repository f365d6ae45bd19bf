"""Progress on standard error: a bar with rate and remaining time in a terminal, else a line now and then."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, Task
    from rich.text import Text

_LINE_EVERY_S = 10.0


@cache
def console() -> Console:
    """Standard error."""
    from rich.console import Console

    return Console(stderr=True)


def say(text: str) -> None:
    """A line of standard error: wrapped between words in a terminal, whole where a program reads it."""
    console().print(text, markup=False, highlight=False, soft_wrap=not console().is_terminal)


def doing(what: str) -> Any:
    """A context in which a terminal says what is being done."""
    return console().status(what) if console().is_terminal else nullcontext()


@contextmanager
def counted(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """A context that gives a function to be called with each piece of work that is done."""
    if not console().is_terminal:
        yield _lines(total, what)
        return
    with _bar() as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


def _bar() -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining
    from rich.text import Text

    class Rate(ProgressColumn):
        """Pieces a second."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.1f}/s" if task.speed else "", style="progress.data.speed")

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        Rate(),
        Remaining(compact=True, elapsed_when_finished=True),
        console=console(),
        expand=True,
    )


def _lines(total: int, what: str) -> Callable[[int], None]:
    done, first = 0, 0
    began = last = math.nan  # when the first piece was there: what comes before it is no measure of the rate

    def advance(count: int) -> None:
        nonlocal done, first, began, last
        done += count
        now = time.monotonic()
        if math.isnan(began):
            began, last, first = now, now, done
        elif now - last >= _LINE_EVERY_S:
            last = now
            rate = (done - first) / (now - began)
            left = f"{(total - done) / rate:.0f} s left"
            line = f"{what}: {done} of {total} ({100 * done / total:.0f} %), {rate:.1f}/s, {left}"
            say(line)

    return advance
