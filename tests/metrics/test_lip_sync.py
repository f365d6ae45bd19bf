"""Distance, confidence and offset from embeddings, against plain loops and known shifts."""

import numpy as np
import pytest

from talkface.metrics.lip_sync import OFFSETS, at_offset_0, of_curve, overlapping_distances


def unit(rng, windows, size=16):
    drawn = rng.normal(size=(windows, size))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def by_loops(lips, sound, offset):
    pairs = [(i, i + offset) for i in range(len(lips)) if 0 <= i + offset < len(sound)]
    return np.mean([np.sqrt(((lips[i] - sound[j] + 1e-6) ** 2).sum()) for i, j in pairs])


def test_each_offset_is_the_mean_over_the_pairs_that_there_are():
    rng = np.random.default_rng(0)
    lips, sound = unit(rng, 40), unit(rng, 40)
    curve = overlapping_distances(lips, sound)
    expected = [by_loops(lips, sound, offset) for offset in range(-OFFSETS, OFFSETS + 1)]
    assert np.allclose(curve, expected, atol=1e-6)
    distance, confidence, offset = of_curve(curve)
    assert distance == curve.min() and confidence == pytest.approx(np.median(curve) - curve.min())
    assert offset == OFFSETS - curve.argmin()
    assert at_offset_0(curve) == pytest.approx(np.median(curve) - by_loops(lips, sound, 0), abs=1e-6)


@pytest.mark.parametrize("late", [-15, -8, -1, 0, 1, 8, 15])
def test_a_shift_changes_the_offset_and_not_the_confidence(late):
    whole = unit(np.random.default_rng(1), 120)
    lips, sound = whole[20:91], whole[20 - late : 91 - late]
    distance, confidence, offset = of_curve(overlapping_distances(lips, sound))
    assert offset == -late  # positive: the sound is early
    assert distance < 1e-3 and confidence > 1.2
    at_0 = at_offset_0(overlapping_distances(lips, sound))
    assert at_0 == pytest.approx(confidence) if late == 0 else abs(at_0) < 0.2


def test_a_short_clip_is_looked_at_as_far_as_half_of_it_overlaps():
    rng = np.random.default_rng(2)
    curve = overlapping_distances(unit(rng, 8), unit(rng, 8))
    assert np.isfinite(curve).sum() == 9 and np.isfinite(curve[OFFSETS - 4 : OFFSETS + 5]).all()
    assert -4 <= of_curve(curve)[2] <= 4


def test_lips_that_stand_still_have_no_confidence():
    sound = unit(np.random.default_rng(3), 71, 64)
    still = np.repeat(unit(np.random.default_rng(4), 1, 64), 71, axis=0)
    assert of_curve(overlapping_distances(still, sound))[1] < 0.1
