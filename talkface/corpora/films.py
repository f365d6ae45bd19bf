"""Films of other systems: which film belongs to which clip."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from talkface.corpora.listing import CLIP_SUFFIXES, clip_files, fingerprint_of


def films_of(folder: Path, speaker: str) -> dict[str, Path]:
    """Clip -> film of a speaker: ``{folder}/{speaker}/{utterance}`` with the ending of any container.

    Of two containers of one name the one is taken that comes first in ``CLIP_SUFFIXES``. Empty where the
    speaker has no folder. Raises ``CorpusError`` for a folder that may not be listed.
    """
    found = clip_files(folder.expanduser() / speaker)
    return {f"{speaker}/{utterance}": path for utterance, path in found.items()}


def files_fingerprint(folder: Path, suffixes: tuple[str, ...]) -> str:
    """A hash of names, sizes and times of a folder's files with these endings; an absent one is empty."""
    digest = hashlib.sha256()
    fingerprint_of([folder.expanduser()], suffixes, digest.update)
    return digest.hexdigest()


def films_fingerprint(folder: Path, speakers: Iterable[str]) -> str:
    """A hash of the names, sizes and times of these speakers' films, for a rule's ``params``."""
    digest = hashlib.sha256()
    fingerprint_of((folder.expanduser() / speaker for speaker in speakers), CLIP_SUFFIXES, digest.update)
    return digest.hexdigest()
