"""The parts of clips for several metrics: each is opened and read once for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from importlib import import_module
from typing import Any

from talkface.evaluation.clip_parts import Reader, Sources
from talkface.evaluation.needs import READERS


class SharedParts:
    """Reads parts of one clip after another; what was read of the last clip is kept for the next metric."""

    def __init__(self, sources: Sources):
        self._sources = sources
        self._readers: dict[str, Reader] = {}
        self._told: dict[str, dict[str, Any]] = {}
        self._clip: str | None = None
        self._read: dict[str, Any] = {}

    def of(self, clip: str, needs: Iterable[str]) -> dict[str, Any]:
        """The parts of a clip that a metric needs, by name."""
        if clip != self._clip:
            self._clip, self._read = clip, {}
        for part in needs:
            if part not in self._read:
                self._read[part] = self._reader(part)(clip)
        return {part: self._read[part] for part in needs}

    def metadata(self, needs: Iterable[str]) -> dict[str, Any]:
        """What a score table says of how these parts were made."""
        told: dict[str, Any] = {}
        for part in needs:
            self._reader(part)
            told |= self._told[part]
        return told

    def _reader(self, part: str) -> Reader:
        if part not in self._readers:
            own = replace(self._sources, metadata={})
            self._readers[part] = getattr(import_module(READERS), part)(own)
            self._told[part] = own.metadata
        return self._readers[part]
