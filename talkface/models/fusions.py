"""Fusions: a frame's face, audio and AU features to one token (paper C's GRU, paper B section 3.3, table 3).

Every fusion maps [B, T, inputs] to [B, T, outputs] for any T >= 1, treats the clips of a batch separately,
and can run through ``talkface.models.tcsan.stream_windows``. Papers B and C give only the names of the
variants beside TCSAN; the docstring of each class defines what the name means here.

Legend: B batch, T frames, C channels, H heads, D channels of a head.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.models.blocks import attend
from talkface.models.tcsan import TCSAN

FUSIONS = ("tcsan", "gru", "tcn", "attention_tcn", "coattention_tcn", "concatenation")

FACE, AUDIO, AUS = "face", "audio", "aus"
"""Names of the features that a fusion joins."""


class GruFusion(nn.Module):
    """One uni-directional GRU layer over the frames (paper C): causal.

    Its state starts at zero in every sequence, and so in every window of a long clip; the windows' overlap
    is its time to warm up.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.recurrent = nn.GRU(inputs, outputs, batch_first=True)

    def forward(self, x_BTC: Tensor) -> Tensor:
        """[B, T, inputs] -> [B, T, outputs] in (-1, 1)."""
        return self.recurrent(x_BTC)[0]


class Concatenation(nn.Module):
    """FC and ReLU on the features of each frame by itself: no time at all (Speech2Vid; ablation of A)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, outputs)

    def forward(self, x_BTC: Tensor) -> Tensor:
        """[B, T, inputs] -> [B, T, outputs]."""
        return F.relu(self.dense(x_BTC))


class FrameAttention(nn.Module):
    """Multi-head attention from the frames of one feature to those of another, or of itself; plus the former.

    softmax(q k^T / sqrt(D)) v over frames (Vaswani et al. 2017). [own] Features are normalised before they
    are compared, since encoders of unlike scale meet here; there is no code of position, so that any length
    works: the convolutions that follow know the order.

    Args:
        inputs: channels of the feature that asks; also of the result.
        context: channels of the feature that is asked.
        width: channels of queries, keys and values, all heads together.
        heads: their number.

    Raises:
        ValueError: a width that the heads do not divide.
    """

    def __init__(self, inputs: int, context: int, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"fusion: attention of width {width} does not split into {heads} heads")
        self.heads = heads
        self.norm_query = nn.LayerNorm(inputs)
        self.norm_context = nn.LayerNorm(context)
        self.query = nn.Linear(inputs, width)
        self.key_value = nn.Linear(context, 2 * width)
        self.out = nn.Linear(width, inputs)

    def forward(self, x_BTC: Tensor, context_BTC: Tensor) -> Tensor:
        """[B, T, inputs], [B, T, context] -> [B, T, inputs]."""
        B, T = x_BTC.shape[:2]
        query_BHTD = self.query(self.norm_query(x_BTC)).view(B, T, self.heads, -1).transpose(1, 2)
        key_value = self.key_value(self.norm_context(context_BTC)).view(B, T, 2, self.heads, -1)
        key_BHTD, value_BHTD = key_value.permute(2, 0, 3, 1, 4).unbind(0)
        mixed_BTC = attend(query_BHTD, key_BHTD, value_BHTD).transpose(1, 2).reshape(B, T, -1)
        return x_BTC + self.out(mixed_BTC)


class AttentionTcn(nn.Module):
    """Multi-head self-attention over frames, then the TCN [own]: "multi-head attention + TCN" of table 3."""

    def __init__(
        self, inputs: int, widths: Sequence[int], heads: int, dropout: float, normalised: bool
    ) -> None:
        super().__init__()
        self.attention = FrameAttention(inputs, inputs, widths[0], heads)
        self.tcn = TCSAN(inputs, widths, None, dropout, normalised=normalised)

    def forward(self, x_BTC: Tensor) -> Tensor:
        """[B, T, inputs] -> [B, T, outputs]."""
        return self.tcn(self.attention(x_BTC, x_BTC))


class CoattentionTcn(nn.Module):
    """Face with AUs and audio attend to each other over frames, then the TCN [own]: "co-attention + TCN".

    With one kind of speech feature the two sides are the face and that feature, and only the face asks: it is
    one vector a clip and would answer every frame alike, which trains no query and no key.

    Args:
        parts, widths, heads, dropout, normalised: see ``build_fusion``.
    """

    def __init__(
        self,
        parts: Mapping[str, int],
        widths: Sequence[int],
        heads: int,
        dropout: float,
        normalised: bool,
    ) -> None:
        super().__init__()
        self.parts = dict(parts)
        self.heard = [AUDIO] if AUDIO in parts else [AUS]
        self.seen = [name for name in parts if name not in self.heard]
        seen, heard = (sum(parts[name] for name in side) for side in (self.seen, self.heard))
        self.seen_asks = FrameAttention(seen, heard, widths[0], heads)
        self.heard_asks = FrameAttention(heard, seen, widths[0], heads) if self.seen != [FACE] else None
        self.tcn = TCSAN(seen + heard, widths, None, dropout, normalised=normalised)

    def forward(self, x_BTC: Tensor) -> Tensor:
        """[B, T, inputs] -> [B, T, outputs]."""
        part = dict(zip(self.parts, x_BTC.split(list(self.parts.values()), dim=-1), strict=True))
        seen_BTC, heard_BTC = (
            torch.cat([part[name] for name in side], dim=-1) for side in (self.seen, self.heard)
        )
        answers = [self.seen_asks(seen_BTC, heard_BTC), heard_BTC]
        if self.heard_asks is not None:
            answers[1] = self.heard_asks(heard_BTC, seen_BTC)
        return self.tcn(torch.cat(answers, dim=-1))


def build_fusion(
    kind: str,
    parts: Mapping[str, int],
    widths: Sequence[int],
    heads: int,
    dropout: float,
    normalised: bool = False,
) -> nn.Module:
    """The fusion of a configuration: [B, T, sum of parts] -> [B, T, widths[-1]].

    Args:
        kind: one of ``FUSIONS``.
        parts: width of each feature, in their order along the channels: ``{"face": 512, "audio": 512,
            "aus": 320}``; without "audio" or without "aus" where only the other drives the mouth.
        widths: blocks of the temporal convolutions; the GRU and the concatenation use the last alone.
        heads: heads of the attentions.
        dropout: in the temporal convolutions.
        normalised: see ``TCSAN``.

    Raises:
        ValueError: an unknown kind, or widths that the heads do not divide.
    """
    inputs = sum(parts.values())
    if kind == "tcsan":
        return TCSAN(inputs, widths, heads, dropout, normalised=normalised)
    if kind == "gru":
        return GruFusion(inputs, widths[-1])
    if kind == "tcn":
        return TCSAN(inputs, widths, None, dropout, normalised=normalised)
    if kind == "attention_tcn":
        return AttentionTcn(inputs, widths, heads, dropout, normalised)
    if kind == "coattention_tcn":
        return CoattentionTcn(parts, widths, heads, dropout, normalised)
    if kind == "concatenation":
        return Concatenation(inputs, widths[-1])
    raise ValueError(f"fusion: '{kind}' is not one of {', '.join(FUSIONS)}")
