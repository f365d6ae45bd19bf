"""The models that find faces, for commands that need them: fetched once, where nobody has."""

from __future__ import annotations

import os
from pathlib import Path

_OFFLINE = "TALKFACE_OFFLINE"
"""Set to anything, nothing is fetched but by ``talkface doctor --fetch``."""


def fetch_face_models() -> None:
    """Fetch the models to where set-up puts them.

    Raises ``talkface.features.bundle.BundleError``, which names every way that was tried.
    """
    from talkface.features.bundle import BundleError, default_path
    from talkface.features.fetch_bundle import FetchError, fetch

    try:
        fetch(default_path())
    except FetchError as error:
        raise BundleError(str(error)) from error


def fetch_missing_face_models(landmarker: Path | None = None) -> None:
    """Fetch them if they are missing, and say so. ``landmarker``: a copy that the model's settings name."""
    from talkface.cli.progress import say
    from talkface.features.bundle import NUM_BYTES, default_path

    if landmarker is not None or default_path().exists() or os.environ.get(_OFFLINE):
        return
    say(f"fetching the models that find faces ({NUM_BYTES / 1e6:.1f} MB, once): {default_path()}")
    fetch_face_models()
