"""A renderer that starts from the photo: it warps it, and paints only what no warp can show.

frame = mask x warp(photo, flow) + (1 - mask) x (photo + residual), after the warping generators of one-shot
reenactment (Siarohin et al. 2019; Zakharov et al. 2020). What the network leaves alone is the photo itself,
so an unknown person stays that person. The trunk's token (E_a, Audio-to-AU's feature, TCSAN) is told apart
into two drives: a head reads the five action units off it, and these, with the token, scale and shift every
block of the decoder. In training the decoder is driven by the true frames' action units, so that it learns
the mouth's whole range however uncertain the sound is.

Legend: B clips or photos, N frames, A action units, C channels, E code, H and W rows and columns, h and w
those of a smaller map.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.models.blocks import ResidualBlock, Upsample, group_norm, zeroed
from talkface.models.trunk import NUM_AUS, FirstFace, Trunk

_PATCH = 2
_OPEN = 2.0
"""Start of the mask's logit: the warped photo shows through at first."""


class Painted(NamedTuple):
    """What the decoder gives."""

    frame_N3HW: Tensor  # in [-1, 1], not clipped
    flow_N2hw: Tensor  # in half widths of the picture, at half its size


class WarpRenderer(Trunk, name="warp_renderer"):
    """Sound and photo to frames in one step: flow, mask and residual on the photo.

    A U-Net at half the picture's size. Its way down sees the photo, two coordinate channels and, with
    ``disentangled``, AU-Attention's mask; it runs once a clip. Its way up runs for each frame.

    Args:
        width: channels at half the picture's size.
        multipliers: channels of each level, as multiples of ``width``; every level has half the sides.
        code_width: width of the code that drives the blocks.
        reach: a flow of 1 moves by this share of half the picture's width.
        disentangled: AU-Attention's mask joins the photo, as a prior of where speech moves a face.
        **trunk: see ``Trunk``.

    Raises:
        ValueError: a crop that cannot be halved once for each level; see also ``Trunk``.
    """

    def __init__(
        self,
        *,
        width: int = 48,
        multipliers: Sequence[int] = (1, 2, 3, 4),
        code_width: int = 256,
        reach: float = 0.1,
        disentangled: bool = False,
        **trunk: Any,
    ) -> None:
        super().__init__(**trunk)
        if self.settings["crop_size"] % 2 ** len(multipliers):
            raise ValueError(
                f"warp renderer: crop_size {self.settings['crop_size']} must be a multiple of "
                f"{2 ** len(multipliers)}"
            )
        token = self.settings["fusion_widths"][-1]
        self.reach, self.disentangled = reach, disentangled
        self.au_head = nn.Sequential(nn.Linear(token, 128), nn.SiLU(), nn.Linear(128, NUM_AUS))
        self.token_in, self.aus_in = nn.Linear(token, code_width), nn.Linear(NUM_AUS, code_width)
        self.code = nn.Sequential(nn.SiLU(), nn.Linear(code_width, code_width), nn.SiLU())

        widths = [width * factor for factor in multipliers]
        seen = 3 + 2 + disentangled
        self.first = nn.Conv2d(seen * _PATCH**2, widths[0], 3, padding=1)
        self.downs = nn.ModuleList(
            ResidualBlock(before, after) for before, after in pairwise([widths[0], *widths])
        )
        self.middle = ResidualBlock(widths[-1], widths[-1], embedding_width=code_width)
        self.ups = nn.ModuleList(
            nn.ModuleList(
                [
                    ResidualBlock(before + after, after, embedding_width=code_width),
                    ResidualBlock(after, after, embedding_width=code_width),
                ]
            )
            for before, after in pairwise([widths[-1], *reversed(widths)])
        )
        self.enlarge = nn.ModuleList(Upsample(channels) for channels in reversed(widths[1:]))
        self.norm = group_norm(widths[0])
        self.flow = zeroed(nn.Conv2d(widths[0], 2, 3, padding=1))
        self.details = nn.Conv2d(widths[0], 16 * _PATCH**2, 3, padding=1)
        self.paint = zeroed(nn.Conv2d(16, 4, 3, padding=1))

    def action_units(self, token_NC: Tensor) -> Tensor:
        """What the token says of the action units: normalised intensity / 5, [N, A], about 0 to 1."""
        return self.au_head(token_NC)

    def skips(self, photo_B3HW: Tensor, mask_B1HW: Tensor | None = None) -> list[Tensor]:
        """The photo [B, 3, H, W], then its maps [B, c, h, w], the largest first.

        ``mask_B1HW`` is AU-Attention's in [0, 1], for ``disentangled``.
        """
        B, _, H, W = photo_B3HW.shape
        rows_H, columns_W = (torch.linspace(-1, 1, side, device=photo_B3HW.device) for side in (H, W))
        seen = [photo_B3HW, *(grid.expand(B, 1, H, W) for grid in (rows_H[:, None], columns_W))]
        if self.disentangled:
            assert mask_B1HW is not None, "this renderer looks at AU-Attention's mask"
            seen.append(2 * mask_B1HW - 1)
        h_BChw = self.first(F.pixel_unshuffle(torch.cat(seen, dim=1), _PATCH))
        maps = [photo_B3HW]
        for level, down in enumerate(self.downs):
            h_BChw = down(F.avg_pool2d(h_BChw, 2) if level else h_BChw)
            maps.append(h_BChw)
        return maps

    def decode(
        self,
        token_NC: Tensor,
        aus_NA: Tensor,
        skips: Sequence[Tensor],
        heard_N: Tensor | None = None,
    ) -> Painted:
        """Tokens, action units (as ``action_units`` gives them) and each frame's ``skips`` -> frames.

        ``heard_N``: 0 where a frame is driven by its action units alone.
        """
        photo_N3HW, *maps = skips
        token_NE = self.token_in(F.layer_norm(token_NC, token_NC.shape[-1:]))
        if heard_N is not None:
            token_NE = token_NE * heard_N[:, None]
        code_NE = self.code(token_NE + self.aus_in(aus_NA))
        h_NChw = self.middle(maps[-1], code_NE)
        for level, (blocks, map_NChw) in enumerate(zip(self.ups, reversed(maps), strict=True)):
            if level:
                h_NChw = self.enlarge[level - 1](h_NChw, map_NChw.shape[2:])
            h_NChw = torch.cat([h_NChw, map_NChw.to(h_NChw.dtype)], dim=1)
            for block in cast(nn.ModuleList, blocks):
                h_NChw = block(h_NChw, code_NE)
        h_NChw = F.silu(self.norm(h_NChw))
        flow_N2hw = self.reach * self.flow(h_NChw).float()
        paint_N4HW = self.paint(F.silu(F.pixel_shuffle(self.details(h_NChw), _PATCH))).float()
        share_N1HW = torch.sigmoid(paint_N4HW[:, :1] + _OPEN)
        warped_N3HW = warp(photo_N3HW, flow_N2hw)
        frame_N3HW = share_N1HW * warped_N3HW + (1 - share_N1HW) * (photo_N3HW + paint_N4HW[:, 1:])
        return Painted(frame_N3HW, flow_N2hw)

    def frames(self, token_NC: Tensor, face: FirstFace) -> Tensor:
        """Tokens [N, C] of a clip and its first face -> frames [N, 3, H, W] in [-1, 1]."""
        faces = (part[None].to(token_NC.device) for part in (face.image, face.mask))
        skips = [level.expand(len(token_NC), -1, -1, -1) for level in self.skips(*faces)]
        return self.decode(token_NC, self.action_units(token_NC), skips).frame_N3HW


def warp(photo_N3HW: Tensor, flow_N2hw: Tensor) -> Tensor:
    """Photos looked up where the flow points: pixel p of the result is the photo's at p + flow(p).

    The flow is in half widths (x, y), of any size: it is enlarged to the photo's. Beyond its border the photo
    goes on as at the border. In float32 whatever the precision around it.
    """
    height, width = photo_N3HW.shape[2:]
    flow_N2HW = F.interpolate(flow_N2hw, size=(height, width), mode="bilinear", align_corners=False)
    rows_H, columns_W = (
        (2 * torch.arange(side, device=flow_N2hw.device) + 1) / side - 1 for side in (height, width)
    )
    grid_HW2 = torch.stack(torch.meshgrid(columns_W, rows_H, indexing="xy"), dim=-1)
    at_NHW2 = grid_HW2 + flow_N2HW.permute(0, 2, 3, 1)
    return F.grid_sample(photo_N3HW.float(), at_NHW2, padding_mode="border", align_corners=False)
