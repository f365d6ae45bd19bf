"""Rows of the table of checks."""

from typing import Any

from talkface.artifacts.schemas import FACTS


def check_row(clip: str, **changes: Any) -> dict[str, Any]:
    """A clip of three seconds in which nothing is wrong, and none of whose facts was measured."""
    return {
        "clip": clip, "ok": True, "reason": "", "num_frames": 75, "source_fps": 25.0, "width": 360,
        "height": 288, "has_audio": True, "num_detected": 75, "num_bridged": 0, "doubts": "",
        "first_face": 0, **dict.fromkeys(FACTS), **changes,
    }  # fmt: skip
