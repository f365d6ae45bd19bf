"""Clips and sounds for tests are made by the program itself."""

import subprocess

from talkface.media.program import executable


def run(*words: str) -> None:
    """ffmpeg with these arguments; what it complains about ends the test."""
    subprocess.run([executable(), "-v", "error", "-nostdin", "-y", *words], check=True, timeout=300)
