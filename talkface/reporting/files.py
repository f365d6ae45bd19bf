"""Text artifacts, written atomically."""

from __future__ import annotations

from pathlib import Path

from talkface.artifacts.atomic import replacing


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 to a temporary file beside the target and rename it."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
