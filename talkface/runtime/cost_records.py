"""Reads the records of cost that jobs left beside their logs (``talkface.runtime.cost``)."""

from __future__ import annotations

import csv
import logging
from dataclasses import dataclass
from pathlib import Path

_ENDING = ".benchmark.tsv"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cost:
    """What one job took."""

    rule: str
    seconds: float
    cpu_seconds: float
    peak_mb: float
    ended: float  # seconds since 1970


def read_costs(logs: Path) -> list[Cost]:
    """The records of an experiment, ``logs/{experiment}/{corpus}``, in the order in which they were written.

    One that is cut off or has other columns is left out with a warning: it is a record, no result.
    """
    found = []
    for path in logs.rglob(f"*{_ENDING}"):
        try:
            with path.open(encoding="utf-8", newline="") as file:
                row = next(csv.DictReader(file, delimiter="\t"))
            seconds, cpu_seconds, peak_mb = (float(row[name]) for name in ("s", "cpu_time", "max_rss"))
            rule = path.relative_to(logs).parts[0].removesuffix(_ENDING)
            found.append(Cost(rule, seconds, cpu_seconds, peak_mb, path.stat().st_mtime))
        except (OSError, StopIteration, KeyError, TypeError, ValueError) as error:
            _log.warning("%s: not read: %s", path, error)
    return sorted(found, key=lambda cost: (cost.ended, cost.rule))
