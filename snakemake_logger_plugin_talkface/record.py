"""The record of a run: what was forecast when, and what came. One JSON object a line.

``python -m snakemake_logger_plugin_talkface FILE`` compares the two.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

FOLDER = Path(".snakemake", "log")
SHARES = (0.25, 0.5, 0.75)


class Record:
    """Appends to files beside Snakemake's own log; a disk that is full or read-only stops nobody."""

    def __init__(self, folder: Path = FOLDER):
        stamp = time.strftime("%Y-%m-%dT%H%M%S")
        self.path = folder / f"{stamp}.talkface.jsonl"
        self.lines_path = folder / f"{stamp}.jobs-stderr.log"
        self._began = time.monotonic()
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)

    def write(self, what: str, **values: Any) -> None:
        """Add an entry with the seconds since the beginning."""
        self._append(
            self.path, json.dumps({"at_s": round(time.monotonic() - self._began, 2), "what": what, **values})
        )

    def keep_line(self, text: str) -> None:
        """Keep a line that a job wrote to standard error."""
        self._append(self.lines_path, text)

    @staticmethod
    def _append(path: Path, text: str) -> None:
        with suppress(OSError), path.open("a", encoding="utf-8") as file:
            file.write(text + "\n")


def read(path: Path) -> list[dict[str, Any]]:
    """The entries of a record."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def judge(entries: Sequence[Mapping[str, Any]]) -> list[tuple[float, float, float]]:
    """Forecast and real seconds left, at a quarter, half and three quarters of the time that the run took.

    Raises:
        ValueError: the run did not end well, or nothing was forecast.
    """
    begin = next((entry["at_s"] for entry in entries if entry["what"] == "plan"), None)
    end = next((entry["at_s"] for entry in entries if entry["what"] == "end" and entry["well"]), None)
    forecasts = [entry for entry in entries if entry["what"] == "forecast"]
    if begin is None or end is None or not forecasts:
        raise ValueError("the record holds no forecast of a run that ended well")
    found = []
    for share in SHARES:
        at = begin + share * (end - begin)
        nearest = min(forecasts, key=lambda entry: abs(entry["at_s"] - at))
        found.append((share, nearest["left_s"], end - nearest["at_s"]))
    return found
