"""Losses of AU-Attention (paper A; Pumarola et al. 2018, section 5; Gulrajani et al. 2017).

Legend: B batch, A action units, H, W pixels. Every loss is a scalar, unweighted; the papers' weights are in
the configuration.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def critic_loss(real_score: Tensor, fake_score: Tensor) -> Tensor:
    """E[D(fake)] - E[D(real)]: what the Wasserstein critic minimises, patch scores of any shape."""
    return fake_score.mean() - real_score.mean()


def generator_loss(fake_score: Tensor) -> Tensor:
    """-E[D(fake)]: what the generator minimises."""
    return -fake_score.mean()


def gradient_penalty(
    score: Callable[[Tensor], Tensor],
    real_B3HW: Tensor,
    fake_B3HW: Tensor,
    share_B: Tensor | None = None,
) -> Tensor:
    """E[(|grad D(x)|_2 - 1)^2] at random points x between real and fake pictures, in float32.

    Args:
        score: pictures -> patch scores.
        real_B3HW: real pictures.
        fake_B3HW: as many fake ones; no gradient flows into them.
        share_B: where each point lies, 0 at the fake picture and 1 at the real one; drawn without it.
    """
    share_B = torch.rand(len(real_B3HW)) if share_B is None else share_B
    share_B111 = share_B.to(real_B3HW.device)[:, None, None, None]
    between = torch.lerp(fake_B3HW.detach().float(), real_B3HW.detach().float(), share_B111).requires_grad_()
    with torch.autocast(real_B3HW.device.type, enabled=False):
        (gradient,) = torch.autograd.grad(score(between).sum(), between, create_graph=True)
    # The small constant keeps the root's own gradient finite where the critic is flat.
    length_B = (gradient.flatten(1).square().sum(1) + 1e-12).sqrt()
    return (length_B - 1).square().mean()


def condition_loss(predicted_BA: Tensor, target_BA: Tensor) -> Tensor:
    """Mean squared error of the critic's AUs, intensities / 5."""
    return F.mse_loss(predicted_BA.float(), target_BA.float())


def cycle_loss(restored_B3HW: Tensor, image_B3HW: Tensor) -> Tensor:
    """L1 between an image and itself after a change of its AUs and the change back."""
    return F.l1_loss(restored_B3HW.float(), image_B3HW.float())


def mask_mean(mask_B1HW: Tensor) -> Tensor:
    """Mean of a mask; of ``1 - mask`` it is the share that the generator changes."""
    return mask_B1HW.float().mean()


def mask_variation(mask_B1HW: Tensor) -> Tensor:
    """Total variation: absolute differences of neighbours, summed over a mask, mean over the batch."""
    mask = mask_B1HW.float()
    return (mask.diff(dim=2).abs().sum() + mask.diff(dim=3).abs().sum()) / len(mask)
