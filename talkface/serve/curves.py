"""The action units of a film over time: for the page, and as a file for ``talkface generate --au-curve``."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np

from talkface.artifacts.schemas import AU_NAMES
from talkface.serve.films import Job

_HIGHEST = 5.0
_DIGITS = 3


def curves_json(job: Job) -> dict[str, Any]:
    """Intensities of each frame, a list for each unit: as the sound asks for them, and as they were shown."""
    return {
        "fps": job.fps,
        "predicted": _by_unit(job.curves.predicted),
        "shown": _by_unit(job.curves.shown),
    }


def _by_unit(rows: list[np.ndarray]) -> dict[str, list[float]]:
    values_TA = np.array(rows).reshape(len(rows), -1).round(_DIGITS)
    return {au: values_TA[:, place].tolist() for place, au in enumerate(AU_NAMES) if values_TA.size}


def curves_csv(job: Job) -> str:
    """What was shown, held to 0 to 5, a row for each frame."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["time_s", *AU_NAMES])
    for frame, shown_A in enumerate(job.curves.shown):
        held_A = np.clip(shown_A, 0, _HIGHEST)
        rows.writerow([f"{frame / job.fps:.3f}", *(f"{value:.{_DIGITS}f}" for value in held_A)])
    return text.getvalue()
