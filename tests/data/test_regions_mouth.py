"""Where the mouth is open, from the landmarks of the inner lips."""

import pytest
import torch

from talkface.data.regions import inner_mouth
from talkface.features.landmarks import INNER_CORNERS, INNER_LIPS


def face(width: float, height: float, turned: float = 0.0) -> torch.Tensor:
    """Landmarks of a mouth about (0.1, 0.3), turned by an angle in radians."""
    points = torch.zeros(1, 468, 2)
    points[0, INNER_CORNERS, 0] = torch.tensor([-width, width])
    points[0, INNER_LIPS, 1] = torch.tensor([-height, height])
    angle = torch.tensor(turned)
    turn = torch.stack([torch.cos(angle), torch.sin(angle), -torch.sin(angle), torch.cos(angle)]).view(2, 2)
    return points @ turn + torch.tensor([0.1, 0.3])


def test_an_open_mouth_is_an_ellipse_and_all_else_is_nothing():
    mask = inner_mouth(face(0.3, 0.1), 112)[0, 0]
    middle = (round((0.3 + 1) * 56), round((0.1 + 1) * 56))
    assert mask[middle] == 1 and mask.min() == 0 and mask.max() == 1
    assert mask[middle[0], middle[1] + 10] == 1 and mask[middle[0] + 10, middle[1]] == 0
    assert float(mask.sum()) == pytest.approx(3.14 * 0.3 * 56 * 0.1 * 56, rel=0.4)


def test_the_ellipse_turns_with_the_mouth():
    level, upright = (inner_mouth(face(0.3, 0.1, angle), 112)[0, 0] for angle in (0.0, 1.5708))
    rows, columns = ((mask > 0.5).any(1).sum().item() for mask in (level, level.T))
    turned_rows, turned_columns = ((mask > 0.5).any(1).sum().item() for mask in (upright, upright.T))
    assert columns > 2 * rows and abs(turned_rows - columns) <= 2 and abs(turned_columns - rows) <= 2


def test_a_shut_mouth_is_a_line():
    assert float(inner_mouth(face(0.3, 0.0), 112).sum()) < 80
