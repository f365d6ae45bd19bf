"""Lists the clips of raw corpora. The Snakefile imports this at every parse: keep it light."""

from __future__ import annotations

import hashlib
import logging
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from talkface.config import Corpus
from talkface.corpora import folder, grid, tcd_timit
from talkface.corpora.listing import (
    CLIP_SUFFIXES,
    SPEAKER_PATTERN,
    CorpusError,
    Reader,
    check_speaker,
    clip_files,
    clip_names,
    evenly,
    fingerprint_of,
    has_clips,
    is_plain,
    root_of,
    state_of,
)
from talkface.corpora.shards import shards_by_clips, shards_by_number
from talkface.corpora.synthetic.names import speaker_names
from talkface.corpora.transcripts import find_transcripts, places_elsewhere

__all__ = [
    "SPEAKER_PATTERN",
    "CorpusError",
    "clip_path",
    "list_clips",
    "list_speakers",
    "listing_fingerprint",
    "shards",
]

logger = logging.getLogger(__name__)

_SHOWN = 10  # names in a line of the log

_READERS: dict[str, Reader] = {
    "grid": grid,
    "tcd_timit": tcd_timit,
    "folder": folder,
}


def list_speakers(corpus: Corpus, *, quiet: bool = False) -> list[str]:
    """The corpus' speakers: those that the config names, otherwise all folders with clips, s2 before s10.

    Folders without clips, such as ``lost+found`` or those of transcripts, are no speakers; a line of the log
    names them, unless ``quiet``. A synthetic corpus has its speakers whether or not it has been made yet.

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
        drawn = speaker_names(corpus.synthetic)
        _refuse_absent(named, drawn, f"the synthetic corpus has {drawn[0]} to {drawn[-1]}")
        return named or drawn
    root, reader = _root(corpus), _READERS[corpus.reader]
    if named is not None:
        complaints = {name: text for name in named if (text := _complaint(reader, corpus, name))}
        present = [name for name in named if name not in complaints]
        _refuse_absent(named, present, next(iter(complaints.values()), ""))
        without = {name: "" for name in named if not has_clips(reader.clip_folder(corpus, name))}
    else:
        present = reader.speakers(corpus)
        without = _without_clips(reader, corpus, present)
    if not present:
        raise CorpusError(
            f"corpus.root {str(root)!r} is empty: it needs a folder of clips per speaker ({reader.LAYOUT})"
        )
    if len(without) == len(present):
        folder = reader.clip_folder(corpus, present[0]).relative_to(root).as_posix()
        many = "its only folder" if len(present) == 1 else f"{len(present)} folders such as"
        raise CorpusError(
            f"corpus.root {str(root)!r} has no clips in {many} {folder!r}: "
            f"clips must be at {reader.LAYOUT}, as .mpg, .mp4, .mkv or another usual container"
        )
    if named is not None:
        return present
    speakers = [name for name in present if name not in without]
    for speaker in speakers:
        check_speaker(speaker, f"folder {str(root / speaker)!r}: rename it, or move it out of corpus.root")
    if without and not quiet:
        logger.warning("corpus.root %r: no speakers, as they hold no clips: %s", str(root), _few(without))
    return speakers


def _without_clips(reader: Reader, corpus: Corpus, names: list[str]) -> dict[str, str]:
    """The folders in which no clip lies, each with what else is to be said of it."""
    without = {}
    for name in names:
        try:
            if not has_clips(reader.clip_folder(corpus, name)):
                without[name] = ""
        except CorpusError:
            if is_plain(name):  # it may well be a speaker's
                raise
            without[name] = " (may not be listed)"  # lost+found, System Volume Information
    return without


def _few(remarks: dict[str, str]) -> str:
    shown = [f"{name!r}{remark}" for name, remark in list(remarks.items())[:_SHOWN]]
    further = [f"and {len(remarks) - _SHOWN} more"] if len(remarks) > _SHOWN else []
    return ", ".join(shown + further)


def _complaint(reader: Reader, corpus: Corpus, speaker: str) -> str:
    try:
        reader.clip_folder(corpus, speaker)
    except CorpusError as error:
        return str(error)
    return ""


def _refuse_absent(named: list[str] | None, present: list[str], explanation: str) -> None:
    absent = [name for name in named or [] if name not in present]
    if absent:
        raise CorpusError(f"corpus.speakers names {absent}: {explanation}")


def _root(corpus: Corpus) -> Path:
    root = root_of(corpus)
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise CorpusError(f"corpus.root {str(root)!r} {what}: set corpus.root to the folder of the clips")
    return root


def list_clips(corpus: Corpus, speaker: str) -> list[dict[str, Any]]:
    """Rows of the schema CLIPS for one speaker, sorted by utterance; nothing is decoded.

    Raises:
        CorpusError: no such root or speaker folder, or a clip whose name is not valid text.
    """
    root, reader = _root(corpus), _READERS[corpus.reader]
    files = clip_files(reader.clip_folder(corpus, speaker))
    found = find_transcripts(reader, corpus, speaker, files)
    transcripts = found.used
    if found.doubtful:
        place = next(iter(found.doubtful.values()))
        logger.warning(
            "%d transcripts of speaker %s, such as %r, have the name of another speaker's clip too and are "
            "not used: put each speaker's into a folder of its own, such as %r",
            len(found.doubtful), speaker, str(place), str(place.parent / speaker),
        )  # fmt: skip
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
                "words": reader.words(transcripts[utterance]) if utterance in transcripts else [],
            }
        )
    return rows


def shards(corpus: Corpus, speakers: list[str], per_shard: int | Literal["auto"]) -> dict[str, list[str]]:
    """Shards with their speakers: at most ``per_shard`` in each, or as many as their clips allow."""
    if per_shard != "auto":
        return shards_by_number(speakers, per_shard)
    return shards_by_clips({speaker: _num_clips(corpus, speaker) for speaker in speakers})


def _num_clips(corpus: Corpus, speaker: str) -> int:
    if corpus.synthetic is not None:
        return corpus.synthetic.clips_per_speaker
    found = sum(1 for _ in clip_names(_READERS[corpus.reader].clip_folder(corpus, speaker)))
    limit = corpus.max_clips_per_speaker
    return found if limit is None else min(found, limit)


def clip_path(corpus: Corpus, path: str) -> Path:
    """Where the file of a CLIPS row lies."""
    return root_of(corpus) / path


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
    _root(corpus)
    reader = _READERS[corpus.reader]
    folders = dict.fromkeys(
        [reader.clip_folder(corpus, speaker), *reader.transcript_folders(corpus, speaker)]
    )
    digest = hashlib.sha256()
    fingerprint_of(folders, (*CLIP_SUFFIXES, reader.TRANSCRIPT), digest.update)
    if not any(folder.is_dir() for folder in chain(*places_elsewhere(reader, corpus, speaker))):
        return digest.hexdigest()[:16]  # as is usual, and to match a million names takes its time
    names = sorted(clip_names(reader.clip_folder(corpus, speaker)))
    for path in find_transcripts(reader, corpus, speaker, names).elsewhere.values():
        digest.update(state_of(path))
    return digest.hexdigest()[:16]
