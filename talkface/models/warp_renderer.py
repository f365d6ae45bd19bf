"""A renderer that starts from the photo: it warps it, and paints only what no warp can show.

frame = mask x warp(photo, flow) + (1 - mask) x (photo + residual), after the warping generators of one-shot
reenactment (Siarohin et al. 2019; Zakharov et al. 2020). What the network leaves alone is the photo itself,
so an unknown person stays that person. What is heavy runs once a clip: a U-Net turns the photo into a set of
maps. A frame mixes these maps by a code, which is light. The trunk's token (E_a, Audio-to-AU's feature,
TCSAN) drives it in two ways: a head reads the five action units off it, and these, with the token, make the
code. In training the code comes mostly from the true frames' action units, so that the mouth learns
its whole range however uncertain the sound is.

Legend: B clips or windows, M frames of each, N frames (B x M), A action units, C channels, E code, D maps of
a photo, X mixtures of them, P landmarks, K shapes, H and W rows and columns, h and w those at half the size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.models.blocks import ResidualBlock, Upsample, group_norm, zeroed
from talkface.models.trunk import NUM_AUS, FirstFace, Trunk

_PATCH = 2
_SPREAD, _FAR = 0.04, 0.15
"""Reach of a landmark over the pixels about it, and the distance at which none reaches, in half widths."""
_LEAST = -80.0  # of exponents: beyond it come denormal numbers, which are slow
_OPEN = 2.0
"""Start of the mask's logit: the warped photo shows through at first."""


class Painted(NamedTuple):
    """What the decoder gives."""

    frame_N3HW: Tensor  # in [-1, 1], not clipped
    flow_N2hw: Tensor  # in half widths of the picture, at half its size
    moved_NP2: Tensor  # how far each landmark of the photo has gone, in half widths


class Looked(NamedTuple):
    """What is computed once for each photo."""

    photo_B3HW: Tensor
    maps_BDhw: Tensor
    axes_B22: Tensor  # from displacements of the mean face to those of this face
    flows_BK2hw: Tensor  # the flow that each shape makes
    gap_B: Tensor  # between the inner lips, over the distance of the eyes


