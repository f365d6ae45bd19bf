"""What the face does while it speaks: phonemes -> action-unit curves, head motion and blinks per frame.

T frames at the clip's own rate, A action units; curves are made at 5 ms and read at the middle of each frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.ndimage import gaussian_filter1d

from talkface.corpora.synthetic.face import Pose
from talkface.corpora.synthetic.mouth import MAX_INTENSITY
from talkface.corpora.synthetic.speech import release_s
from talkface.corpora.synthetic.timing import Score

_HZ = 200
_REACH_S = np.array([0.032, 0.055, 0.042, 0.026, 0.048])
"""How far each unit's coarticulation reaches: the jaw and the corners are slower than the lips."""
_LEAD_S = np.array([0.010, 0.020, 0.015, 0.005, 0.020])
"""How far each unit runs ahead of the sound it prepares."""
_PUCKER_REACH_S, _CLOSURE_REACH_S = 0.045, 0.012
_OWN_SD = np.array([0.10, 0.12, 0.10, 0.06, 0.06])  # slow movement of each unit's own, in intensity


@dataclass(frozen=True)
class Habits:
    """How strongly a speaker moves."""

    gains: tuple[float, float, float, float, float]  # per action unit
    liveliness: float  # of the head
    blinks_per_s: float


@dataclass(frozen=True)
class Performance:
    """One clip's movement, frame by frame."""

    aus: np.ndarray  # [T, 5], 0-5
    pucker: np.ndarray  # [T], 0-1
    blink: np.ndarray  # [T], 0 open - 1 shut
    gaze_mm: np.ndarray  # [T, 2]
    poses: tuple[Pose, ...]


def make_habits(seed: int, speaker: int) -> Habits:
    """The habits of speaker number ``speaker``."""
    rng = np.random.default_rng([seed, speaker, 301])
    gains = rng.uniform(0.88, 1.12) * rng.uniform(0.9, 1.1, 5)
    return Habits(tuple(gains.tolist()), float(rng.uniform(0.7, 1.3)), float(rng.uniform(0.2, 0.45)))


def perform(score: Score, habits: Habits, fps: Fraction, rng: np.random.Generator) -> Performance:
    """Move through a sentence."""
    aus, pucker = mouth_curves(score, habits, rng)
    num_frames, rate = round(score.clip_s * fps), float(fps)
    time_s = (np.arange(num_frames) + 0.5) / rate
    at = time_s * _HZ - 0.5
    index = np.arange(len(aus))
    aus_TA = np.stack([np.interp(at, index, aus[:, unit]) for unit in range(5)], axis=1)
    return Performance(
        aus=aus_TA,
        pucker=np.interp(at, index, pucker),
        blink=_blinks(time_s, score.clip_s, habits, rng),
        gaze_mm=_wander(rng, num_frames, 2, 0.5 * rate) * 0.5,
        poses=_head(num_frames, rate, habits, rng),
    )


def mouth_curves(score: Score, habits: Habits, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Action units [5 ms steps, 5] and pucker [steps]: smoothed targets, lips shut where they must be."""
    count = math.ceil(round(score.clip_s * _HZ, 6))
    middle_s = (np.arange(count) + 0.5) / _HZ
    targets = np.zeros((count, 5))
    pucker, shut = np.zeros(count), np.zeros(count)
    for segment in score.segments:
        sound = segment.phoneme
        inside = (middle_s >= segment.start_s) & (middle_s < segment.end_s)
        targets[inside], pucker[inside] = sound.aus, sound.pucker
        if sound.lips_shut:
            opens_s = release_s(segment) if sound.burst else segment.end_s
            shut[(middle_s >= segment.start_s) & (middle_s < opens_s)] = 1.0
    aus = np.empty_like(targets)
    for unit in range(5):
        smooth = gaussian_filter1d(targets[:, unit], _REACH_S[unit] * _HZ, mode="nearest")
        aus[:, unit] = np.interp(middle_s + _LEAD_S[unit], middle_s, smooth)
    own = gaussian_filter1d(rng.standard_normal((count, 5)), 0.2 * _HZ, axis=0, mode="wrap")
    aus = aus * habits.gains + own / own.std(axis=0) * _OWN_SD
    closed = np.minimum(1.0, 1.08 * gaussian_filter1d(shut, _CLOSURE_REACH_S * _HZ, mode="nearest"))
    hold = np.array([1.0, 0.0, 0.0, 1.0, 0.95])  # shut lips neither part nor show teeth; the jaw barely hangs
    aus *= 1 - closed[:, None] * hold
    return np.clip(aus, 0.0, MAX_INTENSITY), gaussian_filter1d(pucker, _PUCKER_REACH_S * _HZ, mode="nearest")


def _wander(rng: np.random.Generator, num_frames: int, channels: int, reach_frames: float) -> np.ndarray:
    """Smooth unit-variance noise [T, channels]; drawn over a longer time so that clips do not start alike."""
    noise = gaussian_filter1d(
        rng.standard_normal((4 * num_frames, channels)), reach_frames, axis=0, mode="wrap"
    )
    return (noise / noise.std(axis=0))[:num_frames]


def _head(num_frames: int, fps: float, habits: Habits, rng: np.random.Generator) -> tuple[Pose, ...]:
    reach = np.array([1.6, 1.3, 0.010, 0.006, 0.9]) * habits.liveliness
    moves = _wander(rng, num_frames, 5, 0.32 * fps) * reach
    seat = rng.normal(0, 1, 5) * np.array([4.0, 3.0, 0.015, 0.012, 0.8])
    moves += seat
    return tuple(Pose(x, y, roll, 1.0 + scale, yaw) for x, y, roll, scale, yaw in moves.tolist())


def _blinks(time_s: np.ndarray, clip_s: float, habits: Habits, rng: np.random.Generator) -> np.ndarray:
    blink = np.zeros(len(time_s))
    at = rng.exponential(1 / habits.blinks_per_s)
    while at < clip_s:
        closing, opening = 0.06, 0.11  # lids fall faster than they rise
        width = np.where(time_s < at, closing, opening)
        blink = np.maximum(blink, np.exp(-(((time_s - at) / width) ** 2)))
        at += 0.4 + rng.exponential(1 / habits.blinks_per_s)
    return np.minimum(1.0, 1.15 * blink)
