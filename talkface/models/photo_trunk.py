"""What the renderers that start from the photo share: what is seen of it, and the code of each frame.

A U-Net turns the photo into maps, once for a batch of its frames. The photo's landmarks tell how this face
moves: by shapes, principal components of how landmarks move. The trunk's token (E_a, Audio-to-AU's feature,
TCSAN) drives the frames in two ways: a head reads the five action units off it, and these, with the token,
make a code. In training the code comes mostly from the true frames' action units, so that the full range of
the mouth is learned even where the sound is ambiguous. A frame is then made of the photo (``paint``):

frame = mask x warp(photo, flow) + (1 - mask) x (photo + residual), after the warping generators of one-shot
reenactment (Siarohin et al. 2019; Zakharov et al. 2020). What is left alone is the photo itself, so an
unknown person stays that person.

Legend: B clips or windows, M frames of each, N frames (B x M), A action units, C channels, E code, D maps of
a photo, P landmarks, K shapes, H and W rows and columns, h and w those at half the size, R all pixels, Q
coordinates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.models.blocks import ResidualBlock, Upsample, group_norm
from talkface.models.trunk import NUM_AUS, FirstFace, Trunk

PATCH = 2
PAINT_CHANNELS = 2 + 4 * PATCH**2
"""What ``paint`` takes at half the photo's size: a flow, and a mask and a residual at full size."""
_SPREAD, _FAR = 0.04, 0.15
"""Reach of a landmark over the pixels about it, and the distance at which none reaches, in half widths."""
_LEAST = -40.0  # of exponents: less than rounding; smaller ones make products denormal, which is slow
_LEAST_AREA = 1e-3
"""A face so much smaller than the mean face, by area, is none."""
_OPEN = 2.0
"""Start of the mask's logit: the warped photo shows through at first."""


class Looked(NamedTuple):
    """What is computed of a photo, whatever its frames are."""

    photo_B3HW: Tensor
    points_BP2: Tensor  # its landmarks (x, y) in [-1, 1]
    maps_BDhw: Tensor
    axes_B22: Tensor  # from displacements of the mean face to those of this face
    flows_BK2hw: Tensor  # the flow that each shape makes
    gap_B: Tensor  # between the inner lips, over the distance of the eyes


class Moved(NamedTuple):
    """Where a code's shapes bring the photo's points."""

    flow_N2hw: Tensor  # in half widths of the picture, at half its size
    moved_NP2: Tensor  # how far each landmark of the photo has gone, in half widths


class PhotoTrunk(Trunk):
    """Sound, face and AU features to the code of each frame, and a photo to what frames need of it.

    Args:
        width: channels of the U-Net at half the photo's size.
        multipliers: channels of each level, as multiples of ``width``; every level has half the sides.
        landmarks: points of a face, P.
        shapes: principal components of their movement, K.
        photo_maps: maps of a photo, D.
        code_width: width of a frame's code.
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
        code_width: int = 256,
        disentangled: bool = False,
        **trunk: Any,
    ) -> None:
        super().__init__(**trunk)
        if self.settings["crop_size"] % 2 ** len(multipliers):
            raise ValueError(
                f"{self.name}: crop_size {self.settings['crop_size']} must be a multiple of "
                f"{2 ** len(multipliers)}"
            )
        token = self.settings["fusion_widths"][-1]
        self.disentangled = disentangled
        self.au_head = nn.Sequential(nn.Linear(token, 128), nn.SiLU(), nn.Linear(128, NUM_AUS))
        self.token_in, self.aus_in = nn.Linear(token, code_width), nn.Linear(NUM_AUS, code_width)
        self.gap_in = nn.Linear(1, code_width)
        nn.init.normal_(self.aus_in.weight, std=2.0)  # intensities are small beside a normalised token
        self.code = nn.Sequential(nn.SiLU(), nn.Linear(code_width, code_width), nn.SiLU())

        widths = [width * factor for factor in multipliers]
        seen = 3 + 2 + disentangled
        self.first = nn.Conv2d(seen * PATCH**2, widths[0], 3, padding=1)
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
        h_BChw = self.first(F.pixel_unshuffle(torch.cat(seen, dim=1), PATCH))
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
        return Looked(photo_B3HW, points_BP2.float(), maps_BDhw, *geometry, gap_B)

    @torch.no_grad()
    def _geometry(self, points_BP2: Tensor, h: int, w: int) -> tuple[Tensor, Tensor]:
        """A face's axes, and its flow for each shape: see ``Looked``."""
        axes_B22 = linear_map(self.mean_P2, points_BP2)
        shape_BPQ = (self.shape_KP2 @ axes_B22[:, None]).transpose(1, 2).flatten(2)
        flow_BRQ = -spread(shape_BPQ, points_BP2, h, w)
        return axes_B22, flow_BRQ.mT.unflatten(2, (h, w)).unflatten(1, (-1, 2))

    def code_of(
        self, token_BMC: Tensor, aus_BMA: Tensor, gap_B: Tensor, heard_B: Tensor | None = None
    ) -> Tensor:
        """Tokens and action units (as ``action_units`` gives them) of photos' frames -> codes [N, E].

        ``gap_B``: between the lips of each photo (``lip_gap``). ``heard_B``: 0 where the frames are driven by
        their action units alone.
        """
        token_BME = self.token_in(F.layer_norm(token_BMC, token_BMC.shape[-1:]))
        if heard_B is not None:
            token_BME = token_BME * heard_B[:, None, None]
        gap_B1E = self.gap_in(10 * gap_B[:, None])[:, None]
        return self.code(token_BME + self.aus_in(aus_BMA) + gap_B1E).flatten(0, 1)

    def move(self, code_NE: Tensor, looked: Looked) -> Moved:
        """What the code's shapes do to the photo: the coarse flow, in float32."""
        B, _, _, h, w = looked.flows_BK2hw.shape
        with torch.autocast(code_NE.device.type, enabled=False):
            size_BMK = self.sizes(code_NE.float()).unflatten(0, (B, -1))
            flow_N2hw = (size_BMK @ looked.flows_BK2hw.flatten(2)).view(-1, 2, h, w)
            moved_BMQ = size_BMK @ self.shape_KP2.flatten(1)
            moved_BMP2 = moved_BMQ.unflatten(2, (-1, 2)) @ looked.axes_B22[:, None]
        return Moved(flow_N2hw, moved_BMP2.flatten(0, 1))

    def code_of_tokens(self, token_NC: Tensor, looked: Looked) -> Tensor:
        """The codes [N, E] of a clip's frames, by the action units that their tokens tell."""
        return self.code_of(token_NC[None], self.action_units(token_NC)[None], looked.gap_B)

    def look_at(self, face: FirstFace, device: torch.device) -> Looked:
        """What frames need of a clip's first face."""
        parts = (face.image, face.points, face.lip_gap, face.mask)
        return self.look(*(part[None].to(device) for part in parts))


