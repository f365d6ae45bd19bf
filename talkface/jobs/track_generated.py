"""Rule ``track_generated``: the face mesh on generated frames, which are aligned crops already."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import GENERATED, LANDMARKS
from talkface.artifacts.tables import TableWriter
from talkface.config import Faces
from talkface.data.rows import vectors
from talkface.evaluation.controls import mean_mouth_points
from talkface.evaluation.score_rows import tables_by_clip
from talkface.features.faces import mesh_crops
from talkface.features.landmarks import NUM_POINTS
from talkface.media.images import decode_png
from talkface.runtime.binding import OfConfig
from talkface.runtime.logs import progress


def track_generated(
    *,
    generated: list[Path],
    method: str,
    landmarks_true: list[Path],
    faces: Annotated[Faces, OfConfig()],
    landmarks: Path,
) -> None:
    """Write the landmarks of a method's generated clips and in which frames a face was found at all.

    The control *mean_mouth* is not tracked: its rows are the mean of the true landmarks
    (:func:`talkface.evaluation.controls.mean_mouth_points`).
    """
    pictures, truth = tables_by_clip(generated, GENERATED), tables_by_clip(landmarks_true, LANDMARKS)
    metadata = {"data": data_hashes([*generated, *landmarks_true], landmarks)}
    with TableWriter(landmarks, LANDMARKS, metadata) as writer:
        for clip, table in progress(pictures.items(), len(pictures), "clips tracked"):
            if method == "mean_mouth":
                true_TPD = vectors(truth[clip].read(clip, ["points"]), "points").reshape(-1, NUM_POINTS, 3)
                points_TPD, detected_T = mean_mouth_points(true_TPD), np.ones(len(true_TPD), dtype=bool)
            else:
                contents = table.read(clip, ["image"])["image"].to_pylist()
                points_TPD, detected_T = mesh_crops(map(decode_png, contents), faces)
            writer.write(
                [
                    {
                        "clip": clip,
                        "frame": frame,
                        "points": np.asarray(points_PD, np.float32).ravel(),
                        "detected": bool(detected),
                    }
                    for frame, (points_PD, detected) in enumerate(zip(points_TPD, detected_T, strict=True))
                ]
            )
