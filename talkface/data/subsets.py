"""Which clips a stage uses."""

from __future__ import annotations

from pathlib import Path

from talkface.artifacts.schemas import SPLIT
from talkface.artifacts.tables import read_table


def picture_lengths(split: Path) -> dict[str, int]:
    """Frames of every clip whose pictures are learned, for networks that hear nothing."""
    return clip_lengths(split, "train") | appearance_lengths(split)


def appearance_lengths(split: Path) -> dict[str, int]:
    """Frames of every usable clip of which the pictures alone are learned; there may be none."""
    return _lengths(split, "appearance")


def clip_lengths(split: Path, subset: str) -> dict[str, int]:
    """Frames of every usable clip of a subset, or ``ValueError`` when there is none."""
    chosen = _lengths(split, subset)
    if not chosen:
        raise ValueError(f"{split}: no usable clip in subset '{subset}'; see the corpus summary")
    return chosen


def _lengths(split: Path, subset: str) -> dict[str, int]:
    table = read_table(split, SPLIT).select(["clip", "subset", "ok", "num_frames"])
    return {
        row["clip"]: row["num_frames"] for row in table.to_pylist() if row["subset"] == subset and row["ok"]
    }
