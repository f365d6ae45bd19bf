"""Warnings of the code that makes films, for the one who asked for the film."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Notes(logging.Handler):
    """Keeps the warnings of the thread that made it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.texts.append(record.getMessage())


@contextmanager
def noted() -> Iterator[list[str]]:
    """A context that gives the warnings that this thread's code logs within it."""
    logger, notes = logging.getLogger("talkface"), _Notes()
    logger.addHandler(notes)
    try:
        yield notes.texts
    finally:
        logger.removeHandler(notes)
