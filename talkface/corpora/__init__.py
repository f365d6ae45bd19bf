"""Raw corpora in, lists of clips out. The Snakefile imports this at every parse: keep it light."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from talkface.config import Corpus
from talkface.corpora import folder, grid
from talkface.corpora.listing import (
    CLIP_SUFFIXES,
    SPEAKER_PATTERN,
    CorpusError,
    check_speaker,
    clip_files,
    evenly,
    fingerprint_of,
    speaker_folders,
)

__all__ = [
    "SPEAKER_PATTERN",
    "CorpusError",
    "clip_path",
    "list_clips",
    "list_speakers",
    "listing_fingerprint",
]

_READERS = {"grid": grid, "folder": folder}


def list_speakers(corpus: Corpus) -> list[str]:
    """The corpus' speakers: those that the config names, otherwise the root's subfolders, s2 before s10.

    A synthetic corpus has speakers s1 to sN, whether or not it has been made yet.

    Raises:
        CorpusError: a root that is absent, no folder or empty of clips; a named speaker without a folder; a
            name that cannot be part of a path.
    """
    named = corpus.speakers
    if named is not None:
        if not named or len(set(named)) < len(named):
            raise CorpusError(f"corpus.speakers: must name each speaker once, and at least one: {named}")
        for speaker in named:
            check_speaker(speaker, "change it in corpus.speakers")
    if corpus.synthetic is not None:
        drawn = [f"s{number}" for number in range(1, corpus.synthetic.speakers + 1)]
        _refuse_absent(named, drawn, f"the synthetic corpus has {drawn[0]} to {drawn[-1]}")
        return named or drawn
    root = _root(corpus)
    present = speaker_folders(root) if named is None else [name for name in named if (root / name).is_dir()]
    _refuse_absent(named, present, f"no such folders under {str(root)!r}")
    if not present:
        raise CorpusError(f"corpus.root {str(root)!r} is empty: it needs a subfolder of clips per speaker")
    if not any(clip_files(root / speaker) for speaker in present):
        raise CorpusError(
            f"corpus.root {str(root)!r} has no clips in {len(present)} folders such as {present[0]!r}: "
            "clips lie directly in a speaker's folder, as .mpg, .mp4, .mkv or another usual container"
        )
    return present


def _refuse_absent(named: list[str] | None, present: list[str], explanation: str) -> None:
    absent = [name for name in named or [] if name not in present]
    if absent:
        raise CorpusError(f"corpus.speakers names {absent}: {explanation}")


def _root(corpus: Corpus) -> Path:
    root = corpus.root.expanduser()
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise CorpusError(f"corpus.root {str(root)!r} {what}: set corpus.root to where the clips lie")
    return root


def list_clips(corpus: Corpus, speaker: str) -> list[dict[str, Any]]:
    """Rows of the schema CLIPS for one speaker, sorted by utterance; nothing is decoded.

    Raises:
        CorpusError: no such root or speaker folder, or a clip whose name is not valid text.
    """
    root = _root(corpus)
    if not (root / speaker).is_dir():
        raise CorpusError(f"speaker {speaker!r} has no folder under {str(root)!r}")
    files = clip_files(root / speaker)
    reader = _READERS[corpus.reader]
    rows = []
    for utterance in evenly(list(files), corpus.max_clips_per_speaker):
        path = files[utterance]
        rows.append(
            {
                "clip": f"{speaker}/{utterance}",
                "speaker": speaker,
                "utterance": utterance,
                "path": path.relative_to(root).as_posix(),
                "size_bytes": _size(path),
                "words": reader.words(root, speaker, utterance),
            }
        )
    return rows


def clip_path(corpus: Corpus, path: str) -> Path:
    """Where the file of a CLIPS row lies."""
    return corpus.root.expanduser() / path


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # a dangling link: listed, and refused with a reason when it is decoded
        return 0


def listing_fingerprint(corpus: Corpus, speaker: str) -> str:
    """A hash of the names, sizes and times of a speaker's clips and transcripts, for a rule's ``params``.

    Declared as inputs, the clips of the whole of GRID would be 33 thousand nodes of the graph; the
    fingerprint notices the same changes. A synthetic corpus is made by a rule, whose outputs tell.
    """
    if corpus.synthetic is not None:
        return "synthetic"
    root = _root(corpus)
    reader = _READERS[corpus.reader]
    folders = dict.fromkeys([root / speaker, *reader.transcript_folders(root, speaker)])
    digest = hashlib.sha256()
    fingerprint_of(folders, (*CLIP_SUFFIXES, reader.TRANSCRIPT), digest.update)
    return digest.hexdigest()[:16]
