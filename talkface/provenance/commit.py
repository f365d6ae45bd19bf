"""The commit that the package's source stands at."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import talkface

SOURCE = Path(talkface.__file__).resolve().parents[1]


@dataclass(frozen=True)
class Commit:
    """A commit, its date, and whether the package differs from it."""

    hash: str
    date: str  # ISO 8601, of the commit
    changed: bool

    def __str__(self) -> str:
        changed = ", with changes that are not committed" if self.changed else ""
        return f"{self.hash} of {self.date}{changed}"


def present_commit(source: Path = SOURCE) -> Commit | None:
    """The commit of a checkout; ``None`` for an installed or copied package, and where there is no git."""
    try:
        if Path(_git(source, "rev-parse", "--show-toplevel")).resolve() != source:
            return None
        found, date = _git(source, "log", "-1", "--format=%H %cI").split()
        return Commit(found, date, bool(_git(source, "status", "--porcelain", "--untracked-files=no")))
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def _git(source: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(source), *arguments], capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout.strip()
