"""The names of synthetic speakers. The Snakefile imports this at every parse: it stays light."""

from __future__ import annotations

from talkface.config import Synthetic


def speaker_names(plan: Synthetic) -> list[str]:
    """The corpus' speakers in order."""
    return [speaker_name(plan.layout, number) for number in range(1, plan.speakers + 1)]


def speaker_name(layout: str, number: int) -> str:
    """Speaker ``number`` (1-based): s1, s2 ... in GRID's layout, 01F, 02M ... in TCD-TIMIT's."""
    if layout == "grid":
        return f"s{number}"
    return f"{number:02d}{'F' if has_high_voice(number) else 'M'}"


def has_high_voice(number: int) -> bool:
    """High and low voices in turn: real corpora have women and men."""
    return bool(number % 2)
