"""Any folder of clips: a subfolder per speaker, any container.

``<utterance>.txt`` beside a clip has its words, if it has lines ``start end word`` in seconds.
"""

from __future__ import annotations

from pathlib import Path

from talkface.corpora.listing import Word, read_words


def transcripts(root: Path, speaker: str, utterance: str) -> list[Path]:
    """Where an utterance's transcript may lie."""
    return [root / speaker / f"{utterance}.txt"]


def words(root: Path, speaker: str, utterance: str) -> list[Word]:
    """The utterance's words without silences; empty without a well-formed transcript."""
    return read_words(transcripts(root, speaker, utterance), 1.0)
