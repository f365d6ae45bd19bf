"""Paper A's diffusion with the photo: its latents say only how a frame differs from the photo.

A latent has a quarter of the frame's sides. It holds where the frame's parts come from in the photo, as its
landmarks tell, and the colours that are still wrong then. So it does not hold the person, and an unknown
person stays that person. The decoder sees the photo beside it and gives the frame at full size. The denoiser
makes such latents of noise, as in paper A; its conditions are the frame's code, the coarse flow of the code's
shapes, and the photo's maps.

Legend: B clips or windows, N frames of them, M of each, C latent channels, P landmarks, D maps of a photo, E
code, H and W rows and columns, h and w of the latent: a quarter of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.models.blocks import ResidualBlock, Upsample, group_norm, zeroed
from talkface.models.denoiser import Denoiser
from talkface.models.noise_schedule import NoiseSchedule
from talkface.models.photo_trunk import (
    PAINT_CHANNELS,
    Looked,
    Moved,
    Painted,
    PhotoTrunk,
    paint,
    spread,
    warp,
)
from talkface.models.trunk import FirstFace

LATENT_CHANNELS = 2 + 3
"""Flow and colours."""
_FLOW, _COLOUR = 0.02, 0.06
"""About the deviations of both, in half widths and in units of [-1, 1]: latents are measured in them."""
_SEEN = 16
"""Channels in which the denoiser sees the photo's maps."""

Sample = Callable[[Callable[[Tensor, Tensor], Tensor], tuple[int, ...], Tensor], Tensor]
"""A sampler: denoiser, shape of a latent and cumulative product of 1 - beta -> latents of the frames."""


