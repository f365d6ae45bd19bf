"""Losses of a renderer that gives frames (papers B and C): unweighted scalars.

Legend: N frames, C channels, H and W rows and columns; pictures in [-1, 1].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def reconstruction_loss(frame_N3HW: Tensor, truth_N3HW: Tensor) -> Tensor:
    """L1 against the true frame."""
    return F.l1_loss(frame_N3HW.float(), truth_N3HW.float())


def identity_loss(frame_N3HW: Tensor, image_N3HW: Tensor) -> Tensor:
    """L1 of the upper half against the input image, which has the eyes and the brow of the same person."""
    half = frame_N3HW.shape[2] // 2
    return F.l1_loss(frame_N3HW[:, :, :half].float(), image_N3HW[:, :, :half].float())


def perceptual_loss(
    features: Callable[[Tensor], Sequence[Tensor]],
    frame_N3HW: Tensor,
    truth_N3HW: Tensor,
    average: Callable[[Tensor], Tensor] = lambda value: value,
) -> Tensor:
    """Mean over levels of L1(features(frame), features(truth)) / mean |features(truth)|.

    [own] The division makes all levels count alike and the loss a share of what the features are, so that
    one weight means the same with VGG-19 and with the stand-in. No channel is normalised by itself: channels
    that are almost silent would otherwise be nothing but noise made loud.

    Args:
        features: pictures [N, 3, H, W] -> maps [N, C, h, w], such as ``talkface.models.perceptual``; frozen.
        frame_N3HW: generated frames; only they receive a gradient.
        truth_N3HW: the true ones.
        average: from a part of a batch, the mean over all its parts of a level's size.
    """
    with torch.no_grad():
        true_levels = [level.float() for level in features(truth_N3HW)]
        sizes = [average(level.abs().mean()).clamp_min(1e-6) for level in true_levels]
    made_levels = features(frame_N3HW)
    levels = zip(made_levels, true_levels, sizes, strict=True)
    return torch.stack([F.l1_loss(made.float(), true) / size for made, true, size in levels]).mean()
