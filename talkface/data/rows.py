"""Rows of clips as arrays."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from talkface.artifacts.schemas import TableSchema
from talkface.artifacts.tables import ClipTable

if TYPE_CHECKING:
    import torch


def speaker_of(clip: str) -> str:
    """The speaker of a clip ``speaker/utterance``."""
    return clip.split("/", 1)[0]


def each_clip(
    tables: Iterable[Path], schema: TableSchema, clips: Collection[str]
) -> Iterator[tuple[str, pa.Table]]:
    """The rows of the named clips, one after another in the tables' order; no two are held at once.

    Raises ``ValueError`` after the last table when a named clip was in none of them.
    """
    missing = dict.fromkeys(clips)
    for path in tables:
        table = ClipTable(path, schema)
        for clip in table.clips:
            if clip in missing:
                del missing[clip]
                yield clip, table.read(clip)
    refuse_lost(schema, list(missing))


def refuse_lost(schema: TableSchema, lost: list[str]) -> None:
    """Raise ``ValueError`` where clips are in no table."""
    if lost:
        raise ValueError(f"no '{schema.name}' rows for {len(lost)} clips, for example '{lost[0]}'")


def starts(lengths: Mapping[str, int]) -> dict[str, int]:
    """Where each clip begins when the frames of all clips lie one after another."""
    ends = np.cumsum(list(lengths.values()))
    return dict(zip(lengths, [0, *ends[:-1].tolist()], strict=True))


def vectors(table: pa.Table, column: str) -> np.ndarray:
    """A fixed- or equal-length list column as a float32 array [rows, size], the caller's own.

    A copy: the table's memory may not be written to, and torch warns of every tensor over such memory.
    """
    values = table[column].combine_chunks()
    return np.array(values.flatten(), dtype=np.float32).reshape(len(values), -1)


def halves(table: pa.Table, column: str, shape: tuple[int, ...]) -> torch.Tensor:
    """A binary column of float16 arrays as a float16 tensor [rows, *shape]; -1 in it: as long as it is."""
    import torch  # not above: most steps read rows without it, and their many jobs start a second sooner

    joined = b"".join(table[column].to_pylist())
    return torch.from_numpy(np.frombuffer(joined, dtype=np.float16).reshape(len(table), *shape).copy())
