"""Atomic writing: a file is complete or absent, even if the writing process is killed."""

from __future__ import annotations

import errno
import glob
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_REMEDIES = {
    errno.ENOSPC: "the disk is full; make room and run again",
    errno.EDQUOT: "your disk quota is used up; make room and run again",
    errno.EROFS: "its file system is read-only; write elsewhere or mount it for writing, and run again",
    errno.EACCES: "no permission to write to its folder; change that and run again",
}


class UnwritableError(ValueError):
    """A file that cannot be written; the message names it and the remedy."""


def remedy_of(error: BaseException) -> str | None:
    """What to do about a disk that is full or may not be written; None for any other error.

    Libraries that are not written in Python hand the reason on as text.
    """
    for number, remedy in _REMEDIES.items():
        if (isinstance(error, OSError) and error.errno == number) or os.strerror(number) in str(error):
            return remedy
    return None


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Errors of a disk that is full or may not be written, as ``UnwritableError`` about ``path``."""
    try:
        yield
    except Exception as error:
        remedy = None if isinstance(error, ValueError) else remedy_of(error)
        if remedy is None:
            raise
        raise UnwritableError(f"{path}: {remedy}") from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its name on leaving the ``with``.

    An exception inside the ``with`` leaves neither file behind. What a killed writer of the same file left
    is removed first: there is one writer at a time (Snakemake's lock, and that of ``work/``).

    Raises:
        UnwritableError: there was no room for it, or its folder may not be written.
    """
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
            left.unlink(missing_ok=True)
        # Not mkstemp, which lets nobody else read: who may, the umask says, as for any other file.
        temporary = path.parent / f".{path.name}.{secrets.token_hex(4)}.part"
        temporary.touch(mode=0o666, exist_ok=False)
        try:
            yield temporary
            with temporary.open("rb+") as written:
                os.fsync(written.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
