"""Where the files of GRID's archives go: ``sN/*.mpg`` and ``alignments/sN/*.align``, whatever is inside."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path, PurePosixPath

from talkface.corpora.download.errors import DownloadError
from talkface.corpora.grid import TRANSCRIPT
from talkface.corpora.listing import CLIP_SUFFIXES, clip_files

logger = logging.getLogger(__name__)

_SPEAKER = re.compile(r"s\d+")
_SAME_SPEAKER = 0.5
"""Share of common names from which transcripts belong to a speaker's clips.

Each speaker says every combination of colour, letter and digit once, with filler words drawn from 64: two
speakers share about one name in 64 (Cooke et al. 2006), and a speaker's own transcripts share nearly all.
"""


def speaker_of(archive: str) -> str | None:
    """``s1`` for ``s1.zip``, the archive of one speaker; None for one of another kind, ``alignments.zip``."""
    stem = archive.removesuffix(".zip")
    return stem if _SPEAKER.fullmatch(stem) else None


def clips_below(root: Path) -> dict[str, set[str]]:
    """The utterances of which clips lie in the root's speaker folders; folders without clips are left out."""
    folders = [path for path in sorted(root.iterdir()) if _SPEAKER.fullmatch(path.name) and path.is_dir()]
    return {folder.name: utterances for folder in folders if (utterances := set(clip_files(folder)))}


def destinations(
    entries: Iterable[PurePosixPath], archive: str, clips: Mapping[str, AbstractSet[str]]
) -> dict[PurePosixPath, PurePosixPath]:
    """Entry of an archive -> its place below the corpus' root; what is no clip or transcript is left out.

    Args:
        entries: files of the archive, under whatever prefix.
        archive: its name. ``sN.zip`` may hold files of speaker N alone; transcripts in it stay beside clips.
        clips: the clips that lie under the root already, by speaker; see :func:`owners`.

    Raises:
        DownloadError: nothing of use, a file in no speaker's folder, or in another speaker's.
    """
    own = speaker_of(archive)
    placed = {entry: _speaker(entry, archive, own) for entry in entries if _is_wanted(entry)}
    if not placed:
        raise DownloadError(f"{archive}: contains neither clips nor transcripts")
    apart = {entry for entry in placed if own is None and entry.suffix.lower() == TRANSCRIPT}
    published: dict[str, set[str]] = {}
    for entry in apart:
        published.setdefault(placed[entry], set()).add(entry.stem)
    owner_of = owners(published, clips)
    for folder, owner in sorted(owner_of.items()):
        if folder != owner:
            logger.warning("%s: by the clips' names, folder '%s' is unpacked as '%s'", archive, folder, owner)
    return {
        entry: PurePosixPath("alignments", owner_of[speaker], entry.name)
        if entry in apart
        else PurePosixPath(speaker, entry.name)
        for entry, speaker in placed.items()
    }


def owners(
    published: Mapping[str, AbstractSet[str]], clips: Mapping[str, AbstractSet[str]]
) -> dict[str, str]:
    """Folder of transcripts in the archive -> the folder that they belong to, judged by the clips' names.

    Zenodo's ``alignments.zip`` is reported to carry the transcripts of 19 speakers under another speaker's
    name (lhotse pull request 1502: s5 and s6 exchanged, those of s20 as s21, ...). [own] Rather than trust a
    list, a folder that does not fit its own speaker's clips goes to the speaker whose clips it fits. A folder
    whose name is thereby taken, and whose speaker is not here, becomes ``sN_unmatched``, which no reader
    looks at.
    """

    def fits(folder: str, speaker: str) -> bool:
        fewer = min(len(published[folder]), len(clips[speaker]))
        return fewer > 0 and len(published[folder] & clips[speaker]) >= _SAME_SPEAKER * fewer

    right = {name for name in published if name in clips and fits(name, name)}
    moved: dict[str, str] = {}
    for speaker in sorted(set(clips) - right):
        free = [folder for folder in sorted(published) if folder not in right and folder not in moved]
        fitting = [folder for folder in free if fits(folder, speaker)]
        if fitting:
            moved[max(fitting, key=lambda folder: len(published[folder] & clips[speaker]))] = speaker
    taken = set(moved.values())
    kept = {name: f"{name}_unmatched" if name in taken else name for name in set(published) - set(moved)}
    return moved | kept


def _is_wanted(entry: PurePosixPath) -> bool:
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in entry.parts)
    return not hidden and entry.suffix.lower() in (*CLIP_SUFFIXES, TRANSCRIPT)


def _speaker(entry: PurePosixPath, archive: str, own: str | None) -> str:
    """The nearest folder that is named like a speaker, or else whose archive it is."""
    named = [part for part in entry.parts[:-1] if _SPEAKER.fullmatch(part)]
    speaker = named[-1] if named else own
    if speaker is None:
        raise DownloadError(f"{archive}: '{entry}' is not in a speaker's folder (s1, s2, ...); not unpacked")
    if own is not None and speaker != own:
        raise DownloadError(f"{archive}: '{entry}' belongs to speaker {speaker}, not {own}; not unpacked")
    return speaker
