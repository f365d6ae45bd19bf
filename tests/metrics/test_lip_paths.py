"""Soft-DTW and the normalised landmark distance, on paths with known distances."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talkface.features.landmarks import MOUTH, MOUTH_CORNERS, NUM_POINTS
from talkface.metrics.clip import Clip, Mesh
from talkface.metrics.families.lip_paths import score, soft_dtw, soft_dtw_divergence

GAMMA = 0.1
SEEDS = st.integers(0, 2**32 - 1)


def paths(length, seed, features=3):
    return np.random.default_rng(seed).normal(size=(2, length, features))


def all_paths(cell, end):
    """Every way from a cell to the end by steps right, down and along the diagonal."""
    if cell == end:
        yield [cell]
        return
    for step in ((0, 1), (1, 0), (1, 1)):
        after = (cell[0] + step[0], cell[1] + step[1])
        if after[0] <= end[0] and after[1] <= end[1]:
            yield from ([cell, *rest] for rest in all_paths(after, end))


@pytest.mark.parametrize("length", [1, 2, 4])
@pytest.mark.parametrize("band", [1, 9])
def test_it_is_the_soft_minimum_over_all_alignments(length, band):
    first, second = paths(length, 7)
    costs = [
        sum(((first[row] - second[column]) ** 2).sum() for row, column in way)
        for way in all_paths((0, 0), (length - 1, length - 1))
        if all(abs(row - column) <= band for row, column in way)
    ]
    expected = -GAMMA * math.log(sum(math.exp(-cost / GAMMA) for cost in costs))
    assert soft_dtw(first, second, GAMMA, band) == pytest.approx(expected)


@given(seed=SEEDS, length=st.integers(1, 12))
@settings(deadline=None, max_examples=40)
def test_a_divergence_is_symmetric_and_zero_only_for_equal_paths(seed, length):
    first, second = paths(length, seed)
    there, back = soft_dtw_divergence(first, second), soft_dtw_divergence(second, first)
    assert there == pytest.approx(back) and there > 0
    assert soft_dtw_divergence(first, first) == pytest.approx(0, abs=1e-9)


def test_a_small_delay_is_forgiven_and_a_path_beyond_the_band_is_not():
    times = np.arange(60)
    path = np.sin(times / 5)[:, None]
    late, later = (np.sin((times - delay) / 5)[:, None] for delay in (3, 15))
    plain = ((path - late) ** 2).sum()
    assert soft_dtw_divergence(path, late) < 0.2 * plain
    assert soft_dtw_divergence(path, later) > 5 * soft_dtw_divergence(path, late)


def test_paths_of_no_frames_or_of_other_lengths_are_refused():
    first, _ = paths(3, 0)
    for other in (first[:2], first[:0]):
        with pytest.raises(ValueError, match="equally long"):
            soft_dtw(first if len(other) else other, other)


def mesh(seed, frames=6, found=None):
    rng = np.random.default_rng(seed)
    points = np.zeros((frames, NUM_POINTS, 3), np.float32)
    points[:, MOUTH, :2] = rng.normal(0, 1, (frames, len(MOUTH), 2))
    left, right = MOUTH_CORNERS
    points[:, left, 0], points[:, right, 0] = -10, 10
    points[:, (left, right), 1] = 0
    return Mesh(points, np.ones(frames, bool) if found is None else found)


def scored(found, true):
    return score(Clip("s1/a", len(true.found_T), landmarks=found, true_landmarks=true))


@given(seed=SEEDS, x=st.floats(-50, 50), y=st.floats(-50, 50), scale=st.floats(0.25, 4))
@settings(deadline=None, max_examples=25)
def test_neither_place_nor_size_of_the_face_counts(seed, x, y, scale):
    found, true = mesh(seed), mesh(seed + 1)
    moved = Mesh(found.points_TP3 + np.array([x, y, 0], np.float32), found.found_T)
    larger = [Mesh(part.points_TP3 * np.float32(scale), part.found_T) for part in (found, true)]
    plain = scored(found, true)
    for other in (scored(moved, true), scored(*larger)):
        for name, (value, frames) in plain.items():
            assert other[name] == (pytest.approx(value, rel=1e-3, abs=1e-6), frames)
    assert scored(true, true)["lmd_normalised"][0] == 0
    assert scored(true, true)["soft_dtw"][0] == pytest.approx(0, abs=1e-9)


def test_the_distance_is_in_mouth_widths():
    true = mesh(3)
    wide = true.points_TP3.copy()
    upper = np.array(MOUTH)[:10]
    wide[:, upper, 1] += 4.0  # half the points by 4 px, so each by 2 px about the mean
    assert scored(Mesh(wide, true.found_T), true)["lmd_normalised"] == (pytest.approx(2 / 20, rel=1e-5), 6)


def test_one_frame_no_known_frame_and_missed_frames():
    one = mesh(0, 1)
    assert scored(one, one)["lmd_normalised"] == (0, 1)
    unknown = Mesh(one.points_TP3, np.zeros(1, bool))
    assert scored(one, unknown) == {"lmd_normalised": (None, 0), "soft_dtw": (None, 0)}
    true = mesh(1)
    nowhere = Mesh(np.full_like(true.points_TP3, np.nan), np.zeros(6, bool))
    static = Mesh(np.repeat(true.points_TP3[:1], 6, axis=0), np.ones(6, bool))
    assert scored(nowhere, true) == scored(static, true), "a missed frame has the value of the first"
    assert all(math.isfinite(value) for value, _ in scored(nowhere, true).values())


def test_a_worse_path_scores_worse():
    true = mesh(5)
    noise = np.random.default_rng(0).normal(0, 1, true.points_TP3.shape).astype(np.float32)
    values = [
        scored(Mesh(true.points_TP3 + size * noise, true.found_T), true)["soft_dtw"][0] for size in (0, 1, 3)
    ]
    assert all(worse > better for better, worse in pairwise(values))
