"""The one picture of a clip that a renderer may see: its first frame with a detected face.

Shape legend: H and W of the crop, Q coordinates of the landmarks, A action units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from talkface.artifacts.schemas import AUS, FACES, LANDMARKS
from talkface.artifacts.tables import ClipTable, TableError
from talkface.data.rows import vectors
from talkface.media.images import decode_png


@dataclass(frozen=True)
class FirstFace:
    """A clip's first face and, where asked for, that frame's own raw action units."""

    clip: str
    frame: int
    image_HW3: np.ndarray  # uint8
    points_Q: np.ndarray  # x, y, z of its 478 landmarks, in pixels of the crop, one after another
    intensity_A: np.ndarray | None  # raw, 0-5


def first_faces(faces: Path, landmarks: Path, aus: Path | None = None) -> Iterator[FirstFace]:
    """The first face of every clip of a speaker; a clip without any detected face has its first frame.

    Clips that begin with a grey or black picture exist in GRID, so the first *detected* frame is taken.
    """
    images, meshes = ClipTable(faces, FACES), ClipTable(landmarks, LANDMARKS)
    labels = ClipTable(aus, AUS) if aus is not None else None
    for clip in images.clips:
        detected = images.read(clip, ["frame", "detected"])
        if detected["frame"][0].as_py() != 0:
            raise TableError(f"{faces}: clip '{clip}' does not begin with frame 0")
        frame = first_detected(detected["detected"].to_pylist())
        content = images.read(clip, ["image"])["image"][frame].as_py()
        points_Q = vectors(meshes.read(clip, ["points"]).slice(frame, 1), "points")[0]
        intensity_A = (
            None if labels is None else vectors(labels.read(clip, ["raw"]).slice(frame, 1), "raw")[0]
        )
        yield FirstFace(clip, frame, decode_png(content), points_Q, intensity_A)


def first_detected(detected: list[bool]) -> int:
    """The first frame with a face; 0 where there is none."""
    return detected.index(True) if True in detected else 0
