"""InfoNCE: which of several sounds belongs to these lips, and which lips to this sound.

Legend: B items, N windows of an item, E numbers of an embedding.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def info_nce(lips_BNE: Tensor, sound_BNE: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy of finding each window's partner among the N of its item, in nats (van den Oord et
    al. 2018), both ways; and the share of lips whose own sound is the nearest.

    Embeddings are of unit length. An item's negatives are its own windows alone, so the loss is a mean over
    items however they are grouped.
    """
    logit_BNN = scale * lips_BNE @ sound_BNE.transpose(1, 2)
    B, N, _ = logit_BNN.shape
    partner_BN = torch.arange(N, device=logit_BNN.device).expand(B, N)
    loss = (
        F.cross_entropy(logit_BNN.flatten(0, 1), partner_BN.flatten())
        + F.cross_entropy(logit_BNN.transpose(1, 2).flatten(0, 1), partner_BN.flatten())
    ) / 2
    return loss, (logit_BNN.argmax(-1) == partner_BN).float().mean()


def chance(windows: int) -> float:
    """The loss of a network that cannot tell them apart: ln N nats."""
    return math.log(windows)
