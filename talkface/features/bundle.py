"""The file with MediaPipe's face models: its identity, its location and its integrity.

It is not part of MediaPipe's wheel. Only the set-up downloads it. This module imports nothing heavy, because
the set-up and the preflight use it.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import platformdirs

from talkface.config.data import LANDMARKER_SHA256

NAME = "face_landmarker.task"
"""A zip of three models: face detector, mesh of 478 points, 52 blendshape scores (Google, Apache-2.0)."""

NUM_BYTES = 3_758_596
SHA256 = LANDMARKER_SHA256
OFFICIAL_URL = (
    "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/"
    "face_landmarker.task"
)

_VARIABLE = "TALKFACE_WEIGHTS"
_REMEDY = "fetch it with `talkface doctor --fetch` or `make setup`, or name your copy in faces.landmarker"


class BundleError(ValueError):
    """The models' file is absent, unreadable or another one; the message names the remedy."""


def default_path() -> Path:
    """Where the set-up puts the file: under ``$TALKFACE_WEIGHTS``, or the user's data folder without it."""
    named = os.environ.get(_VARIABLE)
    folder = Path(named) if named else platformdirs.user_data_path("talkface") / "weights"
    return folder / NAME


def checked(path: Path | None, sha256: str) -> Path:
    """The file at ``path`` (None: :func:`default_path`), once its SHA-256 was found to be ``sha256``.

    Raises:
        BundleError: it is absent, unreadable or another one.
    """
    path = default_path() if path is None else path
    problem = problem_with(path, sha256)
    if problem is not None:
        raise BundleError(problem)
    return path


def problem_with(path: Path, sha256: str) -> str | None:
    """What is wrong with the file and what to do about it, or None."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return f"{path}: the face models are missing: {_REMEDY}"
    except OSError as error:
        return f"{path}: the face models cannot be read ({error.strerror}): {_REMEDY}"
    if found != sha256:
        return (
            f"{path}: its SHA-256 is {found}, not {sha256}: {_REMEDY}; "
            "or set faces.landmarker_sha256 if this is the file you mean"
        )
    return None
