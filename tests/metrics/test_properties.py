"""What holds of metrics on any clip: identical, shifted, swapped, of one frame, with missed faces.

Families that need a file of weights or another package's program are left to their own tests.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from sklearn.metrics import accuracy_score, f1_score

from talkface.artifacts.schemas import AU_NAMES
from talkface.data.regions import mouth_box
from talkface.features.landmarks import NUM_POINTS
from talkface.metrics.catalogue import all_metrics
from talkface.metrics.clip import Clip, Mesh, Units
from talkface.metrics.presence_scores import count_presence

SIZE = 48
PARTS = {"frames", "true_frames", "mouth_box", "landmarks", "true_landmarks", "aus", "true_aus", "mel"}
FAMILIES = {
    name: family
    for name, family in all_metrics().items()
    if family.per == "clip" and not family.packages and set(family.needs) <= PARTS
}
RANGES = {own.metric: (own.range, own.scale) for family in FAMILIES.values() for own in family.measures}
seeds = st.integers(0, 2**32 - 1)


def pictures(rng, count):
    noise = rng.uniform(0, 255, (count, SIZE, SIZE, 3))
    return gaussian_filter(noise, (0, 1, 1, 0)).astype(np.uint8)


def mesh(rng, count):
    """A face of random points; each point moves a little and some of them together."""
    face_P3 = rng.normal(SIZE / 2, SIZE / 6, (NUM_POINTS, 3))
    points = face_P3 + rng.normal(0, 1, (count, 1, 3)) + rng.normal(0, 0.5, (count, NUM_POINTS, 3))
    return points.astype(np.float32)


def units(rng, known_T):
    intensity_TA = rng.uniform(0, 5, (len(known_T), len(AU_NAMES))).astype(np.float32)
    return Units(intensity_TA >= 3, intensity_TA, known_T)


def parts_of(seed, count, missed=0.0):
    """Parts of a random clip; a share of the frames shows no face, but never the first ones of all."""
    rng = np.random.default_rng(seed)
    found_T, known_T = (rng.random(count) >= missed for _ in range(2))
    known_T[:1] = True
    return {
        "frames": pictures(rng, count), "true_frames": pictures(rng, count), "mouth_box": mouth_box(SIZE),
        "landmarks": Mesh(mesh(rng, count), found_T), "true_landmarks": Mesh(mesh(rng, count), known_T),
        "aus": units(rng, found_T), "true_aus": units(rng, known_T),
        "mel": rng.normal(-5, 2, (4 * count, 13)).astype(np.float32),
    }  # fmt: skip


def values(name, parts, count):
    family = FAMILIES[name]
    found = family.score(Clip("s1/a", count, **{part: parts[part] for part in family.needs}))
    return {key: value for key, (value, _) in found.items()}


def within_range(found):
    for key, value in found.items():
        if value is None or math.isnan(value) or key not in RANGES:
            continue
        (low, high), scale = RANGES[key]
        assert np.isfinite(value), key
        assert low is None or scale * value >= low - 1e-6, key
        assert high is None or scale * value <= high + 1e-6, key


def test_no_family_is_left_out_unseen():
    assert {"pixels", "lips", "aus", "au_intensity", "stillness", "person", "detail", "lip_paths"} <= set(
        FAMILIES
    )


@pytest.mark.parametrize("name", sorted(FAMILIES))
@settings(max_examples=3, deadline=None)
@given(seed=seeds, count=st.integers(1, 12), missed=st.sampled_from([0.0, 0.3]))
def test_values_are_finite_or_not_defined_and_within_their_range(name, seed, count, missed):
    """One frame included; what is not defined is None or NaN, which the tables show as a dash."""
    within_range(values(name, parts_of(seed, count, missed), count))


@pytest.mark.parametrize("name", sorted(FAMILIES))
@settings(max_examples=2, deadline=None)
@given(seed=seeds)
def test_a_clip_equals_itself(name, seed):
    parts = parts_of(seed, 10)
    same = parts | {
        "frames": parts["true_frames"], "landmarks": parts["true_landmarks"],
        "aus": parts["true_aus"],
    }  # fmt: skip
    best = {
        "psnr": None, "psnr_mouth": None, "ssim": 1, "ssim_mouth": 1, "sharpness_mouth_ratio": 1,
        "ms_ssim": 1,
        "lmd_px": 0, "lmd_eyes": 0, "lip_correlation": 1, "lip_correlation_words": 1, "detection_rate": 1,
        "lip_deviation_ratio_words": 1, "jitter_ratio": 1, "silent_deviation_ratio": 1,
        "au10_fp": 0, "au25_fn": 0, "au_pcc": 1, "au_ccc": 1, "au_mae": 0,
    }  # fmt: skip
    found = values(name, same, 10)
    for key in found.keys() & best.keys():
        if found[key] is not None and not math.isnan(found[key]):
            assert found[key] == pytest.approx(best[key], abs=1e-5), key
    assert found.keys() & best.keys() or name in ("person", "lip_paths", "cpbd"), name
    for key in (key for key in found if "dtw" in key or key.startswith("lmd")):
        assert found[key] == pytest.approx(0, abs=1e-5), key


@settings(max_examples=5, deadline=None)
@given(seed=seeds, shift=st.tuples(st.floats(-20, 20), st.floats(-20, 20)))
def test_lips_do_not_depend_on_where_the_face_is(seed, shift):
    parts = parts_of(seed, 8)
    moved = Mesh(parts["landmarks"].points_TP3 + np.float32([*shift, 0]), parts["landmarks"].found_T)
    for name in ("lips", "lip_paths"):
        before, after = values(name, parts, 8), values(name, parts | {"landmarks": moved}, 8)
        assert after == pytest.approx(before, rel=1e-3, abs=1e-4, nan_ok=True)


@settings(max_examples=5, deadline=None)
@given(seed=seeds)
def test_distances_are_the_same_from_both_sides(seed):
    parts = parts_of(seed, 6)
    swapped = parts | {
        "frames": parts["true_frames"], "true_frames": parts["frames"],
        "landmarks": parts["true_landmarks"], "true_landmarks": parts["landmarks"],
    }  # fmt: skip
    for name, keys in (
        ("pixels", ("psnr", "ssim", "psnr_mouth", "ssim_mouth")), ("detail", ("ms_ssim",)),
        ("lips", ("lmd_px",)),
    ):  # fmt: skip
        one, other = values(name, parts, 6), values(name, swapped, 6)
        for key in keys:
            assert one[key] == pytest.approx(other[key], rel=1e-5), key


@pytest.mark.parametrize("name", sorted(name for name in FAMILIES if "landmarks" in FAMILIES[name].needs))
@settings(max_examples=3, deadline=None)
@given(seed=seeds)
def test_points_of_frames_without_a_face_mean_nothing(name, seed):
    """NaN in their place changes no value."""
    parts = parts_of(seed, 12, missed=0.3)
    points, found_T = parts["landmarks"]
    nothing = points.copy()
    nothing[~found_T] = np.nan
    before, after = values(name, parts, 12), values(name, parts | {"landmarks": Mesh(nothing, found_T)}, 12)
    assert after == pytest.approx(before, nan_ok=True)


@settings(max_examples=30, deadline=None)
@given(seed=seeds, count=st.integers(1, 40), rate=st.floats(0.05, 0.95))
def test_presence_is_scored_as_by_scikit_learn(seed, count, rate):
    rng = np.random.default_rng(seed)
    truth, found = (rng.random((count, 1)) < rate for _ in range(2))
    [counts] = count_presence(found, truth)
    assert counts.accuracy == pytest.approx(accuracy_score(truth[:, 0], found[:, 0]))
    if truth.any() or found.any():
        assert counts.f1 == pytest.approx(f1_score(truth[:, 0], found[:, 0], zero_division=0.0))
    else:
        assert counts.f1 is None, "scikit-learn would say 0 or 1, the tables say that there is none"


def test_a_clip_without_frames_is_refused_by_name():
    with pytest.raises(ValueError, match="clip 's1/a': no frames"):
        values("pixels", parts_of(0, 1), 0)
