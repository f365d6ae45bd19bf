"""Which ffmpeg program is used: the pinned wheel's, unless ``media.ffmpeg`` names another.

So an ffmpeg that is installed or upgraded on the machine changes nothing.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path

VARIABLE = "TALKFACE_FFMPEG"
"""Environment variable that hands the choice of the configuration on to jobs and to their child processes."""
WHEEL, SYSTEM = "wheel", "system"


class NoProgramError(ValueError):
    """The chosen program is not there or does not start; the message names the setting and the remedy."""


def choose(program: str) -> None:
    """Use ``wheel``, ``system`` (the first ffmpeg on the PATH) or the program at a path, from now on."""
    os.environ[VARIABLE] = program
    executable.cache_clear()
    version.cache_clear()


@functools.cache
def executable() -> str:
    """The path of the program that was chosen.

    Raises:
        NoProgramError: it is not there, or does not start.
    """
    chosen = os.environ.get(VARIABLE, WHEEL)
    if chosen == WHEEL:
        return _checked(_of_wheel(), "wheel", "pip install imageio-ffmpeg, or set it to 'system'")
    if chosen == SYSTEM:
        remedy = "install it with the system's packages, or set it to 'wheel'"
        return _checked(shutil.which("ffmpeg"), "system", remedy)
    return _checked(chosen, chosen, "correct the path, or set it to 'wheel' or 'system'")


def _of_wheel() -> str | None:
    """The program inside imageio-ffmpeg; its own function would also search the system."""
    try:
        folder = resources.files("imageio_ffmpeg") / "binaries"
        found = [str(file) for file in folder.iterdir() if file.name.startswith("ffmpeg-")]
    except (ImportError, OSError):
        return None
    return found[0] if found else None


def _checked(program: str | None, chosen: str, remedy: str) -> str:
    if program is None or not _starts(program):
        where = f" ({program})" if program else ""
        raise NoProgramError(f"media.ffmpeg is '{chosen}': no such program starts{where}; {remedy}")
    return str(Path(program).absolute())


def _starts(program: str) -> bool:
    try:
        return subprocess.run([program, "-version"], capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@functools.cache
def version() -> str:
    """The program's version, such as ``7.1``.

    Raises:
        NoProgramError: as :func:`executable`.
    """
    line = subprocess.run([executable(), "-version"], capture_output=True, text=True, timeout=30).stdout
    found = re.match(r"ffmpeg version (\S+)", line)
    return found[1] if found else "unknown"


@functools.cache
def has_filter(name: str) -> bool:
    """Whether a filter is built into the program."""
    listing = subprocess.run(
        [executable(), "-hide_banner", "-filters"], capture_output=True, text=True, timeout=30
    ).stdout
    return re.search(rf"^ \S+ +{re.escape(name)} ", listing, flags=re.MULTILINE) is not None


@functools.cache
def encoders() -> frozenset[str]:
    """Names of the encoders built into the program."""
    listing = subprocess.run(
        [executable(), "-hide_banner", "-encoders"], capture_output=True, text=True, timeout=30
    ).stdout
    return frozenset(re.findall(r"^ [VAS][A-Z.]{5} (\S+)", listing, flags=re.MULTILINE))
