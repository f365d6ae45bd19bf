"""The next piece of work made while the present one is used."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

Piece = TypeVar("Piece")


def ahead(pieces: Iterator[Piece]) -> Generator[Piece]:
    """The same pieces, each made by another thread while its predecessor is used.

    An error comes where its piece would. No more than one piece waits. Whoever stops early closes this
    generator, and so waits for the piece that is being made.
    """
    end = object()
    with ThreadPoolExecutor(1) as other:  # one thread for all, as torch's modes belong to a thread
        coming = other.submit(next, pieces, end)
        while (piece := coming.result()) is not end:
            coming = other.submit(next, pieces, end)
            yield cast(Piece, piece)
