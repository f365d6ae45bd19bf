"""The report's films: those of one clip together, the clips from worst and best inwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from talkface.evaluation.runs import label
from talkface.reporting.tables.columns import number
from talkface.reporting.tables.single_scores import CLIPS_BY, from_the_ends, place_in_words


@dataclass(frozen=True)
class Film:
    """A clip's film of one method: left the truth, right the generated one."""

    name: str
    score: str  # in words; empty where it has none
    path: Path


@dataclass(frozen=True)
class FilmedClip:
    """A clip with the films of all methods."""

    clip: str
    part: str
    place: str  # among all measured clips; empty where it was not scored
    films: tuple[Film, ...]


def filmed_clips(
    shown: Mapping[str, Mapping[str, Path]],
    parts: Mapping[str, str],
    scores: Mapping[str, Mapping[str, float]],
) -> list[FilmedClip]:
    """The clips that have films: the worst, the best, the second worst, ...; those without scores at last.

    ``shown``: method -> clip -> film. ``parts``: each clip's subset in words. ``scores``: clip -> variant ->
    ``CLIPS_BY``, of all measured clips, filmed or not.
    """
    filmed = list(dict.fromkeys(clip for of_clip in shown.values() for clip in of_clip))
    scored = {clip: scores[clip] for clip in filmed if clip in scores}
    return [
        FilmedClip(
            clip,
            parts[clip],
            place_in_words(clip, scores) if clip in scored else "",
            tuple(
                Film(label(method), _score(scores.get(clip, {}).get(method)), of_clip[clip])
                for method, of_clip in shown.items()
                if clip in of_clip
            ),
        )
        for clip in [*from_the_ends(scored), *(clip for clip in filmed if clip not in scored)]
    ]


def _score(value: float | None) -> str:
    return "" if value is None else f"{CLIPS_BY.header} {number(value, CLIPS_BY.digits)}"


def order_in_words(clips: Sequence[FilmedClip]) -> str:
    """By what the films are ordered."""
    if not any(clip.place for clip in clips):
        return "None of the clips has a score to order them by."
    return (
        f"Ordered by {CLIPS_BY.header} ({CLIPS_BY.meaning}), mean over variants with the clip's own sound: "
        "the worst clip, the best, the second worst and so on inwards. Which clips have films was settled "
        "before any was scored; each says where it stands among all measured ones."
    )
