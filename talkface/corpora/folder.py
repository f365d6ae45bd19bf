"""Any folder of clips: a subfolder per speaker, any container.

``<utterance>.txt`` beside a clip has its words, if it has lines ``start end word`` in seconds.
"""

from __future__ import annotations

from pathlib import Path

from talkface.corpora.listing import Word, read_words

TRANSCRIPT = ".txt"


def transcript_folders(root: Path, speaker: str) -> list[Path]:
    """Where a speaker's transcripts lie."""
    return [root / speaker]


def words(root: Path, speaker: str, utterance: str) -> list[Word]:
    """The utterance's words without silences; empty without a well-formed transcript."""
    return read_words([root / speaker / f"{utterance}{TRANSCRIPT}"], 1.0)
