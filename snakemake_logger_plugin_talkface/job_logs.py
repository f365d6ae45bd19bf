"""What the log of a job tells while it runs and when it has ended: progress, warnings, the last words.

Read from the file, so it works for jobs on other machines too, as long as they share the folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from talkface.runtime.logs import Progress, read_progress

_LINE = re.compile(r"^\d{4}-\d\d-\d\d [\d:,]+ (DEBUG|INFO|WARNING|ERROR|CRITICAL) +([\w.]+): (.*)$")
_PLACE = "where it was raised"
_TAIL_BYTES = 1 << 16
_LAST_LINES = 8


@dataclass
class JobLog:
    """One job's log, read on from where it was read to."""

    path: Path
    progress: Progress | None = None
    warnings: list[str] = field(default_factory=list)
    _place: int = 0

    def read_on(self) -> bool:
        """Take in what has been added; returns whether there was progress."""
        before, news = len(self.warnings), False
        for line in self._new_lines():
            told = read_progress(line)
            if told is not None:
                self.progress, news = told, True
            parts = split_line(line)
            if parts is not None and parts[0] == "WARNING":
                self.warnings.append(parts[1])
        return news or len(self.warnings) > before

    def _new_lines(self) -> Iterator[str]:
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, 2)
                if size < self._place:  # a further attempt has begun it anew
                    self._place = 0
                file.seek(max(self._place, size - 16 * _TAIL_BYTES))
                content = file.read()
        except OSError:
            return
        whole = content[: content.rfind(b"\n") + 1]
        self._place = size - len(content) + len(whole)
        yield from whole.decode("utf-8", "replace").splitlines()

    def last_words(self) -> list[str]:
        """The error that ended the job, or else the last lines."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, file.seek(0, 2) - _TAIL_BYTES))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return []
        levels = [split_line(line) for line in lines]
        errors = [place for place, parts in enumerate(levels) if parts and parts[0] in ("ERROR", "CRITICAL")]
        if not errors:
            return lines[-_LAST_LINES:]
        first = levels[errors[-1]]
        assert first is not None
        rest = lines[errors[-1] + 1 :]
        ends = [place for place, line in enumerate(rest) if _PLACE in line]
        rest = rest[: ends[0]] if ends else rest
        return [first[1], *rest[-(_LAST_LINES - 1) :]]


def split_line(line: str) -> tuple[str, str] | None:
    """Level and message of a line in the format of our logs; None for any other."""
    match = _LINE.match(line)
    return (match[1], match[3]) if match else None
