"""What evaluators see of a face crop: its mouth and chin in grey, however large the crop.

Legend: N frames, H and W rows and columns of a crop, h and w of the region, C channels.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_TOP, _BOTTOM, _LEFT, _RIGHT = 0.5, 1.0, 20 / 112, 92 / 112
"""The region in shares of the crop's side. The alignment puts the mouth at one place in every crop."""
_LUMA = (0.299, 0.587, 0.114)


def mouth_and_chin(frames_NHW3: Tensor) -> Tensor:
    """uint8 crops [N, H, W, 3] -> uint8 grey pictures of the region [N, h, w]; luma of BT.601."""
    size = frames_NHW3.shape[1]
    top, bottom, left, right = (round(share * size) for share in (_TOP, _BOTTOM, _LEFT, _RIGHT))
    region_Nhw3 = frames_NHW3[:, top:bottom, left:right].float()
    grey_Nhw = region_Nhw3 @ region_Nhw3.new_tensor(_LUMA)
    return grey_Nhw.round().clamp(0, 255).to(torch.uint8)


def seen(
    grey_NChw: Tensor, size: tuple[int, int], affine_N23: Tensor | None = None, share: float = 1.0
) -> Tensor:
    """Grey pictures [N, C, h, w] in [0, 1] as an evaluator sees them, [N, C, *size].

    Of mean zero and deviation one over each item's C pictures, so that light and camera do not count.
    ``affine_N23``: from the seen picture's coordinates in [-1, 1] to the given one's; None: as they are.
    ``share``: of the region's sides that is shown, about its middle.
    """
    if affine_N23 is None:
        affine_N23 = torch.eye(2, 3, device=grey_NChw.device).expand(len(grey_NChw), 2, 3)
    if share != 1.0:
        affine_N23 = affine_N23 * affine_N23.new_tensor([share, share, 1.0])
    grid = F.affine_grid(affine_N23, [*grey_NChw.shape[:2], *size], align_corners=False)
    moved = F.grid_sample(grey_NChw, grid, padding_mode="border", align_corners=False)
    mean, deviation = (
        moved.mean((1, 2, 3), keepdim=True),
        moved.std((1, 2, 3), keepdim=True, correction=0),
    )
    return (moved - mean) / (deviation + 1e-3)
