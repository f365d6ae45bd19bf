"""Signals that tell a training to save and end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from talkface.training import parallel

FORWARDED = signal.SIGUSR1
"""What the launcher sends to its processes, which are deaf to SIGTERM and SIGINT: SLURM and a terminal send
these to every process of a job, and a second one would end a process before it has saved."""
ASKING = (signal.SIGTERM, signal.SIGINT)


def leave_signals_to_the_launcher() -> None:
    """Be deaf to the signals that the launcher answers."""
    for number in ASKING:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def caught_signals() -> Iterator[Sequence[int]]:
    """SIGTERM and SIGINT (``FORWARDED`` in one process of several) become entries of the list; a second one
    of a kind acts at once."""
    caught: list[int] = []
    numbers = ASKING if parallel.size() == 1 else (FORWARDED,)
    if threading.current_thread() is not threading.main_thread():
        yield caught
        return

    def remember(number: int, _frame: object) -> None:
        caught.append(number)
        signal.signal(number, previous[number])

    previous: dict[int, Any] = {number: signal.signal(number, remember) for number in numbers}
    try:
        yield caught
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
