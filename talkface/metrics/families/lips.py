"""Mouth landmark distance and lip correlation."""

from __future__ import annotations

import numpy as np

from talkface.features.landmarks import OUTER_EYES, lip_opening, mouth_points
from talkface.metrics.clip import Clip
from talkface.metrics.declaration import Measure, Metric, Score, ahead_of
from talkface.metrics.lips import correlation, deviation_ratio, hold_missed, landmark_distance, spoken_frames


def score(clip: Clip) -> dict[str, Score]:
    """``lmd_px`` and ``lmd_eyes`` (over the true outer-eye distance), means over frames;

    ``lip_correlation`` and ``lip_deviation_ratio`` of the inner-lip opening over the whole clip and, with
    suffix ``_words``, from the first word to the last; ``detection_rate``, the share of generated frames in
    which the mesh found a face. A missed frame takes the value of *static*. Frames in which the truth itself
    was missed have no reference and are left out.
    """
    (found_TP3, detected_T), (true_TP3, known_T) = clip.landmarks, clip.true_landmarks
    held_TP3 = hold_missed(found_TP3, detected_T, true_TP3[0])
    spoken_T = spoken_frames(clip.words_s, clip.num_frames, clip.fps) & known_T
    scores: dict[str, Score] = {"detection_rate": (detected_T.mean(), len(detected_T))}
    distance = distances(held_TP3[known_T], true_TP3[known_T])
    scores |= {name: (value, int(known_T.sum())) for name, value in distance.items()}
    for suffix, frames_T in (("", known_T), ("_words", spoken_T)):
        opening_T, true_opening_T = lip_opening(held_TP3[frames_T]), lip_opening(true_TP3[frames_T])
        frames = int(frames_T.sum())
        scores[f"lip_correlation{suffix}"] = correlation(opening_T, true_opening_T), frames
        scores[f"lip_deviation_ratio{suffix}"] = deviation_ratio(opening_T, true_opening_T), frames
    return scores


def distances(found_TP3: np.ndarray, true_TP3: np.ndarray) -> dict[str, float | None]:
    """``lmd_px`` and ``lmd_eyes`` over the frames; not defined without frames."""
    if not len(true_TP3):
        return {"lmd_px": None, "lmd_eyes": None}
    distance_T = landmark_distance(mouth_points(found_TP3), mouth_points(true_TP3))
    left, right = OUTER_EYES
    eyes_T = np.linalg.norm(true_TP3[:, left, :2] - true_TP3[:, right, :2], axis=-1)
    return {"lmd_px": distance_T.mean(), "lmd_eyes": (distance_T / eyes_T).mean()}


_LMD = "ATVGnet, Chen et al. 2019"
_OPENING = "our own: mesh points 13 and 14 over the outer-eye distance"
_IN_TIME = ahead_of("ground_truth", "early", "late", "other_clip", "static")

METRIC = Metric(
    score,
    needs=("landmarks", "true_landmarks"),
    measures=(
        Measure(
            "lmd_px", "LMD px", "lmd_px", "mean", 2, "low", "20 centred mouth points, px of the crop",
            unit="px", range=(0, None), region="mouth landmarks", source=_LMD,
            blind="a mouth that does not move: frozen in its mean it beats most that move",
            orders=_IN_TIME,
        ),
        Measure(
            "lmd_eyes", "LMD / eye distance", "lmd_eyes", "mean", 4, "low", "LMD over the eyes' distance",
            unit="1", range=(0, None), region="mouth landmarks",
            source=f"{_LMD}; over the distance of the true outer eye corners (our own)",
            blind="a mouth that does not move, as LMD is",
            orders=_IN_TIME,
        ),
        Measure(
            "lip_correlation_words", "Lip corr. words", "lip_correlation_words", "median", 2, "high",
            "correlation of the lip opening with the truth's within the spoken words, median over clips",
            unit="1", range=(-1, 1), region="lip opening", source=_OPENING,
            blind="how far the mouth opens, its shape, and whether the picture is any good",
            orders=(*_IN_TIME, *ahead_of("ground_truth", "loudness", "mean_mouth")),
        ),
        Measure(
            "lip_correlation_clip", "Lip corr. clip", "lip_correlation", "median", 2, "high",
            "the same over the whole clip",
            unit="1", range=(-1, 1), region="lip opening", source=_OPENING,
            blind="another sentence of the same rhythm; else as within the words",
            orders=(*_IN_TIME, *ahead_of("ground_truth", "loudness", "mean_mouth")),
        ),
        Measure(
            "lip_std_ratio_words", "Lip std ratio", "lip_deviation_ratio_words", "median", 2, "near one",
            "standard deviation of the lip opening over the truth's, within the words, median over clips",
            unit="1", range=(0, None), region="lip opening", source=_OPENING,
            blind="when the mouth moves: any movement of the right size will do",
            orders=ahead_of("ground_truth", "static", "mean_mouth"),
        ),
        Measure(
            "detection_percent", "Faces found %", "detection_rate", "weighted", 1, "high",
            "share of frames in which the mesh found a face", 100,
            unit="%", range=(0, 100), region="face landmarks", source="our own",
            blind="all but the worst pictures: the mesh finds faces in strongly blurred ones",
            orders=(),
        ),
    ),
)  # fmt: skip
