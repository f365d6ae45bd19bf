"""What a split says of a speaker, and how many of their clips are kept for testing."""

from __future__ import annotations

from talkface.config import Split


def is_seen(split: Split, speaker: str) -> bool:
    """Whether the speech of a speaker is learned: of those named, or of all without another role."""
    if split.seen is None:
        return speaker not in {*split.unseen, *split.appearance}
    return speaker in split.seen


def num_held_back(split: Split, num_clips: int) -> int:
    """A share of the speaker's usable clips, and at least one of two."""
    count = int(split.held_back * num_clips + 0.5)
    return max(count, 1) if split.held_back > 0 and num_clips >= 2 else count
