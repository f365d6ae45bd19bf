"""The GRID corpus (Cooke et al. 2006): ``sN/<utterance>.mpg`` and ``.align`` transcripts in 1/25000 s."""

from __future__ import annotations

from pathlib import Path

from talkface.corpora.listing import Word, read_words

SECONDS_PER_UNIT = 1 / 25_000
TRANSCRIPT = ".align"


def transcript_folders(root: Path, speaker: str) -> list[Path]:
    """Where a speaker's transcripts may lie, the corpus' own place first."""
    return [root / "alignments" / speaker, root / speaker / "align", root / speaker]


def words(root: Path, speaker: str, utterance: str) -> list[Word]:
    """The utterance's words without silences; empty without a well-formed transcript."""
    candidates = [folder / f"{utterance}{TRANSCRIPT}" for folder in transcript_folders(root, speaker)]
    return read_words(candidates, SECONDS_PER_UNIT)