class PhotoRenderer(PhotoTrunk, name="photo_renderer"):
    """Sound and photo to codes; codes and noise to latents; latents and photo to frames.

    Args:
        decoder_width: channels of the decoder at half the photo's size, doubled at a quarter.
        reach: a flow of 1 moves by this share of half the picture's width.
        denoiser_width, denoiser_multipliers, blocks, attention_levels, head_width: see ``Denoiser``.
        timesteps, beta_start, beta_end: see ``NoiseSchedule``.
        noise_path: its ``path``.
        preconditioned: see ``NoiseSchedule.noise_of``; ``False`` is paper A.
        **photo: see ``PhotoTrunk``.
    """

    def __init__(
        self,
        *,
        decoder_width: int = 32,
        reach: float = 0.1,
        denoiser_width: int = 128,
        denoiser_multipliers: Sequence[int] = (1, 2, 3, 4),
        blocks: int = 1,
        attention_levels: Sequence[int] = (2, 3),
        head_width: int = 32,
        timesteps: int = 1000,
        beta_start: float = 0.0015,
        beta_end: float = 0.0195,
        noise_path: str = "diffusion",
        preconditioned: bool = True,
        **photo: Any,
    ) -> None:
        super().__init__(**photo)
        photo_maps, low, high = self.settings["photo_maps"], 2 * decoder_width, decoder_width
        self.reach, self.preconditioned = reach, preconditioned
        side = self.settings["crop_size"] // 4
        self.latent_shape = (LATENT_CHANNELS, side, side)

        self.photo_low = nn.Conv2d(photo_maps, low, 1)
        self.photo_high = nn.Conv2d(photo_maps, high, 1)
        self.from_latent = nn.Conv2d(LATENT_CHANNELS, low, 3, padding=1)
        self.low = ResidualBlock(low, low)
        self.enlarge_latent = Upsample(low)
        self.high = ResidualBlock(low, high)
        self.high_too = ResidualBlock(high, high)
        self.out_norm = group_norm(high)
        self.out = zeroed(nn.Conv2d(high, PAINT_CHANNELS, 3, padding=1))

        self.seen = nn.Conv2d(photo_maps, _SEEN, 1)
        self.schedule = NoiseSchedule(timesteps, beta_start, beta_end, noise_path)
        self.denoiser = Denoiser(
            in_channels=LATENT_CHANNELS + _SEEN + 2,
            out_channels=LATENT_CHANNELS,
            width=denoiser_width,
            multipliers=list(denoiser_multipliers),
            blocks=blocks,
            attention_levels=list(attention_levels),
            head_width=head_width,
            context_width=self.settings["code_width"],
        )

    @torch.no_grad()
    def encode(self, frame_N3HW: Tensor, points_NP2: Tensor, looked: Looked) -> Tensor:
        """Frames in [-1, 1] of photos, with their landmarks -> latents [N, C, h, w]; nothing is learned."""
        h, w = self.latent_shape[1:]
        with torch.autocast(frame_N3HW.device.type, enabled=False):
            points_NP2 = points_NP2.float()
            back_NP2 = _for_frames(looked.points_BP2, points_NP2) - points_NP2
            flow_N2hw = spread(back_NP2, points_NP2, h, w).mT.unflatten(2, (h, w))
            wrong_N3HW = frame_N3HW - warp(looked.photo_B3HW, flow_N2hw)
            colour_N3hw = F.interpolate(wrong_N3HW, size=(h, w), mode="area")
        return torch.cat([flow_N2hw / _FLOW, colour_N3hw / _COLOUR], dim=1)

    def decode(self, latent_NChw: Tensor, looked: Looked) -> Painted:
        """Latents of photos' frames -> the frames."""
        low_BChw = self.photo_low(F.avg_pool2d(looked.maps_BDhw, 2))
        high_BCHW = self.photo_high(looked.maps_BDhw)
        h_NChw = self.low(self.from_latent(latent_NChw) + _for_frames(low_BChw, latent_NChw))
        h_NCHW = self.high(self.enlarge_latent(h_NChw, high_BCHW.shape[2:]))
        h_NCHW = self.high_too(h_NCHW + _for_frames(high_BCHW, h_NCHW))
        out_NCHW = self.out(F.silu(self.out_norm(h_NCHW)))

        flow_N2hw, colour_N3hw = latent_NChw.float().split([2, 3], dim=1)
        flow_N2HW = F.interpolate(_FLOW * flow_N2hw, scale_factor=2, mode="bilinear")
        painted = paint(looked.photo_B3HW, out_NCHW, flow_N2HW, self.reach)
        colour_N3HW = F.interpolate(_COLOUR * colour_N3hw, scale_factor=4, mode="bicubic")
        return painted._replace(frame_N3HW=painted.frame_N3HW + colour_N3HW)

    def denoise(
        self, noisy_NChw: Tensor, timestep_N: Tensor, code_NE: Tensor, looked: Looked, moved: Moved
    ) -> Tensor:
        """Noise in the latents of photos' frames, each with its timestep, its code and what that moves."""
        seen_BChw = self.seen(F.avg_pool2d(looked.maps_BDhw, 2))
        flow_N2hw = F.avg_pool2d(moved.flow_N2hw, 2) / _FLOW
        input_NChw = torch.cat([noisy_NChw, _for_frames(seen_BChw, noisy_NChw).float(), flow_N2hw], dim=1)
        output_NChw = self.denoiser(input_NChw, timestep_N, code_NE).float()
        if not self.preconditioned:
            return output_NChw
        return self.schedule.noise_of(output_NChw, noisy_NChw, timestep_N)

    def sampled_frames(self, token_NC: Tensor, face: FirstFace, sample: Sample) -> Tensor:
        """Tokens [N, C] of a clip, its first face and a sampler -> frames [N, 3, H, W] in [-1, 1]."""
        looked = self.look_at(face, token_NC.device)
        code_NE = self.code_of_tokens(token_NC, looked)
        moved = self.move(code_NE, looked)

        def denoise(noisy_NChw: Tensor, timestep_N: Tensor) -> Tensor:
            return self.denoise(noisy_NChw, timestep_N, code_NE, looked, moved)

        latent_NChw = sample(denoise, self.latent_shape, self.schedule.alpha_bar_K)
        return self.decode(latent_NChw, looked).frame_N3HW

    def rebuilt(self, frame_N3HW: Tensor, points_NP2: Tensor, face: FirstFace) -> Tensor:
        """True frames of a clip through their latents: the limit of what ``sampled_frames`` may reach."""
        looked = self.look_at(face, frame_N3HW.device)
        return self.decode(self.encode(frame_N3HW, points_NP2, looked), looked).frame_N3HW


def _for_frames(of_photo_BCHW: Tensor, of_frame_N: Tensor) -> Tensor:
    """A photo's maps once for each of its frames."""
    return of_photo_BCHW.repeat_interleave(len(of_frame_N) // len(of_photo_BCHW), dim=0)
