"""Losses of a lip reader: CTC, and the words where a transcript says they are.

Legend: B clips, T frames, V tokens, L words of a sentence.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def ctc(log_BTV: Tensor, token_BL: Tensor, frames_B: Tensor) -> Tensor:
    """CTC (Graves et al. 2006) in nats a word, mean over clips; token 0 is the blank."""
    lengths_B = token_BL.new_full((len(token_BL),), token_BL.shape[1])
    loss_B = F.ctc_loss(
        log_BTV.transpose(0, 1), token_BL, frames_B, lengths_B, reduction="none", zero_infinity=True
    )
    return (loss_B / token_BL.shape[1]).mean()


def in_place(log_BTV: Tensor, token_BT: Tensor) -> Tensor:
    """Cross-entropy of each frame's word, the blank between words, in nats a frame, mean over clips.

    Frames of token -1 do not count.
    """
    known_BT = token_BT >= 0
    loss_BT = F.nll_loss(log_BTV.transpose(1, 2), token_BT.clamp_min(0), reduction="none") * known_BT
    return (loss_BT.sum(1) / known_BT.sum(1).clamp_min(1)).mean()
