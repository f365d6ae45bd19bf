"""Transcripts: where they lie, which clip each belongs to, and the words in them."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from talkface.config import Corpus
from talkface.corpora.listing import Reader, clip_names, entries_of, is_plain, root_of

logger = logging.getLogger(__name__)

FOLDERS = ("alignments", "align", "transcripts")
"""What folders of transcripts are called, whatever the reader."""

Word = dict[str, float | str]
"""start_s, end_s (seconds from the clip's first frame) and word."""

_SILENCES = ("sil", "sp", "h#")


@dataclass(frozen=True)
class Transcripts:
    """The transcripts of a speaker's clips, by utterance."""

    own: dict[str, Path]
    """Those in the reader's own places."""
    elsewhere: dict[str, Path]
    """Those of other clips, where transcripts often are: ``align/s1``, ``s1/align``, ``align``."""
    doubtful: dict[str, Path]
    """Those in a folder for all speakers whose name fits a clip of another speaker too: not used."""

    @property
    def used(self) -> dict[str, Path]:
        """One for each clip that has one."""
        return self.elsewhere | self.own


def find_transcripts(
    reader: Reader, corpus: Corpus, speaker: str, utterances: Collection[str]
) -> Transcripts:
    """The transcripts of these clips of a speaker.

    Raises:
        CorpusError: no such speaker, or a folder that may not be listed.
    """
    suffix = reader.TRANSCRIPT
    own = transcripts_of(utterances, reader.transcript_folders(corpus, speaker), suffix)
    rest = [name for name in utterances if name not in own]
    near, common = places_elsewhere(reader, corpus, speaker)
    elsewhere = transcripts_of(rest, near, suffix)
    rest = [name for name in rest if name not in elsewhere]
    shared = transcripts_of(rest, common, suffix)
    foreign = _of_others(reader, corpus, speaker) if shared else set()
    doubtful = {name: path for name, path in shared.items() if name.casefold() in foreign}
    certain = {name: path for name, path in shared.items() if name not in doubtful}
    return Transcripts(own, elsewhere | certain, doubtful)


def places_elsewhere(reader: Reader, corpus: Corpus, speaker: str) -> tuple[list[Path], list[Path]]:
    """Where a speaker's transcripts may lie besides in the reader's own places, and where everyone's may."""
    root, folder = root_of(corpus), reader.clip_folder(corpus, speaker)
    near = [base / name / tail for (base, tail), name in product([(root, speaker), (folder, "")], FOLDERS)]
    return near, [root / name for name in FOLDERS if name != speaker]


def _of_others(reader: Reader, corpus: Corpus, speaker: str) -> set[str]:
    """The utterances of all other speakers, in small letters."""
    found = set[str]()
    for other in reader.speakers(corpus):
        # A name that is not plain is no speaker's, or refused.
        if other != speaker and other not in FOLDERS and is_plain(other):
            found.update(name.casefold() for name in clip_names(reader.clip_folder(corpus, other)))
    return found


def transcripts_of(utterances: Iterable[str], folders: Iterable[Path], suffix: str) -> dict[str, Path]:
    """Each utterance's transcript, where it has one: of several folders the first that holds it.

    A transcript belongs to the clip of the same name, or else of the same name in other letters
    (``SA1.txt`` to ``sa1.mp4``).
    """
    names = set(utterances)
    folded = {name.casefold(): name for name in sorted(names, reverse=True)}
    found: dict[str, Path] = {}
    for folder in folders:
        fitting = []
        for entry in entries_of(folder):
            stem, dot, ending = entry.name.rpartition(".")
            if dot + ending.lower() == suffix and stem.casefold() in folded:
                fitting.append((entry.name, stem, entry))
        for name, stem, entry in sorted(fitting, key=lambda one: one[0]):
            if _is_file(entry):
                found.setdefault(stem if stem in names else folded[stem.casefold()], folder / name)
    return found


def read_words(path: Path, seconds_per_unit: float | Callable[[float], float]) -> list[Word]:
    """Words of a transcript, without silences; one that cannot be read has none, and the log says why.

    Lines are ``start end word``, or labels as Audacity exports them: start, end and label between tabs, where
    a label of several words is shared out over its time by their letters. A decimal comma is a point.

    ``seconds_per_unit`` may be a function that tells the unit from the transcript's last moment, and raises
    ``ValueError`` where it cannot.
    """
    try:
        lines = list(_lines(path.read_text(encoding="utf-8-sig")))
        scale = seconds_per_unit
        if callable(scale):
            scale = scale(max((end for _, end, _ in lines), default=0.0))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        logger.warning(_UNREADABLE, str(path), f"line {line} is not UTF-8: save it as UTF-8 text")
        return []
    except (OSError, ValueError) as error:
        logger.warning(_UNREADABLE, str(path), error)
        return []
    return [
        {"start_s": start * scale, "end_s": end * scale, "word": word}
        for start, end, word in lines
        if word.lower() not in _SILENCES
    ]


_UNREADABLE = "transcript %r cannot be read, so its clip is used without words: %s"


def _lines(text: str) -> Iterator[tuple[float, float, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("\\"):  # Audacity: the frequencies of the label above
            continue
        fields = line.split()
        if len(fields) != 3:
            fields = line.split("\t", 2)
        if len(fields) != 3:
            raise ValueError(f"line {number} is not 'start end word': {line.strip()[:40]!r}")
        try:
            start, end = (float(field.replace(",", ".")) for field in fields[:2])
        except ValueError:
            raise ValueError(
                f"line {number} does not begin with two numbers: {line.strip()[:40]!r}"
            ) from None
        if not 0 <= start <= end < float("inf"):  # also refuses NaN
            raise ValueError(
                f"line {number} ends before it starts, or begins before 0: {line.strip()[:40]!r}"
            )
        yield from _shared_out(start, end, fields[2].split())


def _shared_out(start: float, end: float, words: list[str]) -> Iterator[tuple[float, float, str]]:
    """The words one after another, each as long as its share of the letters."""
    letters, passed = sum(map(len, words)), 0
    for word in words:
        first, passed = passed, passed + len(word)
        yield start + (end - start) * first / letters, start + (end - start) * passed / letters, word


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link that points to itself
        return False