class WarpRenderer(Trunk, name="warp_renderer"):
    """Sound and photo to frames in one step: flow, mask and residual on the photo.

    A U-Net at half the photo's size sees the photo, two coordinate channels and, with ``disentangled``,
    AU-Attention's mask. It gives the photo's maps, once a clip. Each frame's code says how they are mixed;
    a few convolutions make flow, mask and residual of the mixtures.

    Args:
        width: channels of the U-Net at half the photo's size.
        multipliers: channels of each level, as multiples of ``width``; every level has half the sides.
        landmarks: points of a face, P.
        shapes: principal components of their movement, K.
        photo_maps: maps of a photo, D.
        mixtures: mixtures of them for a frame, X.
        frame_blocks: residual blocks over the mixtures.
        code_width: width of the code that mixes.
        reach: a flow of 1 moves by this share of half the picture's width.
        disentangled: AU-Attention's mask joins the photo, as a prior of where speech moves a face.
        **trunk: see ``Trunk``.

    Raises:
        ValueError: a crop that cannot be halved once for each level; see also ``Trunk``.
    """

    mean_P2: Tensor
    shape_KP2: Tensor

    def __init__(
        self,
        *,
        width: int = 48,
        multipliers: Sequence[int] = (1, 2, 3, 4),
        landmarks: int = 468,
        shapes: int = 12,
        photo_maps: int = 64,
        mixtures: int = 24,
        frame_blocks: int = 1,
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
        self.reach, self.disentangled, self.mixtures = reach, disentangled, mixtures
        self.au_head = nn.Sequential(nn.Linear(token, 128), nn.SiLU(), nn.Linear(128, NUM_AUS))
        self.token_in, self.aus_in = nn.Linear(token, code_width), nn.Linear(NUM_AUS, code_width)
        self.gap_in = nn.Linear(1, code_width)
        nn.init.normal_(self.aus_in.weight, std=2.0)  # intensities are small beside a normalised token
        self.code = nn.Sequential(nn.SiLU(), nn.Linear(code_width, code_width), nn.SiLU())

        widths = [width * factor for factor in multipliers]
        seen = 3 + 2 + disentangled
        self.first = nn.Conv2d(seen * _PATCH**2, widths[0], 3, padding=1)
        self.downs = nn.ModuleList(
            ResidualBlock(before, after) for before, after in pairwise([widths[0], *widths])
        )
        self.middle = ResidualBlock(widths[-1], widths[-1])
        self.enlarge = nn.ModuleList(Upsample(channels) for channels in reversed(widths[1:]))
        self.ups = nn.ModuleList(
            ResidualBlock(before + after, after) for before, after in pairwise(reversed(widths))
        )
        self.maps_norm = group_norm(widths[0])
        self.maps_out = nn.Conv2d(widths[0], photo_maps, 3, padding=1)

        self.register_buffer("mean_P2", torch.zeros(landmarks, 2))
        self.register_buffer("shape_KP2", torch.zeros(shapes, landmarks, 2))
        self.sizes = nn.Linear(code_width, shapes)
        nn.init.zeros_(self.sizes.weight)
        nn.init.zeros_(self.sizes.bias)

        self.mix = nn.Linear(code_width, mixtures * photo_maps)
        self.shift = nn.Linear(code_width, mixtures)
        self.meet = nn.Conv2d(mixtures + 2, mixtures, 3, padding=1)
        self.blocks = nn.ModuleList(
            ResidualBlock(mixtures, mixtures, embedding_width=code_width) for _ in range(frame_blocks)
        )
        self.frame_norm = group_norm(mixtures)
        self.out = zeroed(nn.Conv2d(mixtures, 2 + 4 * _PATCH**2, 3, padding=1))

    def action_units(self, token_NC: Tensor) -> Tensor:
        """What the token says of the action units: normalised intensity / 5, [N, A], about 0 to 1."""
        return self.au_head(token_NC)

    @torch.no_grad()
    def set_shapes(self, mean_P2: Tensor, shape_KP2: Tensor) -> None:
        """Record the mean face, and how faces move: each shape scaled by its deviation."""
        self.mean_P2.copy_(mean_P2)
        self.shape_KP2.copy_(shape_KP2)

    def look(
        self,
        photo_B3HW: Tensor,
        points_BP2: Tensor,
        gap_B: Tensor,
        mask_B1HW: Tensor | None = None,
    ) -> Looked:
        """Photos [B, 3, H, W] in [-1, 1] with their landmarks (x, y) in [-1, 1] and the gap between
        their lips (``lip_gap``) -> what frames need.

        ``mask_B1HW`` is AU-Attention's in [0, 1], for ``disentangled``.
        """
        B, _, H, W = photo_B3HW.shape
        rows_H, columns_W = (torch.linspace(-1, 1, side, device=photo_B3HW.device) for side in (H, W))
        seen = [photo_B3HW, *(grid.expand(B, 1, H, W) for grid in (rows_H[:, None], columns_W))]
        if self.disentangled:
            assert mask_B1HW is not None, "this renderer looks at AU-Attention's mask"
            seen.append(2 * mask_B1HW - 1)
        h_BChw = self.first(F.pixel_unshuffle(torch.cat(seen, dim=1), _PATCH))
        levels = []
        for level, down in enumerate(self.downs):
            h_BChw = down(F.avg_pool2d(h_BChw, 2) if level else h_BChw)
            levels.append(h_BChw)
        h_BChw = self.middle(levels.pop())
        for enlarge, up in zip(self.enlarge, self.ups, strict=True):
            level_BChw = levels.pop()
            h_BChw = up(torch.cat([enlarge(h_BChw, level_BChw.shape[2:]), level_BChw], dim=1))
        maps_BDhw = self.maps_out(F.silu(self.maps_norm(h_BChw)))
        with torch.autocast(photo_B3HW.device.type, enabled=False):
            geometry = self._geometry(points_BP2.float(), h=H // 2, w=W // 2)
        return Looked(photo_B3HW, maps_BDhw, *geometry, gap_B)

    @torch.no_grad()
    def _geometry(self, points_BP2: Tensor, h: int, w: int) -> tuple[Tensor, Tensor]:
        """A face's axes, and its flow for each shape: see ``Looked``."""
        axes_B22 = linear_map(self.mean_P2, points_BP2)
        shape_BPQ = (self.shape_KP2 @ axes_B22[:, None]).transpose(1, 2).flatten(2)
        flow_BRQ = -spread(shape_BPQ, points_BP2, h, w)
        return axes_B22, flow_BRQ.mT.unflatten(2, (h, w)).unflatten(1, (-1, 2))

    def decode(
        self, token_BMC: Tensor, aus_BMA: Tensor, looked: Looked, heard_B: Tensor | None = None
    ) -> Painted:
        """Tokens and action units (as ``action_units`` gives them) of photos' frames -> the frames.

        ``heard_B``: 0 where the frames are driven by their action units alone.
        """
        B, M, _ = aus_BMA.shape
        token_BME = self.token_in(F.layer_norm(token_BMC, token_BMC.shape[-1:]))
        if heard_B is not None:
            token_BME = token_BME * heard_B[:, None, None]
        gap_B1E = self.gap_in(10 * looked.gap_B[:, None])[:, None]
        code_NE = self.code(token_BME + self.aus_in(aus_BMA) + gap_B1E).flatten(0, 1)

        maps_BDhw = looked.maps_BDhw
        D, h, w = maps_BDhw.shape[1:]
        mix_BQD = self.mix(code_NE).view(B, M * self.mixtures, D)
        h_NXhw = (mix_BQD @ maps_BDhw.flatten(2)).view(B * M, self.mixtures, h, w)
        h_NXhw = h_NXhw + self.shift(code_NE)[:, :, None, None]
        with torch.autocast(code_NE.device.type, enabled=False):
            size_BMK = self.sizes(code_NE.float()).view(B, M, -1)
            shape_flow_N2hw = (size_BMK @ looked.flows_BK2hw.flatten(2)).view(B * M, 2, h, w)
            moved_BMQ = size_BMK @ self.shape_KP2.flatten(1)
            moved_BMP2 = moved_BMQ.unflatten(2, (-1, 2)) @ looked.axes_B22[:, None]
        h_NXhw = self.meet(torch.cat([h_NXhw, shape_flow_N2hw.to(h_NXhw.dtype) / self.reach], dim=1))
        for block in self.blocks:
            h_NXhw = block(h_NXhw, code_NE)
        out_NChw = self.out(F.silu(self.frame_norm(h_NXhw))).float()
        flow_N2hw = shape_flow_N2hw + self.reach * out_NChw[:, :2]
        paint_N4HW = F.pixel_shuffle(out_NChw[:, 2:], _PATCH)

        share_N1HW = torch.sigmoid(paint_N4HW[:, :1] + _OPEN)
        photo_B13HW = looked.photo_B3HW.float()[:, None]
        warped_N3HW = warp(looked.photo_B3HW, flow_N2hw)
        painted_N3HW = (photo_B13HW + paint_N4HW[:, 1:].unflatten(0, (B, M))).flatten(0, 1)
        frame_N3HW = share_N1HW * warped_N3HW + (1 - share_N1HW) * painted_N3HW
        return Painted(frame_N3HW, flow_N2hw, moved_BMP2.flatten(0, 1))

    def frames(self, token_NC: Tensor, face: FirstFace) -> Tensor:
        """Tokens [N, C] of a clip and its first face -> frames [N, 3, H, W] in [-1, 1]."""
        parts = (face.image, face.points, face.lip_gap, face.mask)
        looked = self.look(*(part[None].to(token_NC.device) for part in parts))
        return self.decode(token_NC[None], self.action_units(token_NC)[None], looked).frame_N3HW


def linear_map(mean_P2: Tensor, points_BP2: Tensor) -> Tensor:
    """The linear map [B, 2, 2] that brings the mean face nearest to each face, both about their middles.

    A mirrored, turned or larger face so gets mirrored, turned or larger displacements: d @ map.
    """
    mean_P2 = mean_P2 - mean_P2.mean(0)
    points_BP2 = points_BP2 - points_BP2.mean(1, keepdim=True)
    own_22 = mean_P2.T @ mean_P2 + 1e-6 * torch.eye(2, device=mean_P2.device)
    return torch.linalg.inv(own_22) @ (mean_P2.T @ points_BP2)


def spread(values_BPQ: Tensor, points_BP2: Tensor, height: int, width: int) -> Tensor:
    """Values at landmarks, spread over the pixels about them: [B, height x width, Q].

    The mean under a Gaussian about each landmark. Far from all of them it falls to zero, so that what is no
    face stays. R stands for all pixels, Q for what is spread.
    """
    at_R2 = pixel_centres(height, width, points_BP2.device).flatten(0, 1) / _SPREAD
    points_BP2 = points_BP2 / _SPREAD
    # -|x - p|^2 / 2 = x.p - |x|^2 / 2 - |p|^2 / 2
    own_B1P = -0.5 * points_BP2.square().sum(2)[:, None]
    score_BRP = torch.baddbmm(own_B1P, at_R2.expand(len(points_BP2), -1, -1), points_BP2.mT)
    score_BRP.sub_(0.5 * at_R2.square().sum(1)[:, None]).clamp_(min=_LEAST)
    near_BRP = score_BRP.exp_()
    total_BR1 = near_BRP.sum(2, keepdim=True) + math.exp(-0.5 * (_FAR / _SPREAD) ** 2)
    return near_BRP @ values_BPQ / total_BR1


def pixel_centres(height: int, width: int, device: torch.device) -> Tensor:
    """Where the pixels of a picture are, (x, y) in [-1, 1]: [H, W, 2]."""
    rows_H, columns_W = ((2 * torch.arange(side, device=device) + 1) / side - 1 for side in (height, width))
    return torch.stack(torch.meshgrid(columns_W, rows_H, indexing="xy"), dim=-1)


def warp(photo_B3HW: Tensor, flow_N2hw: Tensor) -> Tensor:
    """Photos looked up where the flows of their frames point: pixel p is the photo's at p + flow(p).

    The flow is in half widths (x, y), of any size: it is enlarged to the photo's. Beyond its border the photo
    goes on as at the border. In float32 whatever the precision around it. [N, 3, H, W], N a multiple of B.
    """
    B, _, height, width = photo_B3HW.shape
    flow_N2HW = F.interpolate(flow_N2hw, size=(height, width), mode="bilinear", align_corners=False)
    at_NHW2 = pixel_centres(height, width, flow_N2hw.device) + flow_N2HW.permute(0, 2, 3, 1)
    frames = len(flow_N2hw) // B  # below one another, so that they share their photo
    at_BRW2 = at_NHW2.view(B, frames * height, width, 2)
    warped_B3RW = F.grid_sample(photo_B3HW.float(), at_BRW2, padding_mode="border", align_corners=False)
    return warped_B3RW.view(B, 3, frames, height, width).transpose(1, 2).flatten(0, 1)
