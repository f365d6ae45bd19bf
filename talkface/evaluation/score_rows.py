"""Rows of the SCORES tables: the clip's data from the split, the values from the metrics."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from talkface.artifacts.schemas import SPLIT, TableSchema
from talkface.artifacts.tables import ClipTable, TableError, read_table
from talkface.metrics.declaration import Score


class ScoreRows:
    """Makes the rows of SCORES tables."""

    def __init__(self, split: Path):
        self._split = read_table(split, SPLIT)
        self._places = {clip: place for place, clip in enumerate(self._split["clip"].to_pylist())}
        self.num_frames: dict[str, int] = dict(
            zip(self._places, self._split["num_frames"].to_pylist(), strict=True)
        )

    def words_s(self, clip: str) -> list[tuple[float, float]]:
        """Start and end in seconds of every word of the clip's transcript; empty where there is none."""
        words = self._split["words"][self._places[clip]].as_py()
        return [(word["start_s"], word["end_s"]) for word in words]

    def words(self, clip: str) -> list[str]:
        """The words of the clip's transcript; empty where there is none."""
        return [word["word"] for word in self._split["words"][self._places[clip]].as_py()]

    def by_subset(self, clips: Iterable[str]) -> dict[str, list[str]]:
        """These clips by the subset that they belong to."""
        found: dict[str, list[str]] = {}
        for clip in clips:
            found.setdefault(self._split["subset"][self._places[clip]].as_py(), []).append(clip)
        return found

    def of(self, clip: str, scores: Mapping[str, Score]) -> list[dict[str, Any]]:
        """One row for each value. ``None`` and NaN become null: not defined."""
        speaker, subset = (self._split[name][self._places[clip]].as_py() for name in ("speaker", "subset"))
        return [
            {
                "clip": clip,
                "speaker": speaker,
                "subset": subset,
                "metric": metric,
                "value": None if value is None or math.isnan(value) else float(value),
                "weight": float(weight),
            }
            for metric, (value, weight) in scores.items()
        ]


def tables_by_clip(paths: Iterable[Path], schema: TableSchema) -> dict[str, ClipTable]:
    """Which of the speakers' tables holds each clip, in the order of the paths and clips."""
    return {clip: table for table in (ClipTable(path, schema) for path in paths) for clip in table.clips}


def same_length(clip: str, expected: int, found: int, what: str) -> None:
    """Raise ``TableError`` naming the clip unless both have as many frames."""
    if expected != found:
        raise TableError(
            f"clip '{clip}': {found} frames of {what} for {expected} true frames; generate it again"
        )
