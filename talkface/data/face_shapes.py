"""Landmarks for the renderers that start from the photo: places in the crop, the open mouth, how faces move.

Faces move by shapes: the mean face and the principal components of how its landmarks move, as in active shape
models (Cootes et al. 1995), but of a clip's frames about the clip's own mean, so that a shape is speech and
not a person.

Shape legend: T frames, P landmarks, Q coordinates of a whole mesh, K shapes.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from talkface.features.landmarks import INNER_CORNERS, INNER_LIPS, LIPS, NUM_POINTS, OUTER_EYES

NUM_LANDMARKS = 468
"""Points of the mesh without those of the irises."""
_BOX_WIDTH, _BOX_HEIGHT = 1.8, 1.35
"""Sides of the mouth's box, in widths of the mouth."""


def crop_points(points_TQ: np.ndarray, crop_size: int) -> Tensor:
    """LANDMARKS' points, in pixels of the crop, as (x, y) in [-1, 1] of it: [T, P, 2]."""
    points_TP2 = points_TQ.reshape(len(points_TQ), NUM_POINTS, 3)[:, :NUM_LANDMARKS, :2]
    return torch.from_numpy((2 * points_TP2 + 1) / crop_size - 1).float()


def lip_gap(points_P2: Tensor) -> Tensor:
    """Between the inner lips, over the distance of the outer eye corners: [..., P, 2] -> [...]."""
    upper_2, lower_2, left_2, right_2 = points_P2[..., (*INNER_LIPS, *OUTER_EYES), :].unbind(-2)
    return (upper_2 - lower_2).norm(dim=-1) / (left_2 - right_2).norm(dim=-1).clamp_min(1e-3)


def inner_mouth(point_NP2: Tensor, size: int) -> Tensor:
    """Where the mouth is open: 1 between the inner lips, falling to 0 over them, [N, 1, size, size].

    An ellipse through the inner contour's corners and middles; landmarks (x, y) are in [-1, 1].
    """
    left_N2, right_N2 = point_NP2[:, INNER_CORNERS[0]], point_NP2[:, INNER_CORNERS[1]]
    upper_N2, lower_N2 = point_NP2[:, INNER_LIPS[0]], point_NP2[:, INNER_LIPS[1]]
    centre = (2 * torch.arange(size, device=point_NP2.device) + 1) / size - 1
    along_N2, across_N2 = (right_N2 - left_N2) / 2, (lower_N2 - upper_N2) / 2
    wide_N, high_N = along_N2.norm(dim=1), across_N2.norm(dim=1)
    axis_N2 = along_N2 / wide_N.clamp_min(1e-3)[:, None]
    middle_N2 = (upper_N2 + lower_N2) / 2
    x_N1W, y_NH1 = centre - middle_N2[:, :1, None], centre[:, None] - middle_N2[:, 1:, None]
    x_axis, y_axis = axis_N2[:, :1, None], axis_N2[:, 1:, None]
    u_NHW = (x_N1W * x_axis + y_NH1 * y_axis) / (wide_N + 1 / size)[:, None, None]
    v_NHW = (y_NH1 * x_axis - x_N1W * y_axis) / (high_N + 1 / size)[:, None, None]
    return (1.5 - u_NHW.square() - v_NHW.square()).clamp(0, 1)[:, None]


def mouth_place(mean_P2: Tensor) -> tuple[Tensor, Tensor]:
    """Where a face's mouth is: its middle (x, y) from the middle of all landmarks, and half the sides of a
    box that holds it opened wide, both in the units of the landmarks."""
    lips_P2 = mean_P2[list(LIPS)]
    least_2, most_2 = lips_P2.amin(0), lips_P2.amax(0)
    width = float(most_2[0] - least_2[0])
    return (least_2 + most_2) / 2 - mean_P2.mean(0), torch.tensor([_BOX_WIDTH, _BOX_HEIGHT]) * width / 2


def point_weights() -> Tensor:
    """Weights of the landmarks [P], of mean one: half of all is the lips', a twelfth of the points."""
    weight_P = torch.full((NUM_LANDMARKS,), 0.5)
    weight_P[list(LIPS)] += 0.5 * NUM_LANDMARKS / len(LIPS)
    return weight_P


def face_shapes(clips: Iterable[Tensor], shapes: int) -> tuple[Tensor, Tensor]:
    """Mean face [P, 2] and shapes [K, P, 2], each as large as its deviation over all frames.

    ``clips``: landmarks [T, P, 2] of the frames in which a face was found; an empty clip does not count. Clip
    by clip in double precision. What weighs more (``point_weights``) is described better.
    """
    root_P1 = point_weights().double().sqrt()[:, None]
    mean_P2 = torch.zeros(NUM_LANDMARKS, 2, dtype=torch.float64)
    square = torch.zeros(2 * NUM_LANDMARKS, 2 * NUM_LANDMARKS, dtype=torch.float64)
    frames, count = 0, 0
    for points_TP2 in clips:
        if not len(points_TP2):
            continue
        points_TP2 = points_TP2.double()
        own_P2 = points_TP2.mean(0)
        moved_TQ = ((points_TP2 - own_P2) * root_P1).flatten(1)
        square += moved_TQ.T @ moved_TQ
        mean_P2 += own_P2
        frames, count = frames + len(points_TP2), count + 1
    variance_Q, vectors_QQ = torch.linalg.eigh(square / max(frames, 1))
    variance_K, vectors_QK = variance_Q.flip(0)[:shapes], vectors_QQ.flip(1)[:, :shapes]
    largest_K = vectors_QK.abs().argmax(0, keepdim=True)
    vectors_QK = vectors_QK * vectors_QK.gather(0, largest_K).sign()  # a component has no sign of its own
    shape_KP2 = (vectors_QK * variance_K.clamp_min(0).sqrt()).T.unflatten(1, (NUM_LANDMARKS, 2)) / root_P1
    return (mean_P2 / max(count, 1)).float(), shape_KP2.float()
