"""The tools that made an artifact. They are recorded in it and rerun nothing."""

from __future__ import annotations

import functools
import platform
from importlib import metadata

from talkface.media.program import NoProgramError, version

PACKAGES = ("torch", "numpy", "mediapipe")


@functools.cache
def present() -> dict[str, str]:
    """The versions of Python, torch, numpy, MediaPipe and ffmpeg here; "none" where one is missing."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "none"
    try:
        found["ffmpeg"] = version()
    except NoProgramError:
        found["ffmpeg"] = "none"
    return found
