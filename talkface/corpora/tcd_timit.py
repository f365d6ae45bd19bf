"""The TCD-TIMIT corpus (Harte & Gillen 2015).

``volunteers/01M/Clips/straightcam/sa1.mp4``, the transcript ``SA1.txt`` beside it; ``30degcam`` is the other
camera (``corpus.camera``), ``lipspeakers/Lipspkr1`` are the professionals (``corpus.groups``). The letters of
folders may be small or capital: copies of the corpus differ.
"""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

from talkface.config import Corpus
from talkface.corpora.listing import (
    CorpusError,
    entries_of,
    has_clips,
    is_folder,
    is_plain,
    root_of,
    speaker_folders,
)
from talkface.corpora.transcripts import Word, read_words

logger = logging.getLogger(__name__)

TRANSCRIPT = ".txt"
LAYOUT = "volunteers/{speaker}/Clips/straightcam/{utterance}.mp4"
GROUPS = ("volunteers", "lipspeakers")
CAMERAS = ("straightcam", "30degcam")

_LONGEST_S, _SHORTEST_S = 120.0, 0.5  # of a sentence


def speakers(corpus: Corpus) -> list[str]:
    """Folders of the groups that the config names: 01M ... 59F, then Lipspkr1 ...

    Raises:
        CorpusError: the root lacks a group's folder, or two groups have a speaker of one name.
    """
    found: list[str] = []
    for group in corpus.groups:
        folder = _child(root_of(corpus), group)
        if not folder.is_dir():
            raise CorpusError(
                f"corpus.root {str(root_of(corpus))!r} has no folder {group!r}: "
                f"clips must be at {LAYOUT}; corpus.groups says which groups are read"
            )
        found += speaker_folders(folder)
    twice = [
        name
        for name, count in Counter(found).items()
        if count > 1 and is_plain(name) and any(has_clips(folder) for folder in _camera_folders(corpus, name))
    ]
    if twice:
        raise CorpusError(
            f"corpus.groups {corpus.groups}: {twice} are in several of them; read one at a time"
        )
    return list(dict.fromkeys(found))


def clip_folder(corpus: Corpus, speaker: str) -> Path:
    """The folder of the camera that the config names.

    Raises:
        CorpusError: the speaker is in none of the groups that the config names.
    """
    return _camera_folder(corpus, speaker, corpus.camera)


def transcript_folders(corpus: Corpus, speaker: str) -> list[Path]:
    """Beside the clips, beside the other camera's (both film at once), or in a folder above."""
    own = clip_folder(corpus, speaker)
    other = [_camera_folder(corpus, speaker, camera) for camera in CAMERAS if camera != corpus.camera]
    above = [own.parent, own.parent.parent]
    places = [_child(folder, name) for folder in above for name in ("transcripts", "txt")]
    return [own, *other, *above, *places, root_of(corpus) / "alignments" / speaker]


def words(transcript: Path) -> list[Word]:
    """The sentence's words without silences; empty if the transcript cannot be read."""
    return read_words(transcript, seconds_per_unit)


def seconds_per_unit(last: float) -> float:
    """The unit of a transcript that ends at ``last``.

    [own] The corpus' descriptions name none, and three are in use around it: seconds, TIMIT's samples at
    16 kHz and HTK's 100 ns. A sentence lasts between half a second and two minutes, which keeps them apart.

    Raises:
        ValueError: a number that is a sentence's length in none of them.
    """
    for unit in (1.0, 1 / 16_000, 1e-7):
        if last * unit <= _LONGEST_S:
            if unit < 1 and last * unit < _SHORTEST_S:
                break
            return unit
    raise ValueError(f"{last:g} is a sentence's end in no known unit (seconds, 16 kHz samples, 100 ns)")


def _camera_folders(corpus: Corpus, name: str) -> list[Path]:
    """Where the clips of a speaker of this name lie in each of the groups."""
    of_groups = [_child(root_of(corpus), group) / name for group in corpus.groups]
    return [_child(_child(folder, "Clips"), corpus.camera) for folder in of_groups]


def _camera_folder(corpus: Corpus, speaker: str, camera: str) -> Path:
    return _child(_child(_speaker_folder(corpus, speaker), "Clips"), camera)


def _speaker_folder(corpus: Corpus, speaker: str) -> Path:
    root = root_of(corpus)
    for group in corpus.groups:
        folder = _child(root, group) / speaker
        if folder.is_dir():
            return folder
    elsewhere = [group for group in GROUPS if (_child(root, group) / speaker).is_dir()]
    remedy = f"it is one of the {elsewhere[0]}: add them to corpus.groups" if elsewhere else "see corpus.root"
    raise CorpusError(
        f"speaker {speaker!r} is not among the {' and '.join(corpus.groups)} under {str(root)!r}: {remedy}"
    )


def _child(folder: Path, name: str) -> Path:
    """The entry of this name, in these letters or others; the plain path where there is none.

    Raises:
        CorpusError: the folder may not be listed.
    """
    alike = [entry for entry in entries_of(folder) if entry.name.casefold() == name.casefold()]
    folders = sorted(entry.name for entry in alike if is_folder(entry))
    return folder / (name if name in folders or not folders else folders[0])
