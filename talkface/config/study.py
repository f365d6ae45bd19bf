"""A study with people: which films are shown in pairs, and where their votes lie."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from talkface.config.basics import Strict


class Study(Strict):
    """Pairs of films that people compare without knowing what they see (docs/study.md)."""

    methods: list[str] | None = Field(None, min_length=2)
    """Rows of the main table: variants, external rows (external_NAME), ground_truth; None: the variants of
    ``main``, the external rows and the ground truth."""
    clips: int = Field(4, ge=1)
    """Clips of which every two methods are compared."""
    question: str = Field("In which film does the mouth fit the sound better?", min_length=1)
    """What is asked of each pair."""
    votes: Path = Path("votes")
    """Folder of the participants' files (rule ``analyse_study``)."""
