"""Fixed regions of the aligned crop. The alignment template puts the mouth at one place in every crop."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def region_weight(
    box: tuple[int, int, int, int], image_NCHW: torch.Tensor, mouth_weight: float
) -> torch.Tensor:
    """Weights [H, W] of mean one, ``mouth_weight`` times larger within the mouth box."""
    top, bottom, left, right = box
    weight_HW = image_NCHW.new_ones(image_NCHW.shape[2:])
    weight_HW[top:bottom, left:right] = mouth_weight
    return weight_HW / weight_HW.mean()
