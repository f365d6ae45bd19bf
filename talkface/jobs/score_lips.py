"""Rule ``score_lips``: mouth landmark distance and lip correlation of generated clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import LANDMARKS, SCORES
from talkface.artifacts.tables import ClipTable, write_table
from talkface.config import Video
from talkface.data.rows import vectors
from talkface.evaluation.score_rows import ScoreRows, same_length, tables_by_clip
from talkface.features.landmarks import NUM_POINTS, OUTER_EYES, lip_opening, mouth_points
from talkface.metrics.lips import correlation, deviation_ratio, hold_missed, landmark_distance, spoken_frames
from talkface.runtime.logs import progress

_FPS = Video.model_fields["fps"].default


def score_lips(
    *, landmarks_generated: list[Path], landmarks_true: list[Path], split: Path, scores: Path
) -> None:
    """Write for every generated clip:

    ``lmd_px`` and ``lmd_eyes`` (over the true outer-eye distance), means over frames; ``lip_correlation`` and
    ``lip_deviation_ratio`` of the inner-lip opening over the whole clip and, with suffix ``_words``, from the
    first word to the last; ``detection_rate``, the share of generated frames in which the mesh found a face.
    A missed frame takes the value of *static*. Frames in which the truth itself was missed have no reference
    and are left out.
    """
    rows = ScoreRows(split)
    truth = tables_by_clip(landmarks_true, LANDMARKS)
    for clip, table in progress(tables_by_clip(landmarks_generated, LANDMARKS).items(), what="clips scored"):
        found_TP3, detected_T = read_landmarks(table, clip)
        true_TP3, known_T = read_landmarks(truth[clip], clip)
        same_length(clip, len(true_TP3), len(found_TP3), "landmarks")
        rows.add(clip, {"detection_rate": detected_T.mean()}, len(detected_T))
        held_TP3 = hold_missed(found_TP3, detected_T, true_TP3[0])
        spoken_T = spoken_frames(rows.words_s(clip), len(true_TP3), _FPS) & known_T
        rows.add(clip, distances(held_TP3[known_T], true_TP3[known_T]), int(known_T.sum()))
        for suffix, frames_T in (("", known_T), ("_words", spoken_T)):
            opening_T, true_opening_T = lip_opening(held_TP3[frames_T]), lip_opening(true_TP3[frames_T])
            figures = {
                f"lip_correlation{suffix}": correlation(opening_T, true_opening_T),
                f"lip_deviation_ratio{suffix}": deviation_ratio(opening_T, true_opening_T),
            }
            rows.add(clip, figures, int(frames_T.sum()))
    data = data_hashes([*landmarks_generated, *landmarks_true, split], scores)
    write_table(scores, SCORES, rows.rows, {"data": data})


def read_landmarks(table: ClipTable, clip: str) -> tuple[np.ndarray, np.ndarray]:
    """A clip's mesh ``[T, 478, 3]`` in crop pixels and in which frames it was found ``[T]``."""
    columns = table.read(clip, ["points", "detected"])
    return vectors(columns, "points").reshape(-1, NUM_POINTS, 3), columns["detected"].to_numpy().astype(bool)


def distances(found_TP3: np.ndarray, true_TP3: np.ndarray) -> dict[str, float | None]:
    """``lmd_px`` and ``lmd_eyes`` over the frames; null without frames."""
    if not len(true_TP3):
        return {"lmd_px": None, "lmd_eyes": None}
    distance_T = landmark_distance(mouth_points(found_TP3), mouth_points(true_TP3))
    left, right = OUTER_EYES
    eyes_T = np.linalg.norm(true_TP3[:, left, :2] - true_TP3[:, right, :2], axis=-1)
    return {"lmd_px": distance_T.mean(), "lmd_eyes": (distance_T / eyes_T).mean()}
