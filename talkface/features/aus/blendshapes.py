"""AU intensities from the blendshape scores of MediaPipe's face landmarker task, when its file is given.

The task file is a download; it is named in the configuration with its SHA-256 and used in no other way.
Shapes: T frames, A = 5 AUs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from talkface.features.aus.base import AuError, ClipFrames, PlainScale, RawLabels, fill_missed

_WEIGHTS: dict[str, dict[str, float]] = {
    "AU10": {"mouthUpperUpLeft": 0.5, "mouthUpperUpRight": 0.5},
    "AU14": {"mouthDimpleLeft": 0.5, "mouthDimpleRight": 0.5},
    "AU20": {"mouthStretchLeft": 0.5, "mouthStretchRight": 0.5},
    "AU25": {
        "jawOpen": 1.0, "mouthClose": -1.0, "mouthLowerDownLeft": 0.5, "mouthLowerDownRight": 0.5,
        "mouthUpperUpLeft": 0.25, "mouthUpperUpRight": 0.25,
    },
    "AU26": {"jawOpen": 1.0},
}  # fmt: skip
"""Which scores (0-1) make up an AU; mouthClose is how far the lips stay together while the jaw is open."""


def from_scores(scores: Mapping[str, float]) -> npt.NDArray[np.float32]:
    """Blendshape scores of one face, 0-1 -> raw intensities ``[5]``, 0-5."""
    sums = [sum(weight * scores[name] for name, weight in parts.items()) for parts in _WEIGHTS.values()]
    return np.clip(5 * np.array(sums), 0, 5).astype(np.float32)


class BlendshapeLabeller(PlainScale):
    """Scores of the face landmarker on the aligned crops."""

    name = "blendshapes"

    def __init__(self, task: Path | None, sha256: str | None):
        if task is None or sha256 is None:
            raise AuError(
                "aus.backend is 'blendshapes': it needs aus.blendshapes_task (MediaPipe's "
                "face_landmarker.task, a download) and aus.blendshapes_sha256; "
                "the backend 'geometric' needs neither"
            )
        if not task.is_file():
            raise AuError(f"aus.blendshapes_task: {task}: no such file")
        found = hashlib.sha256(task.read_bytes()).hexdigest()
        if found != sha256.lower():
            raise AuError(f"aus.blendshapes_task: {task}: its SHA-256 is {found}, not {sha256}")
        self.version = f"MediaPipe blendshapes {found[:12]}"
        self._landmarker = _open(task)

    def label(self, frames: ClipFrames) -> RawLabels:
        """Raw labels of one clip, each crop by itself; one without a face is filled from its neighbours."""
        import mediapipe as mp

        images = frames.images()
        raw, seen = np.zeros((len(images), 5), np.float32), np.zeros(len(images), bool)
        margin = images.shape[1] // 4  # the detector expects surroundings
        for number, image in enumerate(images):
            padded = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), mode="edge")
            result = self._landmarker.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=padded))
            if result.face_blendshapes:
                raw[number] = from_scores(
                    {item.category_name: item.score for item in result.face_blendshapes[0]}
                )
                seen[number] = True
        return RawLabels(fill_missed(raw, seen), frames.detected & seen)

    def close(self) -> None:
        """Free the task's graph."""
        self._landmarker.close()


def _open(task: Path) -> Any:
    from mediapipe.tasks import python as tasks

    options = tasks.vision.FaceLandmarkerOptions(
        base_options=tasks.BaseOptions(model_asset_path=str(task)), output_face_blendshapes=True, num_faces=1
    )
    try:
        return tasks.vision.FaceLandmarker.create_from_options(options)
    except (ValueError, RuntimeError) as error:
        raise AuError(f"aus.blendshapes_task: {task}: not a face landmarker task ({error})") from error
