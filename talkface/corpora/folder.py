"""Any folder of clips: a subfolder per speaker, any container.

``<utterance>.txt`` has the words: lines ``start end word`` in seconds, or labels of Audacity.
"""

from __future__ import annotations

from pathlib import Path

from talkface.config import Corpus
from talkface.corpora.listing import root_of, speaker_folder, speaker_folders
from talkface.corpora.transcripts import Word, read_words

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
    """The utterance's words without silences; empty if the transcript cannot be read."""
    return read_words(transcript, 1.0)
