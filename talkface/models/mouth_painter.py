"""Paints what no warp can show: the inside of the mouth.

The mouth of a frame is cut out upright and of one size, whatever the place, size and tilt of the face, so
that a small network learns teeth and lips from few faces. What it adds to the colours is put back, fading
towards the edge of the cut-out.

Legend: B photos, N frames of them, M of each, E code, C channels, H and W rows and columns of the picture, h
and w of the cut-out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.models.blocks import ResidualBlock, Upsample, group_norm, zeroed
from talkface.models.photo_trunk import inverse, pixel_centres

_PATCH = 2
_FADE = 0.3
"""Share of the way from the middle to the edge of the cut-out over which the painting fades."""
_LEAST_SPREAD = 0.05
"""Of a photo's mouth whose colours are all alike; a real one has 0.1 to 0.3."""


class MouthPainter(nn.Module):
    """Frames, their codes and their photo -> frames with a painted mouth.

    A U-Net of two levels over the cut-out of the frame beside that of the photo; its last layer is zero at
    the start. It sees and gives colours in units of the photo's mouth (less its mean, over its spread), so
    that what it learns on a light skin in bright light holds on a dark one.

    Args:
        width: channels at half the cut-out's size, doubled at a quarter.
        code_width: of a frame's code, E.
        crop_size: side of the pictures; the cut-out has about the mouth's own resolution there.
    """

    centre_2: Tensor
    half_2: Tensor

    def __init__(self, *, width: int, code_width: int, crop_size: int) -> None:
        super().__init__()
        self.size = (4 * max(1, round(0.08 * crop_size)), 4 * max(1, round(0.107 * crop_size)))
        self.meet = nn.Conv2d(2 * 3 * _PATCH**2, width, 3, padding=1)
        self.down = ResidualBlock(width, width, embedding_width=code_width)
        self.low = nn.ModuleList(
            ResidualBlock(channels, 2 * width, embedding_width=code_width) for channels in (width, 2 * width)
        )
        self.enlarge = Upsample(2 * width)
        self.up = ResidualBlock(3 * width, width, embedding_width=code_width)
        self.norm = group_norm(width)
        self.out = zeroed(nn.Conv2d(width, 3 * _PATCH**2, 3, padding=1))
        self.register_buffer("centre_2", torch.zeros(2))
        self.register_buffer("half_2", torch.ones(2))

    @torch.no_grad()
    def place(self, centre_2: Tensor, half_2: Tensor) -> None:
        """Record where the mean face's mouth is: its middle, and half the sides of the cut-out, (x, y) from
        the middle of all landmarks, in half widths of the picture."""
        self.centre_2.copy_(centre_2)
        self.half_2.copy_(half_2)

    def forward(
        self, frame_N3HW: Tensor, code_NE: Tensor, photo_B3HW: Tensor, middle_B2: Tensor, axes_B22: Tensor
    ) -> Tensor:
        """Frames [N, 3, H, W] in [-1, 1], N a multiple of B -> the same with a painted mouth.

        ``middle_B2``: the middle of the photo's landmarks; ``axes_B22``: from displacements of the mean face
        to those of this one.
        """
        B, (N, _, H, W) = len(photo_B3HW), frame_N3HW.shape
        cut_Bhw2 = self._cut(middle_B2, axes_B22)
        together_BFHW = torch.cat([photo_B3HW, frame_N3HW.unflatten(0, (B, -1)).flatten(1, 2)], dim=1)
        mouth_BFhw = F.grid_sample(together_BFHW, cut_Bhw2, padding_mode="border", align_corners=False)
        mean_B3, spread_B3 = _colours(mouth_BFhw[:, :3])
        mouth_BFhw = _in_units(mouth_BFhw, mean_B3, spread_B3)
        photo_B3hw, own_BFhw = mouth_BFhw[:, :3], mouth_BFhw[:, 3:]
        own_N3hw = own_BFhw.unflatten(1, (-1, 3)).flatten(0, 1)
        seen_N6hw = torch.cat([own_N3hw, photo_B3hw.repeat_interleave(N // B, dim=0)], dim=1)
        spread_N311 = spread_B3.repeat_interleave(N // B, dim=0)[..., None, None]
        added_N3hw = self._paint(seen_N6hw, code_NE).float() * spread_N311 * self._fading(seen_N6hw.device)
        back_BHW2 = self._back(middle_B2, axes_B22, H, W)
        added_BFHW = F.grid_sample(
            added_N3hw.unflatten(0, (B, -1)).flatten(1, 2), back_BHW2, align_corners=False
        )
        return frame_N3HW + added_BFHW.unflatten(1, (-1, 3)).flatten(0, 1)

    def _paint(self, seen_N6hw: Tensor, code_NE: Tensor) -> Tensor:
        high_NChw = self.down(self.meet(F.pixel_unshuffle(seen_N6hw, _PATCH)), code_NE)
        low_NChw = F.avg_pool2d(high_NChw, 2)
        for block in self.low:
            low_NChw = block(low_NChw, code_NE)
        low_NChw = self.enlarge(low_NChw, high_NChw.shape[2:])
        h_NChw = self.up(torch.cat([low_NChw, high_NChw], dim=1), code_NE)
        return F.pixel_shuffle(self.out(F.silu(self.norm(h_NChw))), _PATCH)

    def _cut(self, middle_B2: Tensor, axes_B22: Tensor) -> Tensor:
        """Where in the picture the cut-out's pixels are, (x, y) in [-1, 1]: [B, h, w, 2]."""
        at_hw2 = pixel_centres(*self.size, middle_B2.device)
        from_middle_hw2 = self.centre_2 + at_hw2 * self.half_2
        return middle_B2[:, None, None] + torch.einsum("hwi,bij->bhwj", from_middle_hw2, axes_B22)

    def _back(self, middle_B2: Tensor, axes_B22: Tensor, height: int, width: int) -> Tensor:
        """Where in the cut-out the picture's pixels are, beyond [-1, 1] outside it: [B, H, W, 2]."""
        at_BHW2 = pixel_centres(height, width, middle_B2.device) - middle_B2[:, None, None]
        from_middle_BHW2 = torch.einsum("bhwi,bij->bhwj", at_BHW2, inverse(axes_B22))
        return (from_middle_BHW2 - self.centre_2) / self.half_2

    def _fading(self, device: torch.device) -> Tensor:
        share_hw2 = ((1 - pixel_centres(*self.size, device).abs()) / _FADE).clamp(max=1)
        return share_hw2.prod(-1)


def _colours(photo_B3hw: Tensor) -> tuple[Tensor, Tensor]:
    """Mean of each colour over the photo's mouth, and one spread for the three: [B, 3] each."""
    mean_B3 = photo_B3hw.mean((2, 3))
    spread_B1 = (photo_B3hw - mean_B3[..., None, None]).square().mean((1, 2, 3)).sqrt()[:, None]
    return mean_B3, spread_B1.clamp(min=_LEAST_SPREAD).expand_as(mean_B3)


def _in_units(mouth_BFhw: Tensor, mean_B3: Tensor, spread_B3: Tensor) -> Tensor:
    """Pictures (three channels each) less the mean, over the spread."""
    pictures = mouth_BFhw.shape[1] // 3
    mean_BF, spread_BF = (colour_B3.repeat(1, pictures) for colour_B3 in (mean_B3, spread_B3))
    return (mouth_BFhw - mean_BF[..., None, None]) / spread_BF[..., None, None]
