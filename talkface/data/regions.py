"""Fixed regions of the aligned crop. The alignment template puts the mouth at one place in every crop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talkface.features.landmarks import INNER_CORNERS, INNER_LIPS

if TYPE_CHECKING:
    import torch

_REFERENCE = 112
_MOUTH = (62, 104, 28, 84)


def mouth_box(crop_size: int) -> tuple[int, int, int, int]:
    """Rows and columns ``(top, bottom, left, right)`` of the mouth region, end exclusive, in crop pixels."""
    top, bottom, left, right = (round(value * crop_size / _REFERENCE) for value in _MOUTH)
    return top, bottom, left, right


def lower_half(crop_size: int) -> int:
    """First row that the masked face hides: nose tip and below."""
    return crop_size // 2


def hide_lower_half(image_NCHW: torch.Tensor) -> torch.Tensor:
    """Images in [-1, 1] with black rows from ``lower_half`` on: the masked faces of the inpaint protocol."""
    shown_NCHW = image_NCHW.clone()
    shown_NCHW[:, :, lower_half(image_NCHW.shape[2]) :] = -1.0
    return shown_NCHW


def inner_mouth(point_NP2: torch.Tensor, size: int) -> torch.Tensor:
    """Where the mouth is open: 1 between the inner lips, falling to 0 over them, [N, 1, size, size].

    An ellipse through the inner contour's corners and middles; landmarks (x, y) are in [-1, 1].
    """
    import torch

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


def region_weight(
    box: tuple[int, int, int, int], image_NCHW: torch.Tensor, mouth_weight: float
) -> torch.Tensor:
    """Weights [H, W] of mean one, ``mouth_weight`` times larger within the mouth box."""
    top, bottom, left, right = box
    weight_HW = image_NCHW.new_ones(image_NCHW.shape[2:])
    weight_HW[top:bottom, left:right] = mouth_weight
    return weight_HW / weight_HW.mean()
