"""Any folder of clips: a subfolder per speaker, any container.

``<utterance>.txt`` beside a clip has its words, if it has lines ``start end word`` in seconds.
"""

from __future__ import annotations

from pathlib import Path

from talkface.config import Corpus
from talkface.corpora.listing import Word, read_words, root_of, speaker_folder, speaker_folders

TRANSCRIPT = ".txt"
LAYOUT = "{speaker}/{utterance}.mp4"


def speakers(corpus: Corpus) -> list[str]:
    """The root's subfolders, whatever they hold."""
    return speaker_folders(root_of(corpus))


def clip_folder(corpus: Corpus, speaker: str) -> Path:
    """The speaker's folder (``CorpusError`` where there is none)."""
    return speaker_folder(root_of(corpus), speaker)


def transcript_folders(corpus: Corpus, speaker: str) -> list[Path]:
    """Transcripts lie beside the clips."""
    return [clip_folder(corpus, speaker)]


def words(transcript: Path) -> list[Word]:
    """The utterance's words without silences; empty if the transcript is malformed."""
    return read_words(transcript, 1.0)
