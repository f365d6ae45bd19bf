"""On which clips the quality of our own evaluators is measured, and what each clip is compared with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from talkface.data.rows import speaker_of
from talkface.evaluation.selection import TEST_SUBSETS, evenly

MOST_CLIPS = 100
"""Of a speaker's clips in a subset at most so many are looked at."""


def judged_clips(split: pa.Table) -> list[str]:
    """The usable clips of both test subsets, of each speaker at most ``MOST_CLIPS``, evenly spaced.

    Raises ``ValueError`` where there is none.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for row in split.select(["clip", "speaker", "subset", "ok"]).to_pylist():
        if row["ok"] and row["subset"] in TEST_SUBSETS:
            found.setdefault((row["subset"], row["speaker"]), []).append(row["clip"])
    if not found:
        raise ValueError(
            "no clip is held back and no speaker unseen: the evaluators' quality cannot be measured; give "
            "the split held_back or unseen speakers"
        )
    return [clip for key in sorted(found) for clip in evenly(sorted(found[key]), MOST_CLIPS)]


def other_clips(clips: Sequence[str]) -> dict[str, str]:
    """For each clip another one whose sound it is held against: the next of its speaker, or else of all.

    A clip that is alone has none.
    """
    chosen = {}
    for place, clip in enumerate(clips):
        after = [*clips[place + 1 :], *clips[:place]]
        own = [other for other in after if speaker_of(other) == speaker_of(clip)]
        if own or after:
            chosen[clip] = (own or after)[0]
    return chosen


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, as sha256sum gives it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
