"""Photos, sounds and films of a page: files in one private folder, under names that cannot be guessed."""

from __future__ import annotations

import secrets
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from talkface.serve.limits import Limits

Kind = Literal["photo", "sound", "film"]
_ID_BYTES = 18


def new_id() -> str:
    """144 random bits as 24 letters."""
    return secrets.token_urlsafe(_ID_BYTES)


@dataclass
class Kept:
    """A file, until nobody has used it for a while."""

    kind: Kind
    path: Path
    num_bytes: int
    id: str = field(default_factory=new_id)
    used: float = field(default_factory=time.monotonic)
    """When it was last asked for."""
    users: int = 0
    """Films that are being made of it."""


class Store:
    """The folder and what is in it; its methods may be called from any thread.

    The folder can be read by its owner alone, and goes with :meth:`close`.
    """

    def __init__(self, limits: Limits):
        self._limits = limits
        self._lock = threading.Lock()
        self._kept: dict[str, Kept] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="talkface-serve-")
        self.folder = Path(self._folder.name)
        """Where the files are."""

    @contextmanager
    def scratch(self, ending: str) -> Iterator[Path]:
        """A name for a file; what is there at the end of the ``with``, and was not kept, is deleted."""
        path = self.folder / f"{new_id()}{ending}"
        try:
            yield path
        finally:
            with self._lock:
                own = any(kept.path == path for kept in self._kept.values())
            if not own:
                path.unlink(missing_ok=True)

    def keep(self, kind: Kind, path: Path) -> Kept:
        """Keep a finished file; others go where there is no room for it."""
        kept = Kept(kind, path, path.stat().st_size)
        with self._lock:
            self._kept[kept.id] = kept
        self.sweep()
        return kept

    def find(self, kind: Kind, name: str) -> Kept | None:
        """The file of that name, which counts as used now; None where there is none, or no longer."""
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or kept.kind != kind:
                return None
            kept.used = time.monotonic()
            return kept

    def hold(self, *files: Kept) -> None:
        """They stay until they are released."""
        with self._lock:
            for kept in files:
                kept.users += 1

    def release(self, *files: Kept) -> None:
        """They may go when they have not been used for a while."""
        with self._lock:
            for kept in files:
                kept.users -= 1
                kept.used = time.monotonic()

    def sweep(self) -> None:
        """Delete what is too old, and what was not used for longest where there is no room."""
        now, limits = time.monotonic(), self._limits
        with self._lock:
            total = sum(kept.num_bytes for kept in self._kept.values())
            newest = max(self._kept.values(), key=lambda kept: kept.used, default=None)
            for kept in sorted(self._kept.values(), key=lambda kept: kept.used):
                old = now - kept.used > limits.keep_s
                crowded = total > limits.room_bytes and kept is not newest
                if kept.users == 0 and (old or crowded):
                    total -= kept.num_bytes
                    del self._kept[kept.id]
                    kept.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Delete everything."""
        with self._lock:
            self._kept.clear()
        self._folder.cleanup()
