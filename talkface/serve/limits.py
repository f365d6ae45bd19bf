"""What one page takes from those who use it, and how it refuses."""

from __future__ import annotations

from dataclasses import dataclass

PHOTO_KINDS = ("JPEG", "PNG", "WEBP")
"""Pillow's names of the pictures that are taken."""
MOST_LETTERS = 1000
"""Of a text that is spoken."""


@dataclass(frozen=True)
class Limits:
    """Bounds of memory, disk and time."""

    photo_bytes: int = 20_000_000
    """Of a photo's file."""
    photo_pixels: int = 40_000_000
    """Of a photo, whatever its file's size."""
    photo_px: int = 1280
    """Longer side of the film: larger photos are made smaller."""
    sound_bytes: int = 50_000_000
    """Of a sound's or film's file."""
    sound_seconds: float = 60.0
    """Of a sound."""
    queue: int = 32
    """Films that wait or are being made."""
    keep_s: float = 1800.0
    """How long photos, sounds and films are kept after they were last used."""
    room_bytes: int = 2_000_000_000
    """Of all that is kept; the longest unused goes first."""


class RefusalError(ValueError):
    """Something is not taken; the message says what it is and what to do instead, in one line."""

    def __init__(self, status: int, message: str, retry_s: int | None = None):
        super().__init__(" ".join(message.split()))
        self.status = status
        """Of the answer (RFC 9110)."""
        self.retry_s = retry_s
        """Seconds after which it may be taken, where that is known."""
