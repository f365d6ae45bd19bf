"""Which clips a stage uses."""

from __future__ import annotations

from pathlib import Path

from talkface.artifacts.schemas import SPLIT
from talkface.artifacts.tables import read_table


def clip_lengths(split: Path, subset: str) -> dict[str, int]:
    """Frames of every usable clip of a subset, or ``ValueError`` when there is none."""
    table = read_table(split, SPLIT).select(["clip", "subset", "ok", "num_frames"])
    chosen = {
        row["clip"]: row["num_frames"] for row in table.to_pylist() if row["subset"] == subset and row["ok"]
    }
    if not chosen:
        raise ValueError(f"{split}: no usable clip in subset '{subset}'; see the corpus summary")
    return chosen
