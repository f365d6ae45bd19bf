"""Losses of the renderer that warps the photo, at values that are known."""

import math

import pytest
import torch

from talkface.losses.warping import course_loss, edge_loss, landmark_loss, variation

TIME = torch.linspace(0, 4 * math.pi, 50)
COURSE = (0.5 + 0.3 * torch.sin(TIME))[None, :, None]
KNOWN = torch.ones(1, 50, dtype=torch.bool)


def test_an_even_error_has_no_edges_and_a_step_has_one():
    even, weight = torch.full((1, 3, 4, 4), 0.7), torch.ones(1, 1, 4, 4)
    assert edge_loss(even, weight) == 0
    step = torch.zeros(1, 3, 4, 4)
    step[..., 2:] = 1.0  # one of three differences across, none of those down
    assert edge_loss(step, weight) == pytest.approx(1 / 6)
    assert edge_loss(step, 2 * weight) == pytest.approx(1 / 3)


def test_the_variation_of_a_flow_is_its_slope():
    ramp = torch.linspace(0, 1, 5)[:4].expand(1, 2, 4, 4)  # 0.25 a pixel, of which two are a half width
    assert variation(ramp) == pytest.approx(0.5)
    assert variation(torch.ones(1, 2, 4, 4)) == 0


def test_landmarks_that_move_to_their_true_places_lose_nothing():
    photo = torch.tensor([[[0.1, 0.3], [-0.2, 0.4], [0.0, 0.0]]])
    gone, weight = torch.tensor([0.05, -0.02]).expand(1, 3, 2), torch.ones(1, 3)
    assert landmark_loss(gone, photo + gone, photo, weight) == pytest.approx(0, abs=1e-6)
    assert landmark_loss(0 * gone, photo + gone, photo, weight) == pytest.approx((0.05 + 0.02) / 2)
    first = torch.tensor([[3.0, 0.0, 0.0]])
    assert landmark_loss(0 * gone, photo + gone, photo, first) == pytest.approx(0.035)
    assert landmark_loss(0 * gone, photo + gone, photo, 0 * weight) == 0


def test_equal_courses_lose_nothing_whatever_their_mean():
    assert course_loss(COURSE, COURSE, KNOWN) == pytest.approx(0, abs=1e-6)
    assert course_loss(COURSE + 0.4, COURSE, KNOWN) == pytest.approx(0, abs=1e-5)


def test_a_course_against_the_truth_or_too_small_a_one_loses():
    against = course_loss(1 - COURSE, COURSE, KNOWN)
    half = course_loss(0.5 + (COURSE - 0.5) / 2, COURSE, KNOWN)
    still = course_loss(torch.full_like(COURSE, 0.5), COURSE, KNOWN)
    assert against == pytest.approx(2, abs=0.05)
    assert half == pytest.approx(math.log(2) ** 2, abs=0.05)
    assert still > 1 + half


def test_frames_without_a_label_and_units_that_stand_still_do_not_count():
    lost, known = COURSE.clone(), KNOWN.clone()
    lost[0, 10:20], known[0, 10:20] = 9.0, False
    assert course_loss(lost, COURSE, known) == pytest.approx(0, abs=1e-6)
    assert course_loss(COURSE, torch.full_like(COURSE, 0.3), KNOWN) == 0
