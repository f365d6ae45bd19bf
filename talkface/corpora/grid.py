"""The GRID corpus (Cooke et al. 2006): ``sN/<utterance>.mpg`` and ``.align`` transcripts in 1/25000 s."""

from __future__ import annotations

from pathlib import Path

from talkface.config import Corpus
from talkface.corpora.listing import root_of, speaker_folder, speaker_folders
from talkface.corpora.transcripts import Word, read_words

SECONDS_PER_UNIT = 1 / 25_000
TRANSCRIPT = ".align"
LAYOUT = "{speaker}/{utterance}.mpg"


def speakers(corpus: Corpus) -> list[str]:
    """The root's subfolders, whatever they hold."""
    return speaker_folders(root_of(corpus))


def clip_folder(corpus: Corpus, speaker: str) -> Path:
    """The speaker's folder (``CorpusError`` where there is none)."""
    return speaker_folder(root_of(corpus), speaker)


def transcript_folders(corpus: Corpus, speaker: str) -> list[Path]:
    """Where a speaker's transcripts may lie, the corpus' own place first."""
    root = root_of(corpus)
    return [root / "alignments" / speaker, root / speaker / "align", root / speaker]


def words(transcript: Path) -> list[Word]:
    """The utterance's words without silences; empty if the transcript cannot be read."""
    return read_words(transcript, SECONDS_PER_UNIT)
