"""Pictures and sounds made different in training, so that a renderer does not learn two people by heart.

Draws and their application are apart: all of a batch's are drawn before it is split among processes.

Shape legend: B clips or windows, M pictures of each, P points, C channels, H and W rows and
columns, G sides of a coarse grid, K hops, M mel bands (of sound).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from talkface.config import PictureAugmentation, SoundAugmentation
from talkface.features.mel import POWER_FLOOR

_GRID = 5


@dataclass(frozen=True)
class PictureChange:
    """What is done to the pictures of each of B clips."""

    gain_B3: Tensor
    gamma_B: Tensor
    offset_B: Tensor
    affine_B23: Tensor  # from the new picture's coordinates in [-1, 1] to the old one's
    bend_B2GG: Tensor  # added to that, in half widths

    def __getitem__(self, share: slice) -> PictureChange:
        """That of some of the clips."""
        return PictureChange(*(getattr(self, field.name)[share] for field in fields(self)))

    def to(self, device: torch.device, non_blocking: bool = False) -> PictureChange:
        """On a device."""
        parts = (getattr(self, field.name) for field in fields(self))
        return PictureChange(*(part.to(device, non_blocking=non_blocking) for part in parts))

    def pin_memory(self) -> PictureChange:
        """In memory from which a GPU copies while it works."""
        return PictureChange(*(getattr(self, field.name).pin_memory() for field in fields(self)))


def draw_pictures(settings: PictureAugmentation, clips: int, rng: np.random.Generator) -> PictureChange:
    """Colour, place and shape for each of some clips."""

    def uniform(limit: float, *shape: int) -> np.ndarray:
        return rng.uniform(-limit, limit, (clips, *shape))

    angle_B, mirror_B = uniform(settings.rotation), np.where(rng.random(clips) < settings.mirror, -1.0, 1.0)
    scale_B2, shift_B2 = 1 + uniform(settings.scale, 2), 2 * uniform(settings.shift, 2)
    cos_B, sin_B = np.cos(angle_B), np.sin(angle_B)
    affine_B23 = np.stack(
        [
            np.stack([cos_B * scale_B2[:, 0] * mirror_B, -sin_B * scale_B2[:, 1], shift_B2[:, 0]], axis=-1),
            np.stack([sin_B * scale_B2[:, 0] * mirror_B, cos_B * scale_B2[:, 1], shift_B2[:, 1]], axis=-1),
        ],
        axis=1,
    )
    parts = (
        1 + uniform(settings.gain, 3),
        np.exp(uniform(settings.gamma)),
        uniform(settings.offset),
        affine_B23,
        settings.bend * rng.standard_normal((clips, 2, _GRID, _GRID)),
    )
    return PictureChange(*(torch.from_numpy(part).float() for part in parts))


@dataclass(frozen=True)
class Moves:
    """Where each pixel of B changed pictures comes from, in coordinates of [-1, 1]."""

    affine_B23: Tensor
    bend_B2HW: Tensor

    def pictures(self, picture_BCHW: Tensor) -> Tensor:
        """Pictures [B, C, H, W], of any channels, moved."""
        grid_BHW2 = F.affine_grid(
            self.affine_B23, [*self.bend_B2HW.shape[:1], 1, *picture_BCHW.shape[2:]], align_corners=False
        )
        at_BHW2 = grid_BHW2 + self.bend_B2HW.permute(0, 2, 3, 1)
        return F.grid_sample(picture_BCHW, at_BHW2, padding_mode="border", align_corners=False)

    def points(self, point_BP2: Tensor) -> Tensor:
        """Points (x, y) [B, P, 2] where the moved pictures show them.

        ``pictures`` looks up old coordinates for new ones, so this solves old = affine(new) + bend(new) for
        the new ones; a few rounds suffice, since the bend changes slowly.
        """
        linear_B22, shift_B12 = self.affine_B23[:, :, :2], self.affine_B23[:, None, :, 2]
        back_B22 = torch.linalg.inv(linear_B22).transpose(1, 2)
        new_BP2 = (point_BP2 - shift_B12) @ back_B22
        for _ in range(4):
            bend_B2P1 = F.grid_sample(
                self.bend_B2HW, new_BP2[:, :, None], padding_mode="border", align_corners=False
            )
            new_BP2 = (point_BP2 - shift_B12 - bend_B2P1[..., 0].transpose(1, 2)) @ back_B22
        return new_BP2


def moves(change: PictureChange, size: int) -> Moves:
    """The geometric part of a change, for pictures of a size in pixels."""
    bend_B2HW = F.interpolate(change.bend_B2GG, size=(size, size), mode="bicubic", align_corners=True)
    return Moves(change.affine_B23, bend_B2HW)


def recolour(picture_BM3HW: Tensor, change: PictureChange) -> Tensor:
    """Pictures [B, M, 3, H, W] in [-1, 1] in the light of their clip's change."""
    gain_B3, gamma_B, offset_B = (
        part[(...,) + (None,) * (5 - part.dim())]
        for part in (change.gain_B3[:, None], change.gamma_B, change.offset_B)
    )
    light_BM3HW = ((picture_BM3HW + 1) / 2).clamp(0, 1) ** gamma_B
    return (2 * (light_BM3HW * gain_B3 + offset_B) - 1).clamp(-1, 1)


def change_sound(mel_KM: np.ndarray, settings: SoundAugmentation, rng: np.random.Generator) -> np.ndarray:
    """A window's log-mel frames [K, M] as another voice in another room would give them.

    In turn: vocal tract length (the mel axis is stretched; Jaitly and Hinton 2013), volume, a filter (each
    band louder or softer), and steady noise.
    """
    bands = mel_KM.shape[1]
    stretch = 1 + rng.uniform(-settings.vocal_tract, settings.vocal_tract)
    place_M = np.clip(np.arange(bands) * stretch, 0, bands - 1)
    below_M = np.minimum(place_M.astype(int), bands - 2)
    share_M = place_M - below_M
    mel_KM = mel_KM[:, below_M] * (1 - share_M) + mel_KM[:, below_M + 1] * share_M
    mel_KM = mel_KM + rng.uniform(-settings.gain, settings.gain)
    mel_KM = mel_KM + settings.filter * rng.standard_normal(bands)
    if rng.random() < settings.noise_share:
        level = np.log(np.exp(mel_KM).mean()) + rng.uniform(*settings.noise_db) / 10 * np.log(10)
        colour_M = np.cumsum(rng.standard_normal(bands))
        noise_M = level + 0.5 * (colour_M - colour_M.mean())
        flutter_KM = 0.5 * rng.standard_normal(mel_KM.shape)
        mel_KM = np.logaddexp(mel_KM, noise_M + flutter_KM)
    return mel_KM.astype(np.float32)


def silent_sound(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Log-mel frames [K, M] without speech: digital silence, or steady noise of any level and colour."""
    floor = np.log(POWER_FLOOR)
    if rng.random() < 0.5:
        return np.full(shape, floor, np.float32)
    noise_M = rng.uniform(floor, floor + 10) + 0.5 * np.cumsum(rng.standard_normal(shape[1]))
    return np.maximum(noise_M + 0.5 * rng.standard_normal(shape), floor).astype(np.float32)
