"""List every missing system library and program, and how to install it."""

from __future__ import annotations

import ctypes
import importlib
import sys

from talkface.media.program import version

# What the wheels of mediapipe and OpenCV take from the system, screen or no screen. Found by starting from
# nothing: in Debian 13's smallest root faces are tracked with exactly these (tests/setup/test_debian.py).
LIBRARIES = {
    # library: packages of apt (Debian, Ubuntu) and dnf (Fedora)
    "libEGL.so.1": ("libegl1", "libglvnd-egl"),
    "libGLESv2.so.2": ("libgles2", "libglvnd-gles"),
    "libGL.so.1": ("libgl1", "libglvnd-glx"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libgthread-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libxcb.so.1": ("libxcb1", "libxcb"),
}
MODULES = ("torch", "cv2", "mediapipe.tasks.python.vision")


def missing_libraries() -> list[str]:
    """A line for each library that the loader does not find; on macOS the wheels need none."""
    lines = []
    for library, (apt, dnf) in LIBRARIES.items() if sys.platform == "linux" else ():
        try:
            ctypes.CDLL(library)
        except OSError:
            lines.append(
                f"the system library {library} is missing: apt-get install {apt} | dnf install {dnf} | "
                "brew: no package, on macOS it is part of the system"
            )
    return lines


def broken_modules() -> list[str]:
    """A line for each module that cannot be imported although the libraries above are there."""
    lines = []
    for module in MODULES:
        try:
            importlib.import_module(module)
        except (ImportError, OSError) as error:
            lines.append(f"{module}: {error}: run the installation again (make setup)")
    return lines


def missing_ffmpeg() -> list[str]:
    """A line if no ffmpeg starts."""
    try:
        version()
    except (OSError, ValueError) as error:
        return [
            f"ffmpeg: {error}: pip install imageio-ffmpeg | apt-get install ffmpeg | "
            "dnf install ffmpeg-free | brew install ffmpeg"
        ]
    return []


def main() -> int:
    """Look for system libraries, import what rests on them, and find an ffmpeg."""
    complaints = missing_libraries() or broken_modules()
    complaints += missing_ffmpeg()
    for line in complaints:
        print(f"error: {line}", file=sys.stderr)
    return 1 if complaints else 0
