"""Landmarks as places in the crop, the open mouth, and the shapes in which faces move."""

import numpy as np
import pytest
import torch

from talkface.data.face_shapes import (
    crop_points,
    face_shapes,
    inner_mouth,
    lip_gap,
    mouth_place,
    point_weights,
)
from talkface.features.landmarks import INNER_CORNERS, INNER_LIPS, LIPS, MOUTH, lip_opening


def test_half_of_the_weight_is_the_lips():
    weight_P = point_weights()
    assert weight_P.mean() == pytest.approx(1)
    assert len(set(LIPS)) == 40 and {*MOUTH} <= {*LIPS}
    assert weight_P[list(LIPS)].sum() == pytest.approx(0.5 * 468 + 0.5 * 40)


def test_pixels_become_places_in_the_crop():
    points = np.zeros((2, 478, 3), np.float32)
    points[1, 3] = (111.0, 55.5, 9.0)
    placed = crop_points(points.reshape(2, -1), 112)
    assert placed.shape == (2, 468, 2)
    assert torch.allclose(placed[0, 0], torch.full((2,), 1 / 112 - 1))
    assert torch.allclose(placed[1, 3], torch.tensor([1 - 1 / 112, 0.0]))


def test_the_gap_is_the_lip_opening():
    points = torch.rand(3, 468, 2, generator=torch.Generator().manual_seed(1))
    assert lip_gap(points).numpy() == pytest.approx(lip_opening(points.numpy()), rel=1e-4)


def moving(person: torch.Tensor, shapes: torch.Tensor, frames: int, seed: int) -> torch.Tensor:
    size_TK = torch.randn(frames, len(shapes), generator=torch.Generator().manual_seed(seed))
    return person + torch.einsum("tk,kpc->tpc", size_TK, shapes)


def test_shapes_are_what_moves_whoever_it_is():
    drawn = torch.Generator().manual_seed(0)
    shape = 0.05 * torch.randn(1, 468, 2, generator=drawn)
    people = [torch.rand(468, 2, generator=drawn) for _ in range(3)]
    clips = [moving(person, shape, 300, seed) for seed, person in enumerate(people)]
    mean_P2, found_KP2 = face_shapes([*clips, torch.empty(0, 468, 2)], 2)
    assert torch.allclose(mean_P2, torch.stack(people).mean(0), atol=0.02)
    alike = torch.nn.functional.cosine_similarity(found_KP2[0].flatten(), shape.flatten(), dim=0)
    assert abs(float(alike)) > 0.999
    assert float(found_KP2[0].norm() / shape.norm()) == pytest.approx(1, abs=0.1)
    assert float(found_KP2[1].norm()) < 1e-3  # nothing else moves


def test_the_same_clips_give_the_same_shapes_to_the_bit():
    clips = [moving(torch.rand(468, 2), 0.01 * torch.randn(3, 468, 2), 40, 1)]
    one, other = face_shapes(clips, 4), face_shapes(clips, 4)
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


# --- where the mouth is open


def mouth(width: float, height: float, turned: float = 0.0) -> torch.Tensor:
    """Landmarks of a mouth about (0.1, 0.3), turned by an angle in radians."""
    points = torch.zeros(1, 468, 2)
    points[0, INNER_CORNERS, 0] = torch.tensor([-width, width])
    points[0, INNER_LIPS, 1] = torch.tensor([-height, height])
    angle = torch.tensor(turned)
    turn = torch.stack([torch.cos(angle), torch.sin(angle), -torch.sin(angle), torch.cos(angle)]).view(2, 2)
    return points @ turn + torch.tensor([0.1, 0.3])


def test_an_open_mouth_is_an_ellipse_and_all_else_is_nothing():
    mask = inner_mouth(mouth(0.3, 0.1), 112)[0, 0]
    middle = (round((0.3 + 1) * 56), round((0.1 + 1) * 56))
    assert mask[middle] == 1 and mask.min() == 0 and mask.max() == 1
    assert mask[middle[0], middle[1] + 10] == 1 and mask[middle[0] + 10, middle[1]] == 0
    assert float(mask.sum()) == pytest.approx(3.14 * 0.3 * 56 * 0.1 * 56, rel=0.4)


def test_the_ellipse_turns_with_the_mouth():
    level, upright = (inner_mouth(mouth(0.3, 0.1, angle), 112)[0, 0] for angle in (0.0, 1.5708))
    rows, columns = ((mask > 0.5).any(1).sum().item() for mask in (level, level.T))
    turned_rows, turned_columns = ((mask > 0.5).any(1).sum().item() for mask in (upright, upright.T))
    assert columns > 2 * rows and abs(turned_rows - columns) <= 2 and abs(turned_columns - rows) <= 2


def test_a_shut_mouth_is_a_line():
    assert float(inner_mouth(mouth(0.3, 0.0), 112).sum()) < 80


def test_the_box_of_the_mouth_is_about_the_lips_and_as_wide_as_they_ask_for():
    points = torch.zeros(468, 2)
    points[list(LIPS), 0] = torch.linspace(-0.2, 0.2, len(LIPS))
    points[list(LIPS), 1] = 0.4
    centre_2, half_2 = mouth_place(points + torch.tensor([0.1, -0.3]))
    assert centre_2.tolist() == pytest.approx([0.0, 0.4 - 0.4 * len(LIPS) / 468], abs=1e-6)
    assert half_2[0] == pytest.approx(0.4 * 0.9) and half_2[1] < half_2[0]
