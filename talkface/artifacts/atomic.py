"""Atomic writing: a file is complete or absent, even if the writing process is killed."""

from __future__ import annotations

import errno
import glob
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_REMEDIES = {
    errno.ENOSPC: "the disk is full; make room and run again",
    errno.EFBIG: "larger than a file may be (ulimit -f, or its file system); allow more and run again",
    errno.EDQUOT: "your disk quota is used up; make room and run again",
    errno.EROFS: "its file system is read-only; write elsewhere or mount it for writing, and run again",
    errno.EACCES: "no permission to write to its folder; change that and run again",
}


TEMPORARY_BYTES = 100_000_000
"""[own] What a job needs in the temporary folder: the decoded sound of the longest clip, and some room."""
_FULL_BELOW = 1_000_000


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


def complaint_about(error: BaseException, path: Path | None = None) -> str | None:
    """One line about a disk that is full or may not be written; None for any other error.

    ``path``: what was being written, if that is known. An error in writing carries no name, and it may have
    been a temporary file all the same: then the line names their folder and how to move it.
    """
    remedy = remedy_of(error)
    if remedy is None:
        return None
    named = getattr(error, "filename", None)
    folder = Path(tempfile.gettempdir())
    shared = path is not None and _device(path.parent) == _device(folder)
    if not shared and _is_in(named, folder) and is_full(folder):
        return no_temporary_room(folder, TEMPORARY_BYTES)
    return f"{path or named or 'a file of this job'}: {remedy}"


def no_temporary_room(folder: Path, needed: int) -> str:
    """Says that the folder of temporary files is too small, and how to name another."""
    return (
        f"{folder}: no room for temporary files: about {_megabytes(needed)} are needed, "
        f"{_megabytes(_free(folder))} are free; make room, or set TMPDIR to a folder with more, and run again"
    )


def is_full(folder: Path) -> bool:
    """Whether next to nothing more fits on a folder's disk."""
    status = os.statvfs(folder)
    return _free(folder) < _FULL_BELOW or (status.f_files > 0 and status.f_favail == 0)


def _free(folder: Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def _is_in(named: str | bytes | int | None, folder: Path) -> bool:
    return named is None or (isinstance(named, str) and Path(named).absolute().is_relative_to(folder))


def _device(folder: Path) -> int | None:
    return folder.stat().st_dev if folder.is_dir() else None


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Errors of a disk that is full or may not be written, as ``UnwritableError`` about ``path``."""
    try:
        yield
    except Exception as error:
        complaint = None if isinstance(error, ValueError) else complaint_about(error, path)
        if complaint is None:
            raise
        raise UnwritableError(complaint) from error


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
