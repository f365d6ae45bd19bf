"""Caches of libraries, where the user's own folders may not be written: containers, services, CI."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_OF_USER = {
    "MPLCONFIGDIR": (
        ("XDG_CONFIG_HOME", ".config", "matplotlib"),
        ("XDG_CACHE_HOME", ".cache", "matplotlib"),
    ),
}
"""The variable that moves a library's caches -> where they lie by themselves."""


def move_unwritable_caches() -> None:
    """Give matplotlib a temporary folder where its own may not be written.

    Sets ``MPLCONFIGDIR`` in the environment, unless it is set, so that jobs share the folder; it goes with
    this process. Without it matplotlib warns. Call it before it is imported. Where there is no temporary
    folder either, nothing changes.
    """
    moved = [
        variable
        for variable, places in _OF_USER.items()
        if not os.environ.get(variable) and not all(_writable(*place) for place in places)
    ]
    if not moved:
        return
    try:
        folder = Path(tempfile.mkdtemp(prefix="talkface-caches-"))
    except OSError:
        return
    atexit.register(_remove, folder, os.getpid())
    for variable in moved:
        os.environ[variable] = str(folder / variable.lower())


def _writable(variable: str, default: str, library: str) -> bool:
    """Whether files can be made in the library's folder; those above it are made to find out."""
    try:
        above = Path(os.environ.get(variable) or Path.home() / default)
        above.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # RuntimeError: a user without a home
        return False
    own = above / library
    return os.access(own if os.path.lexists(own) else above, os.W_OK | os.X_OK)


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # not in a fork
        shutil.rmtree(folder, ignore_errors=True)
