"""Presence of action units: weighted binary cross-entropy plus Dice (papers B and C, after Shao et al. 2021).

Legend: B batch, T frames, A action units.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

MIN_RATE = 0.01
"""An AU that is rarer than this is weighted as if it were this frequent."""


def inverse_rate_weights(rate_A: Tensor) -> Tensor:
    """Weights inverse to the AUs' rates of presence, with mean one: w_a = (1 / r_a) / mean(1 / r).

    Raises:
        ValueError: a rate outside [0, 1].
    """
    if rate_A.numel() == 0 or rate_A.min() < 0 or rate_A.max() > 1:
        raise ValueError(f"rates of presence lie in [0, 1], not {rate_A.tolist()}")
    inverse_A = 1 / rate_A.float().clamp_min(MIN_RATE)
    return inverse_A / inverse_A.mean()


class PresenceLoss:
    """mean_a w_a (BCE_a + Dice_a), with Dice_a = 1 - (2 sum(y p) + eps) / (sum(y^2) + sum(p^2) + eps).

    The Dice sums run over all frames of the batch ([own]; a frame where an AU is absent has
    no overlap to speak of, and most frames are such).

    Args:
        weights_A: one weight an AU, see ``inverse_rate_weights``.
        epsilon: smoothing of Dice, in frames.
    """

    def __init__(self, weights_A: Tensor, epsilon: float = 1.0) -> None:
        self.weights_A = weights_A
        self.epsilon = epsilon

    def __call__(self, logit_BTA: Tensor, presence_BTA: Tensor, valid_BT: Tensor | None = None) -> Tensor:
        """Scalar loss of logits [..., A] against presence 0/1 [..., A]; only ``valid`` frames [...] count."""
        weights_A = self.weights_A.to(logit_BTA.device)
        logit = logit_BTA.float().flatten(0, -2)
        truth = presence_BTA.float().flatten(0, -2)
        valid = (
            torch.ones_like(logit[:, :1]) if valid_BT is None else valid_BT.float().flatten().unsqueeze(-1)
        )
        entropy_A = (F.binary_cross_entropy_with_logits(logit, truth, reduction="none") * valid).sum(0)
        entropy_A = entropy_A / valid.sum().clamp_min(1)
        predicted, truth = torch.sigmoid(logit) * valid, truth * valid
        overlap_A = 2 * (predicted * truth).sum(0) + self.epsilon
        total_A = predicted.square().sum(0) + truth.square().sum(0) + self.epsilon
        return (weights_A * (entropy_A + 1 - overlap_A / total_A)).mean()
