"""Stillness, jitter and loudness on meshes and sounds with known values."""

import numpy as np
import pytest

from talkface.features.landmarks import INNER_LIPS, OUTER_EYES, SUBNASALE
from talkface.metrics.clip import Clip, Mesh
from talkface.metrics.families.stillness import SILENT_DB, above_mouth, jitter, loudness, score

T = 100
WORDS = [(1.0, 2.0), (2.2, 3.0)]  # frames 25 to 74


def mesh(opening_T, shake_T=0.0, found_T=None):
    """Lips that open by a share of the eyes' distance (10 px), and an upper face that shakes sideways."""
    points = np.zeros((T, 478, 3), np.float32)
    points[:, SUBNASALE, 1] = 5
    points[:, OUTER_EYES[1], 0] = 10
    points[:, INNER_LIPS[0], 1], points[:, INNER_LIPS[1], 1] = 10, 10 + 10 * opening_T
    points[:, points[0, :, 1] < 5, 0] += np.broadcast_to(shake_T, T)[:, None]
    return Mesh(points, np.ones(T, dtype=bool) if found_T is None else found_T)


def sound(decibel_T):
    """Log-mel frames with the given loudness in each frame, and one hop more."""
    hops_K = np.repeat(decibel_T, 4)
    return np.repeat(np.append(hops_K, hops_K[-1])[:, None] / 10 * np.log(10), 6, axis=1).astype(np.float32)


def scored(found, true, decibel_T, words_s=WORDS):
    return score(Clip("s1/a", T, words_s, landmarks=found, true_landmarks=true, mel=sound(decibel_T)))


time = np.arange(T)
spoken = (time >= 25) & (time < 75)
talking = 0.5 + 0.4 * np.sin(time)
loud = np.where(spoken, 0.0, -40.0) + 3 * np.sin(time)


def test_lips_in_silence_are_those_outside_the_words():
    twice = np.where(spoken, talking, 0.5 + 0.2 * np.sin(time))
    same, half = scored(mesh(talking), mesh(talking), loud), scored(mesh(twice), mesh(talking), loud)
    assert same["silent_deviation_ratio"] == (pytest.approx(1), 50)
    assert half["silent_deviation_ratio"] == (pytest.approx(0.5, rel=1e-4), 50)
    still = np.where(spoken, talking, 0.5)
    assert scored(mesh(still), mesh(talking), loud)["silent_deviation_ratio"][0] == pytest.approx(0, abs=1e-6)
    assert scored(mesh(talking), mesh(still), loud)["silent_deviation_ratio"] == (None, 50)


def test_without_a_transcript_silence_is_what_is_not_loud():
    twice = np.where(spoken, talking, 0.5 + 0.2 * np.sin(time))
    by_sound = scored(mesh(twice), mesh(talking), loud, words_s=[])
    assert by_sound["silent_deviation_ratio"] == (pytest.approx(0.5, rel=1e-4), 50)
    nearly = np.where(spoken, 0.0, 1 - SILENT_DB)
    assert scored(mesh(twice), mesh(talking), nearly, words_s=[])["silent_deviation_ratio"] == (None, 0)


def test_jitter_is_acceleration_over_the_truths():
    shaking = 0.5 * (-1.0) ** time
    found_T = np.ones(T, dtype=bool)
    points = mesh(talking, shaking).points_TP3[:, :1]
    assert jitter(points, found_T) == (pytest.approx(2.0), T - 2)  # 0.5 + 2 * 0.5 + 0.5
    assert jitter(mesh(talking, 3.0 * time).points_TP3[:, :1], found_T) == (0.0, T - 2), "a steady move"
    found_T[50] = False
    assert jitter(points, found_T) == (pytest.approx(2.0), T - 5)
    assert jitter(points[:2], found_T[:2]) == (0.0, 0)
    threefold = scored(mesh(talking, 3 * shaking), mesh(talking, shaking), loud)
    assert threefold["jitter_ratio"] == (pytest.approx(3, rel=1e-4), T - 2)
    assert scored(mesh(talking, shaking), mesh(talking), loud)["jitter_ratio"] == (None, T - 2)
    upper_P = above_mouth(mesh(talking).points_TP3)
    assert not upper_P[[SUBNASALE, *INNER_LIPS]].any() and upper_P[list(OUTER_EYES)].all()


def test_lips_that_open_with_the_sound():
    opening = 0.5 + loud / 100
    assert scored(mesh(opening), mesh(talking), loud)["loudness_correlation"] == (pytest.approx(1), T)
    assert scored(mesh(1 - opening), mesh(talking), loud)["loudness_correlation"][0] == pytest.approx(-1)
    expected = np.corrcoef(talking, loud)[0, 1]
    assert scored(mesh(talking), mesh(talking), loud)["loudness_correlation"][0] == pytest.approx(expected)
    assert scored(mesh(0.0 * time), mesh(talking), loud)["loudness_correlation"][0] == 0, "still lips"
    assert scored(mesh(talking), mesh(talking), 0.0 * time)["loudness_correlation"][0] is None


def test_a_missed_frame_counts_as_still_and_an_unknown_one_not_at_all():
    lost = mesh(talking, found_T=np.zeros(T, dtype=bool))
    found = scored(lost, mesh(talking), loud)
    assert found["silent_deviation_ratio"][0] == pytest.approx(0, abs=1e-6)
    assert found["loudness_correlation"][0] == 0 and found["jitter_ratio"] == (None, 0)
    unknown = scored(mesh(talking), lost, loud)
    assert unknown == dict.fromkeys(found, (None, 0))


def test_loudness_in_decibel():
    assert loudness(sound(loud), T, 4) == pytest.approx(loud, abs=1e-4)
    assert loudness(sound(loud)[:8], 4, 4) == pytest.approx([*loud[:2], loud[1], loud[1]], abs=1e-4)
