"""Shared by all readers: which folders are speakers, which files are clips, and which clips are used."""

from __future__ import annotations

import errno
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from talkface.config import Corpus

if TYPE_CHECKING:
    from talkface.corpora.transcripts import Word

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


class Reader(Protocol):
    """One corpus' layout: a module with these names. ``corpus.root`` exists whenever they are called."""

    TRANSCRIPT: str
    """Suffix of transcripts, in small letters."""
    LAYOUT: str
    """Where a clip lies, for messages: ``{speaker}/{utterance}.mpg``."""

    def speakers(self, corpus: Corpus) -> list[str]:
        """Names of folders that may be speakers, s2 before s10; those without clips are left out later."""

    def clip_folder(self, corpus: Corpus, speaker: str) -> Path:
        """The folder directly in which a speaker's clips lie (``CorpusError``: no such speaker)."""

    def transcript_folders(self, corpus: Corpus, speaker: str) -> list[Path]:
        """Where a speaker's transcripts may lie, the best place first; absent folders are empty ones."""

    def words(self, transcript: Path) -> list[Word]:
        """Words of one transcript without silences; empty where it is malformed (and says so)."""


def natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """Sorting key under which s2 comes before s10."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], name


def speaker_folders(root: Path) -> list[str]:
    """Names of the root's subfolders that may be speakers, s2 before s10."""
    names = [
        entry.name
        for entry in entries_of(root)
        if not entry.name.startswith(".") and entry.name not in NO_SPEAKERS and is_folder(entry)
    ]
    return sorted(names, key=natural)


def speaker_folder(root: Path, speaker: str) -> Path:
    """The root's subfolder of this name (``CorpusError`` where there is none)."""
    if not (root / speaker).is_dir():
        raise CorpusError(f"speaker {speaker!r} has no folder under {str(root)!r}")
    return root / speaker


def is_plain(name: str) -> bool:
    """Whether a speaker's name can be part of an artifact's path."""
    return re.fullmatch(SPEAKER_PATTERN, name) is not None


def check_speaker(name: str, remedy: str) -> None:
    """Refuse a speaker whose name cannot be part of a path."""
    if not is_plain(name):
        raise CorpusError(
            f"speaker {name!r} has a name that cannot be part of an artifact's path "
            f"(letters, digits, '_' and '-' can): {remedy}"
        )


def root_of(corpus: Corpus) -> Path:
    """The corpus' root, ``~`` resolved."""
    return corpus.root.expanduser()


def has_clips(folder: Path) -> bool:
    """Whether a clip lies directly in the folder; the rest of it is not looked at.

    Raises:
        CorpusError: the folder may not be listed.
    """
    return any(_is_clip(entry) for entry in entries_of(folder))


def clip_names(folder: Path) -> Iterator[str]:
    """Utterances of the clips directly in a folder, in any order and without a word on their flaws."""
    return (_parts(entry.name)[0] for entry in entries_of(folder) if _is_clip(entry))


def clip_files(folder: Path) -> dict[str, Path]:
    """Clips directly in a speaker's folder by utterance, sorted; every other file is left alone.

    A dangling link or an unreadable file is a clip here: it fails later, as a row with a reason.
    """
    found: dict[str, list[Path]] = {}
    for entry in entries_of(folder):
        path = folder / entry.name
        if not _is_clip(entry):
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
        logger.warning("%r: several containers of one utterance; ignored: %s", str(ranked[0]), others)
    return ranked[0]


def evenly(names: list[str], limit: int | None) -> list[str]:
    """At most ``limit`` of the names, evenly spaced."""
    if limit is None or limit >= len(names):
        return names
    return [names[place * len(names) // limit] for place in range(limit)]


def fingerprint_of(
    folders: Iterable[Path], suffixes: tuple[str, ...], update: Callable[[bytes], object]
) -> None:
    """Feed names, sizes and times of files with these suffixes to a hash; absent folders are empty."""
    for folder in folders:
        for entry in sorted(entries_of(folder), key=lambda entry: entry.name):
            if entry.name.lower().endswith(suffixes):
                update(_state(entry.name, entry))
        update(b"\0")


def state_of(path: Path) -> bytes:
    """Name, size and time of a file, for a hash."""
    return _state(path.name, path)


def _state(name: str, file: os.DirEntry[str] | Path) -> bytes:
    try:
        status = file.stat()
        state = f"{status.st_size} {status.st_mtime_ns}"
    except OSError:
        state = "dangling"
    return f"{name}\0{state}\0".encode(errors="surrogateescape")


def _is_clip(entry: os.DirEntry[str]) -> bool:
    # Of a million names each step counts.
    if entry.name.startswith(".") or not entry.name.lower().endswith(CLIP_SUFFIXES):
        return False
    return not is_folder(entry)


def _parts(name: str) -> tuple[str, str]:
    return os.path.splitext(name)  # noqa: PTH122 - a Path for each of many thousand names takes seconds


def entries_of(folder: Path) -> Iterator[os.DirEntry[str]]:
    """What lies in a folder; nothing where there is none (``CorpusError``: it may not be listed)."""
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise CorpusError(f"folder {str(folder)!r} cannot be listed: {error.strerror}") from error


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder, or a link to one."""
    try:
        return entry.is_dir()
    except OSError:  # a link that points to itself
        return False
