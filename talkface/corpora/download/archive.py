"""Unpacks an untrusted zip safely: only into its own folder, atomically, and with a size limit.

Every entry is checked before the first is written, and one bad entry rejects the whole archive, even if its
checksum is right. ``zipfile`` reads no more of an entry
than its declared size and checks its CRC, so declared sizes bound what is written.
"""

from __future__ import annotations

import calendar
import errno
import lzma
import os
import re
import shutil
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from talkface.corpora.download.errors import DownloadError
from talkface.runtime.logs import progress


@dataclass(frozen=True)
class Limits:
    """What one archive may unpack to; GRID's hold at most 34 thousand files, and about 0.5 GB."""

    files: int = 200_000
    size_bytes: int = 16 * 2**30


# What zipfile and its decompressors raise on bytes that make no sense.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error,
    EOFError, NotImplementedError, OverflowError, ValueError,
)  # fmt: skip

Place = Callable[[list[PurePosixPath]], Mapping[PurePosixPath, PurePosixPath]]
"""The files of an archive -> where those that are wanted belong, relative to the root."""


def unpack(archive: Path, folder: Path, place: Place, limits: Limits) -> dict[str, int]:
    """Write the wanted files of a zip below ``folder``, which is emptied first; path -> size in bytes.

    Files keep the archive's times (read as UTC), so that unpacking again changes no listing's fingerprint.

    Raises:
        DownloadError: not a whole zip, encrypted; an entry that is absolute, climbs with ``..``, has a
            backslash, is a link or a device; two files with one destination, also where they differ by case
            alone; too many or too large; the disk is full. ``folder`` then holds nothing of use.
    """
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with zipfile.ZipFile(archive) as content:
            entries = _checked(content, archive.name)
            placed = place(list(entries))
            _check_clashes(placed, archive.name)
            _check_amount([entries[entry] for entry in placed], archive, folder.parent, limits)
            for entry, destination in progress(placed.items(), len(placed), f"files of {archive.name}"):
                _write(content, entries[entry], folder / destination)
        return {str(placed[entry]): entries[entry].file_size for entry in placed}
    except DownloadError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DownloadError(
                f"{archive.name}: disk full while unpacking; make room and run again"
            ) from None
        if error.errno not in (errno.EINVAL, None):  # those come of damage: a place before the beginning, bz2
            raise
        raise _unreadable(archive, error) from None
    except _DAMAGE as error:
        raise _unreadable(archive, error) from None


def _unreadable(archive: Path, error: Exception) -> DownloadError:
    return DownloadError(f"{archive.name}: is not a readable zip file: {error}; not unpacked")


def _checked(content: zipfile.ZipFile, name: str) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """The archive's files by path; folders are left out."""
    entries: dict[PurePosixPath, zipfile.ZipInfo] = {}
    for info in content.infolist():
        path = PurePosixPath(info.filename)
        flaw = _flaw(info, path)
        if flaw is None and path in entries:
            flaw = "comes twice"
        if flaw is not None:
            raise DownloadError(f"{name}: entry {info.orig_filename!r} {flaw}; nothing was unpacked")
        if not info.is_dir():
            entries[path] = info
    return entries


def _flaw(info: zipfile.ZipInfo, path: PurePosixPath) -> str | None:
    """Why an entry must not be unpacked, or None."""
    raw = info.orig_filename  # `filename` ends at a NUL and has lost foreign separators
    if "\\" in raw or "\0" in raw or re.match("[A-Za-z]:", raw):
        return "has a name of another system (backslash, drive or NUL)"
    if path.is_absolute() or ".." in path.parts:
        return "would be written outside of its folder"
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device"
    if info.flag_bits & 0x1:
        return "is encrypted"
    return None


def _check_clashes(placed: Mapping[PurePosixPath, PurePosixPath], name: str) -> None:
    """Two files with one destination, on file systems too that take upper and lower case as the same."""
    first: dict[str, PurePosixPath] = {}
    for entry, destination in placed.items():
        key = unicodedata.normalize("NFC", str(destination)).casefold()
        if key in first:
            raise DownloadError(
                f"{name}: entries '{first[key]}' and '{entry}' would be the same file; nothing was unpacked"
            )
        first[key] = entry


def _check_amount(infos: list[zipfile.ZipInfo], archive: Path, folder: Path, limits: Limits) -> None:
    total = sum(info.file_size for info in infos)
    if total > limits.size_bytes or len(infos) > limits.files:
        raise DownloadError(
            f"{archive.name}: would unpack to {len(infos)} files and {total} bytes, more than the limit of "
            f"{limits.files} files and {limits.size_bytes} bytes; nothing was unpacked"
        )
    free = shutil.disk_usage(folder).free
    if total > free:
        raise DownloadError(
            f"{archive.name}: unpacks to {total} bytes, and the disk of '{folder}' has {free} left; "
            "make room and run again"
        )


def _write(content: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with content.open(info) as source, target.open("xb") as handle:
        shutil.copyfileobj(source, handle, 1 << 20)
    try:
        written = calendar.timegm((*info.date_time, 0, 0, 0))
    except ValueError:  # a zip without a date says month 0
        written = 0
    os.utime(target, (written, written))


def publish(unpacked: Path, root: Path) -> None:
    """Move what was unpacked to its place: by one renaming where nothing lies, else file by file, each whole.

    Files of the same name are replaced, others are left alone.

    Raises:
        DownloadError: a link or a file lies where a folder has to be.
    """
    for source in sorted(unpacked.iterdir()):
        target = root / source.name
        if target.is_symlink() or (target.exists() and target.is_dir() != source.is_dir()):
            kind = "link" if target.is_symlink() else "folder" if target.is_dir() else "file"
            raise DownloadError(f"'{target}' is a {kind}, in the way of what was downloaded: move it away")
        if source.is_dir() and target.exists():
            publish(source, target)
        else:
            source.replace(target)
