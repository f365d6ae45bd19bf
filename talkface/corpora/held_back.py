"""How many clips of a seen speaker are kept for testing."""

from __future__ import annotations

from talkface.config import Split


def num_held_back(split: Split, num_clips: int) -> int:
    """A share of the speaker's usable clips, and at least one of two."""
    count = int(split.held_back * num_clips + 0.5)
    return max(count, 1) if split.held_back > 0 and num_clips >= 2 else count
