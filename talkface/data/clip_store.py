"""Per-clip values of cached tables, read on demand; a least-recently-used cache of fixed size keeps them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import pyarrow as pa

from talkface.artifacts.schemas import TableSchema
from talkface.artifacts.tables import ClipTable
from talkface.data.rows import refuse_lost


class Sized(Protocol):
    """Whatever knows how much memory it holds."""

    @property
    def nbytes(self) -> int:
        """Bytes of its contents."""
        ...


Value = TypeVar("Value", bound=Sized)

_BUDGET_BYTES = 64 << 20  # of one store, however large the corpus; the system caches the files besides


class ClipStore(Generic[Value]):
    """``store[clip]`` from the tables of many speakers; the least recently used clips are forgotten first."""

    def __init__(
        self,
        tables: Iterable[Path],
        schema: TableSchema,
        decode: Callable[[pa.Table], Value],
        budget_bytes: int = _BUDGET_BYTES,
    ):
        self._home = {
            clip: table for table in (ClipTable(path, schema) for path in tables) for clip in table.clips
        }
        self._schema, self._decode, self._budget = schema, decode, budget_bytes
        self._kept: OrderedDict[str, Value] = OrderedDict()
        self._bytes = 0

    def __getitem__(self, clip: str) -> Value:
        if clip in self._kept:
            self._kept.move_to_end(clip)
            return self._kept[clip]
        if clip not in self._home:
            raise ValueError(f"no '{self._schema.name}' rows for clip '{clip}'")
        value = self._decode(self._home[clip].read(clip))
        self._kept[clip] = value
        self._bytes += value.nbytes
        while self._bytes > self._budget and len(self._kept) > 1:
            _, forgotten = self._kept.popitem(last=False)
            self._bytes -= forgotten.nbytes
        return value

    def __contains__(self, clip: str) -> bool:
        return clip in self._home

    def require(self, clips: Iterable[str]) -> None:
        """Raise ``ValueError`` unless every one of the clips is in a table."""
        refuse_lost(self._schema, [clip for clip in clips if clip not in self._home])
