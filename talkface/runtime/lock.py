"""One writer per ``work/`` folder."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from talkface.runtime.orphans import die_with_snakemake

__all__ = ["BusyError", "die_with_snakemake", "exclusive"]

_POLL_S = 0.2


class BusyError(ValueError):
    """Another process is writing to the same ``work/`` folder."""


@contextmanager
def exclusive(work: Path, what: str, timeout_s: float = 60.0) -> Iterator[None]:
    """Hold the folder's lock; waits for a dying owner, then raises ``BusyError`` naming its process and host.

    The kernel drops the lock when its owner dies, however it dies; the lock file itself stays, empty after an
    orderly end. The host is for people: on a shared file system the holder may run on another machine, and
    whether its lock is seen here is up to the file system (NFS 4 and Lustre with ``flock`` show it).
    """
    work.mkdir(parents=True, exist_ok=True)
    path = work / "lock"
    with path.open("a+", encoding="ascii") as handle:
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise BusyError(
                        f"{what}: {_owner(path)} is already writing to {work}; wait for it, or stop it"
                    ) from None
                time.sleep(_POLL_S)
        handle.truncate(0)
        handle.write(f"{os.getpid()} {socket.gethostname()}\n")
        handle.flush()
        try:
            yield
        finally:
            handle.truncate(0)
            fcntl.flock(handle, fcntl.LOCK_UN)


def _owner(path: Path) -> str:
    """``process 123 on node7``, as the lock file tells."""
    pid, _, host = path.read_text(encoding="ascii", errors="replace").strip().partition(" ")
    return f"process {pid or 'unknown'}" + (f" on {host}" if host else "")
