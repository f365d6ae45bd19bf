"""The GRID corpus (Cooke et al. 2006): ``sN/<utterance>.mpg`` and ``.align`` transcripts in 1/25000 s."""

from __future__ import annotations

from pathlib import Path

from talkface.corpora.listing import Word, read_words

SECONDS_PER_UNIT = 1 / 25_000


def transcripts(root: Path, speaker: str, utterance: str) -> list[Path]:
    """Where an utterance's transcript may lie, the corpus' own place first."""
    name = f"{utterance}.align"
    return [root / "alignments" / speaker / name, root / speaker / "align" / name, root / speaker / name]


def words(root: Path, speaker: str, utterance: str) -> list[Word]:
    """The utterance's words without silences; empty without a well-formed transcript."""
    return read_words(transcripts(root, speaker, utterance), SECONDS_PER_UNIT)
