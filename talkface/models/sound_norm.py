"""Standardised cepstra: the first coefficients are some ten times larger than the last.

Legend: C cepstral coefficients, K hops of a window.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SoundNorm(nn.Module):
    """Subtract each coefficient's mean and divide by its deviation over the training sound [own].

    The statistics are buffers: they are set once by the training stage and travel with the weights.
    """

    mean_C: Tensor
    deviation_C: Tensor

    def __init__(self, coefficients: int) -> None:
        super().__init__()
        self.register_buffer("mean_C", torch.zeros(coefficients))
        self.register_buffer("deviation_C", torch.ones(coefficients))

    def set(self, mean_C: Tensor, deviation_C: Tensor) -> None:
        """Take the statistics of the training sound."""
        self.mean_C.copy_(mean_C)
        self.deviation_C.copy_(deviation_C)

    def forward(self, mfcc: Tensor) -> Tensor:
        """[..., C, K] -> [..., C, K]."""
        return (mfcc - self.mean_C[:, None]) / self.deviation_C[:, None]
