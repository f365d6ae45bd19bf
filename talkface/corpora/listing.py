"""What all readers share: which folders are speakers, which files are clips, which of them are taken."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

logger = logging.getLogger(__name__)

SPEAKER_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_-]*"
"""Speakers become parts of paths and wildcards of rules, so their names are plain."""
NO_SPEAKERS = frozenset({"alignments", "truth"})
"""Folders beside the speakers' that hold transcripts and the demo's true curves."""
CLIP_SUFFIXES = (
    ".mpg", ".mpeg", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts", ".m2ts", ".wmv", ".flv",
    ".ogv", ".3gp", ".mxf", ".vob",
)  # fmt: skip
"""Containers that count as clips; of two with one name the earlier in this list is taken."""


class CorpusError(ValueError):
    """A corpus that cannot be read as configured; one line that names the folder and the remedy."""


def natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """Sorting key under which s2 comes before s10."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], name


def speaker_folders(root: Path) -> list[str]:
    """Names of the root's speaker folders, s2 before s10."""
    names = []
    for entry in _entries(root):
        if entry.name.startswith(".") or entry.name in NO_SPEAKERS or not _is_folder(entry):
            continue
        check_speaker(entry.name, f"folder {str(root / entry.name)!r}: rename it")
        names.append(entry.name)
    return sorted(names, key=natural)


def check_speaker(name: str, remedy: str) -> None:
    """Refuse a speaker whose name cannot be part of a path."""
    if not re.fullmatch(SPEAKER_PATTERN, name):
        raise CorpusError(
            f"speaker {name!r} has a name that cannot be part of an artifact's path "
            f"(letters, digits, '_' and '-' can): {remedy}"
        )


def clip_files(folder: Path) -> dict[str, Path]:
    """Clips directly in a speaker's folder by utterance, sorted; every other file is left alone.

    A dangling link or an unreadable file is a clip here: it fails later, as a row with a reason.
    """
    found: dict[str, list[Path]] = {}
    for entry in _entries(folder):
        path = folder / entry.name
        if entry.name.startswith(".") or path.suffix.lower() not in CLIP_SUFFIXES or _is_folder(entry):
            continue
        try:
            entry.name.encode()
        except UnicodeEncodeError:
            raise CorpusError(f"clip {str(path)!r}: its name is not valid UTF-8: rename it") from None
        found.setdefault(path.stem, []).append(path)
    return {utterance: _preferred(found[utterance]) for utterance in sorted(found)}


def _preferred(paths: list[Path]) -> Path:
    ranked = sorted(paths, key=lambda path: (CLIP_SUFFIXES.index(path.suffix.lower()), path.name))
    if len(ranked) > 1:
        others = ", ".join(repr(path.name) for path in ranked[1:])
        logger.warning("%r: several containers of one utterance; left aside: %s", str(ranked[0]), others)
    return ranked[0]


def evenly(names: list[str], limit: int | None) -> list[str]:
    """At most ``limit`` of the names, evenly spaced."""
    if limit is None or limit >= len(names):
        return names
    return [names[place * len(names) // limit] for place in range(limit)]


Word = dict[str, float | str]
"""start_s, end_s (seconds from the clip's first frame) and word."""


def read_words(candidates: Iterable[Path], seconds_per_unit: float) -> list[Word]:
    """Words of the first transcript that exists, silences left out; none if it is malformed (and says so)."""
    for path in candidates:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, UnicodeDecodeError) as error:
            logger.warning("%r: unreadable transcript, taken as none: %s", str(path), error)
            return []
        try:
            return list(_words(text, seconds_per_unit))
        except ValueError as error:
            logger.warning("%r: malformed transcript, taken as none: %s", str(path), error)
            return []
    return []


def _words(text: str, seconds_per_unit: float) -> Iterable[Word]:
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 3:
            raise ValueError(f"line {number} is not 'start end word'")
        try:
            start_s, end_s = (float(field) * seconds_per_unit for field in fields[:2])
        except ValueError:
            raise ValueError(f"line {number} does not begin with two numbers") from None
        if not 0 <= start_s <= end_s < float("inf"):  # also refuses NaN
            raise ValueError(f"line {number} ends before it starts")
        if fields[2].lower() not in ("sil", "sp"):
            yield {"start_s": start_s, "end_s": end_s, "word": fields[2]}


def fingerprint_of(
    folders: Iterable[Path], suffixes: tuple[str, ...], update: Callable[[bytes], object]
) -> None:
    """Feed names, sizes and times of files with these suffixes to a hash; absent folders are empty."""
    for folder in folders:
        for entry in sorted(_entries(folder) if folder.is_dir() else [], key=lambda entry: entry.name):
            if not entry.name.lower().endswith(suffixes):
                continue
            try:
                status = entry.stat()
                state = f"{status.st_size} {status.st_mtime_ns}"
            except OSError:
                state = "dangling"
            update(f"{entry.name}\0{state}\0".encode(errors="surrogateescape"))
        update(b"\0")


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise CorpusError(f"folder {str(folder)!r} cannot be listed: {error.strerror}") from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that points to itself
        return False