class Painted(NamedTuple):
    """Frames made of photos."""

    frame_N3HW: Tensor  # in [-1, 1], not clipped
    flow_N2hw: Tensor  # in half widths of the picture, at half its size


def paint(photo_B3HW: Tensor, out_NChw: Tensor, coarse_N2hw: Tensor | float, reach: float) -> Painted:
    """Photos and ``PAINT_CHANNELS`` of each of their frames -> the frames.

    ``coarse_N2hw``: a flow that is known already; a flow of 1 in ``out_NChw`` adds ``reach`` half widths.
    """
    B, out_NChw = len(photo_B3HW), out_NChw.float()
    flow_N2hw = coarse_N2hw + reach * out_NChw[:, :2]
    paint_N4HW = F.pixel_shuffle(out_NChw[:, 2:], PATCH)
    share_N1HW = torch.sigmoid(paint_N4HW[:, :1] + _OPEN)
    warped_N3HW = warp(photo_B3HW, flow_N2hw)
    painted_BM3HW = photo_B3HW.float()[:, None] + paint_N4HW[:, 1:].unflatten(0, (B, -1))
    frame_N3HW = share_N1HW * warped_N3HW + (1 - share_N1HW) * painted_BM3HW.flatten(0, 1)
    return Painted(frame_N3HW, flow_N2hw)


def linear_map(mean_P2: Tensor, points_BP2: Tensor) -> Tensor:
    """The linear map [B, 2, 2] that brings the mean face nearest to each face, both about their middles.

    A mirrored, turned or larger face so gets mirrored, turned or larger displacements: d @ map.
    """
    mean_P2 = mean_P2 - mean_P2.mean(0)
    points_BP2 = points_BP2 - points_BP2.mean(1, keepdim=True)
    own_22 = mean_P2.T @ mean_P2 + 1e-6 * torch.eye(2, device=mean_P2.device)
    return inverse(own_22[None]) @ (mean_P2.T @ points_BP2)


def inverse(matrix_B22: Tensor) -> Tensor:
    """Inverses of 2 x 2 matrices; of what has none, such as the axes of a face in one point, something
    finite. A GPU need not wait for it, as for that of ``torch.linalg``."""
    (a_B, b_B), (c_B, d_B) = (row_B2.unbind(-1) for row_B2 in matrix_B22.unbind(-2))
    area_B = a_B * d_B - b_B * c_B
    area_B = torch.where(area_B.abs() < _LEAST_AREA, _LEAST_AREA, area_B)
    turned_B4 = torch.stack([d_B, -b_B, -c_B, a_B], dim=-1)
    return (turned_B4 / area_B[:, None]).unflatten(1, (2, 2))


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
