"""Losses between a renderer of frames and its critics (paper C; CRAN): Goodfellow et al. 2014.

[own] Binary cross-entropy on the logits of patches, the non-saturating form for the generator, which is the
published log-likelihood game with a gradient where the critic is sure. Unweighted scalars, float32 inside;
scores may have any shape.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def critic_loss(real_score: Tensor, fake_score: Tensor) -> Tensor:
    """(-log D(real) - log(1 - D(fake))) / 2: what the critic minimises; log 2 where it cannot tell."""
    return 0.5 * (F.softplus(-real_score.float()).mean() + F.softplus(fake_score.float()).mean())


def generator_loss(fake_score: Tensor) -> Tensor:
    """-log D(fake): what the generator minimises."""
    return F.softplus(-fake_score.float()).mean()
