"""Rows of clips as arrays."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from talkface.schemas import TableSchema
from talkface.tables import ClipTable

if TYPE_CHECKING:
    import torch


def read_clips(tables: Iterable[Path], schema: TableSchema, clips: Iterable[str]) -> dict[str, pa.Table]:
    """The rows of the named clips, from whichever of the speakers' tables holds each."""
    missing = dict.fromkeys(clips)
    found: dict[str, pa.Table] = {}
    for path in tables:
        table = ClipTable(path, schema)
        for clip in table.clips:
            if clip in missing:
                found[clip] = table.read(clip)
    lost = [clip for clip in missing if clip not in found]
    if lost:
        raise ValueError(f"no '{schema.name}' rows for {len(lost)} clips, for example '{lost[0]}'")
    return {clip: found[clip] for clip in missing}


def vectors(table: pa.Table, column: str) -> np.ndarray:
    """A fixed- or equal-length list column as a float32 array [rows, size]."""
    values = table[column].combine_chunks()
    return np.asarray(values.flatten(), dtype=np.float32).reshape(len(values), -1)


def halves(table: pa.Table, column: str, shape: tuple[int, ...]) -> torch.Tensor:
    """A binary column of float16 arrays as a float16 tensor [rows, *shape]."""
    import torch  # not above: most steps read rows without it, and their many jobs start a second sooner

    joined = b"".join(table[column].to_pylist())
    return torch.from_numpy(np.frombuffer(joined, dtype=np.float16).reshape(-1, *shape).copy())
