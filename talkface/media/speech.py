"""Text spoken by espeak-ng, where that is installed on the machine."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

REMEDY = "install it with the system's packages (Debian and Ubuntu: apt-get install espeak-ng)"
_PROGRAM = "espeak-ng"
_SECONDS = 30
_VOICE = re.compile(r"^ *\d+ +([a-z0-9-]+) +\S+ +(\S+) ", flags=re.MULTILINE)


@dataclass(frozen=True)
class Voice:
    """One of the program's languages."""

    code: str
    """Such as ``en-gb``."""
    name: str
    """Such as ``English (Great Britain)``."""


@functools.cache
def voices() -> tuple[Voice, ...]:
    """The languages of the installed program, by name; empty where it is not installed."""
    if shutil.which(_PROGRAM) is None:
        return ()
    try:
        done = subprocess.run([_PROGRAM, "--voices"], capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = {code: name.replace("_", " ") for code, name in _VOICE.findall(done.stdout)}
    return tuple(sorted((Voice(*item) for item in found.items()), key=lambda voice: voice.name))


def speak(text: str, voice: str, target: Path) -> None:
    """Speak a text into a WAV file (22,050 Hz, one channel).

    The text goes through the program's standard input, so nothing in it is an option.

    Raises:
        ValueError: no program, no such voice, or no sound came of the text.
    """
    if voice not in {own.code for own in voices()}:
        lacking = f"no voice '{voice}'; choose one of the list" if voices() else f"no {_PROGRAM}; {REMEDY}"
        raise ValueError(lacking)
    words = [_PROGRAM, "-v", voice, "-b", "1", "--stdin", "-w", str(target)]
    try:
        done = subprocess.run(words, input=text.encode(), capture_output=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        raise ValueError(f"{_PROGRAM} took longer than {_SECONDS} s; give a shorter text") from None
    if done.returncode or not target.is_file():
        said = done.stderr.decode(errors="replace").strip().splitlines()[:1]
        raise ValueError(
            f"{_PROGRAM} could not speak it ({''.join(said) or 'no explanation'}); change the text"
        )
