"""A renderer that warps the photo in one step, and paints only what no warp can show.

What is heavy runs once for a batch of frames: a U-Net turns the photo into a set of maps (``PhotoTrunk``). A
frame mixes these maps by its code, which is light; the code also says how large the shapes are, which gives
the coarse flow.

Legend: B clips or windows, M frames of each, N frames (B x M), A action units, C channels, E code, D maps of
a photo, X mixtures of them, H and W rows and columns, h and w those at half the size.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.models.blocks import ResidualBlock, group_norm, zeroed
from talkface.models.mouth_painter import MouthPainter
from talkface.models.photo_trunk import PAINT_CHANNELS, Looked, Moved, Painted, PhotoTrunk, paint
from talkface.models.trunk import FirstFace


class WarpRenderer(PhotoTrunk, name="warp_renderer"):
    """Sound and photo to frames in one step: flow, mask and residual on the photo.

    Each frame's code says how the photo's maps are mixed; a few convolutions make flow, mask and residual of
    the mixtures.

    Args:
        mixtures: mixtures of the photo's maps for a frame, X.
        frame_blocks: residual blocks over the mixtures.
        reach: a flow of 1 moves by this share of half the picture's width.
        mouth_width: channels of the painter of the mouth (``MouthPainter``); none at 0.
        **photo: see ``PhotoTrunk``.
    """

    def __init__(
        self,
        *,
        mixtures: int = 24,
        frame_blocks: int = 1,
        reach: float = 0.1,
        mouth_width: int = 48,
        **photo: Any,
    ) -> None:
        super().__init__(**photo)
        code_width, photo_maps = self.settings["code_width"], self.settings["photo_maps"]
        self.reach, self.mixtures = reach, mixtures
        self.mix = nn.Linear(code_width, mixtures * photo_maps)
        self.shift = nn.Linear(code_width, mixtures)
        self.meet = nn.Conv2d(mixtures + 2, mixtures, 3, padding=1)
        self.blocks = nn.ModuleList(
            ResidualBlock(mixtures, mixtures, embedding_width=code_width) for _ in range(frame_blocks)
        )
        self.frame_norm = group_norm(mixtures)
        self.out = zeroed(nn.Conv2d(mixtures, PAINT_CHANNELS, 3, padding=1))
        crop_size = self.settings["crop_size"]
        self.mouth = (
            MouthPainter(width=mouth_width, code_width=code_width, crop_size=crop_size)
            if mouth_width
            else None
        )

    def decode(self, code_NE: Tensor, looked: Looked) -> tuple[Painted, Moved]:
        """Codes of photos' frames -> the frames, and how their landmarks have moved."""
        B, D, h, w = looked.maps_BDhw.shape
        mix_BQD = self.mix(code_NE).view(B, -1, D)
        h_NXhw = (mix_BQD @ looked.maps_BDhw.flatten(2)).view(-1, self.mixtures, h, w)
        h_NXhw = h_NXhw + self.shift(code_NE)[:, :, None, None]
        moved = self.move(code_NE, looked)
        h_NXhw = self.meet(torch.cat([h_NXhw, moved.flow_N2hw.to(h_NXhw.dtype) / self.reach], dim=1))
        for block in self.blocks:
            h_NXhw = block(h_NXhw, code_NE)
        out_NChw = self.out(F.silu(self.frame_norm(h_NXhw)))
        painted = paint(looked.photo_B3HW, out_NChw, moved.flow_N2hw, self.reach)
        if self.mouth is not None:
            middle_B2 = looked.points_BP2.mean(1)
            frame_N3HW = self.mouth(
                painted.frame_N3HW, code_NE, looked.photo_B3HW, middle_B2, looked.axes_B22
            )
            painted = painted._replace(frame_N3HW=frame_N3HW)
        return painted, moved

    def frames(self, token_NC: Tensor, face: FirstFace) -> Tensor:
        """Tokens [N, C] of a clip and its first face -> frames [N, 3, H, W] in [-1, 1]."""
        looked = self.look_at(face, token_NC.device)
        code_NE = self.code_of_tokens(token_NC, looked)
        return self.decode(code_NE, looked)[0].frame_N3HW
