"""What jobs write to standard error and output, taken line by line, so that it does not run through the bar.

Jobs of this machine inherit both. While a run is shown they are pipes that end here, so jobs see no terminal
and draw no bars of their own.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

Line = Callable[[int, str], None]


class Streams:
    """Takes over descriptor 2, and 1 where it is a terminal, until :meth:`give_back`."""

    def __init__(self, take: Line):
        self._take = take
        self._kept: dict[int, int] = {}
        self._threads: list[threading.Thread] = []
        for number in (1, 2):
            if number == 2 or os.isatty(number):
                self._begin(number)

    def _begin(self, number: int) -> None:
        kept = os.dup(number)
        reader, writer = os.pipe()
        self._flush()
        os.dup2(writer, number)
        os.close(writer)
        self._kept[number] = kept
        thread = threading.Thread(
            target=self._read, args=(number, reader), name="talkface-lines", daemon=True
        )
        thread.start()
        self._threads.append(thread)

    def _read(self, number: int, reader: int) -> None:
        with open(reader, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                with suppress(Exception):  # reading goes on: jobs would wait for a full pipe
                    self._take(number, line.rstrip("\n"))

    def give_back(self) -> None:
        """The descriptors are as they were; what was written until now has been taken."""
        self._flush()
        for number, kept in self._kept.items():
            os.dup2(kept, number)
        for thread in self._threads:
            thread.join(timeout=1.0)  # longer only where a job outlives its run
        for kept in self._kept.values():
            os.close(kept)
        self._kept, self._threads = {}, []

    @staticmethod
    def _flush() -> None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
