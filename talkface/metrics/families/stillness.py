"""Lips that rest in silence, a face that does not tremble, lips that open with the sound.

Shapes: T frames, P = 478 mesh points, K hops of 10 ms, M mel bands.
"""

from __future__ import annotations

import numpy as np

from talkface.features.landmarks import SUBNASALE, lip_opening
from talkface.metrics.clip import Clip
from talkface.metrics.declaration import Measure, Metric, Score, ahead_of
from talkface.metrics.lips import correlation, deviation_ratio, hold_missed, spoken_frames

SILENT_DB = 30.0
"""Without a transcript a frame is silent if it is so far below the clip's loud frames (95th percentile)."""


def score(clip: Clip) -> dict[str, Score]:
    """``silent_deviation_ratio``: standard deviation of the lip opening in silence, over the truth's;

    ``jitter_ratio``: :func:`jitter` of the landmarks above the mouth, over the truth's;
    ``loudness_correlation``: Pearson correlation of the lip opening with the loudness of the true clip's
    sound. A missed frame takes the value of *static*; frames in which the truth was missed are left out, and
    for the jitter frames in which either was.
    """
    (found_TP3, detected_T), (true_TP3, known_T) = clip.landmarks, clip.true_landmarks
    held_TP3 = hold_missed(found_TP3, detected_T, true_TP3[0])
    opening_T, true_opening_T = lip_opening(held_TP3), lip_opening(true_TP3)
    loudness_T = loudness(clip.mel, clip.num_frames, clip.hops_per_frame)
    silent_T = silent_frames(clip, loudness_T) & known_T
    both_T = detected_T & known_T
    upper_P = above_mouth(true_TP3[known_T])
    true_jitter, steps = jitter(true_TP3[:, upper_P], both_T)
    own_jitter, _ = jitter(found_TP3[:, upper_P], both_T)
    return {
        "silent_deviation_ratio": (
            deviation_ratio(opening_T[silent_T], true_opening_T[silent_T]),
            int(silent_T.sum()),
        ),
        "jitter_ratio": (own_jitter / true_jitter if true_jitter else None, steps),
        "loudness_correlation": (
            _follows(opening_T[known_T], true_opening_T[known_T], loudness_T[known_T]),
            int(known_T.sum()),
        ),
    }


def loudness(mel_KM: np.ndarray, num_frames: int, hops_per_frame: int) -> np.ndarray:
    """Mean power of each frame's sound in dB ``[T]``; the last hop of a shorter sound holds on."""
    hops_TW = np.arange(num_frames * hops_per_frame).reshape(num_frames, hops_per_frame)
    power_K = np.exp(mel_KM.astype(np.float64)).mean(axis=1)
    return 10 * np.log10(power_K[np.minimum(hops_TW, len(mel_KM) - 1)].mean(axis=1))


def silent_frames(clip: Clip, loudness_T: np.ndarray) -> np.ndarray:
    """Frames before the first word and after the last; without a transcript, by :data:`SILENT_DB`."""
    if clip.words_s:
        return ~spoken_frames(clip.words_s, clip.num_frames, clip.fps)
    return loudness_T < np.percentile(loudness_T, 95) - SILENT_DB


def above_mouth(true_TP3: np.ndarray) -> np.ndarray:
    """Which mesh points lie above the base of the nose, on the mean of the true frames: bool ``[P]``."""
    if not len(true_TP3):
        return np.zeros(true_TP3.shape[1], dtype=bool)
    height_P = true_TP3[..., 1].mean(axis=0)
    return np.asarray(height_P < height_P[SUBNASALE])


def jitter(points_TPC: np.ndarray, found_T: np.ndarray) -> tuple[float, int]:
    """Mean acceleration of the points in the picture's plane, in pixels per frame squared, and its frames.

    Of each three successive frames with a face the length of the second difference; ``(0.0, 0)`` without any.
    """
    plane_TP2 = points_TPC[..., :2].astype(np.float64)
    whole_T = found_T[:-2] & found_T[1:-1] & found_T[2:]
    if not whole_T.any() or not plane_TP2.shape[1]:
        return 0.0, 0
    change_TP2 = plane_TP2[2:] - 2 * plane_TP2[1:-1] + plane_TP2[:-2]
    return float(np.linalg.norm(change_TP2[whole_T], axis=-1).mean()), int(whole_T.sum())


def _follows(opening_T: np.ndarray, true_opening_T: np.ndarray, loudness_T: np.ndarray) -> float | None:
    """Correlation of opening and loudness; 0 for lips that stand still beside the truth's."""
    spread = float(np.std(loudness_T)) if len(loudness_T) else 0.0
    if not spread:
        return None
    # Loudness on the scale of the true opening, so that lips are judged still by the movement of true lips.
    return correlation(opening_T, loudness_T / spread * np.std(true_opening_T, dtype=np.float64))


METRIC = Metric(
    score,
    needs=("landmarks", "true_landmarks", "mel"),
    measures=(
        Measure(
            "silent_std_ratio", "Lip std ratio, silence", "silent_deviation_ratio", "median", 2, "near one",
            "standard deviation of the lip opening before the first and after the last word (without a "
            "transcript: 30 dB below the loud frames) over the truth's, median over clips",
            unit="1", range=(0, None), region="lip opening",
            source="our own; silent-lip stability of THEval (2025) has the same aim",
            blind="everything while words are spoken; a clip without silence has no value",
            orders=ahead_of("ground_truth", "static"),
        ),
        Measure(
            "jitter_ratio", "Jitter", "jitter_ratio", "median", 2, "near one",
            "mean frame-to-frame acceleration of the landmarks above the base of the nose over the truth's, "
            "median over clips",
            unit="1", range=(0, None), region="upper landmarks", source="our own: second difference",
            blind="slow drift; a frozen face, whose 0 is as far from 1 as a twofold tremble",
            orders=ahead_of("ground_truth", "static", "loudness"),
        ),
        Measure(
            "loudness_correlation", "Lip corr. loudness", "loudness_correlation", "median", 2, "",
            "correlation of the lip opening with the loudness of the true clip's sound over the whole clip, "
            "to be read beside the ground truth's, median over clips",
            unit="1", range=(-1, 1), region="lip opening",
            source="our own; opening against loudness as in THEval (2025)",
            blind="which sound is spoken: lips that open by loudness alone are above the truth",
            orders=(("loudness", "ground_truth"), *ahead_of("ground_truth", "static")),
        ),
    ),
    table="Person and stillness",
)  # fmt: skip
