"""Parts that the convolutional networks share: normalisation, residual block, attention over positions.

Legend: B batch, N frames (batch and time together), C channels, H, W height and width, L positions H x W,
S context tokens, E embedding.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def group_norm(channels: int) -> nn.GroupNorm:
    """Group normalisation that fits any width: LDM's 32 groups from 128 channels on, fewer below.

    Its statistics are float32 inside whatever the precision of its input.
    """
    return nn.GroupNorm(math.gcd(32, max(1, channels // 4), channels), channels, eps=1e-6)


def zeroed(layer: nn.Conv2d) -> nn.Conv2d:
    """Start a layer at zero, so that the block around it starts as the identity."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class ResidualBlock(nn.Module):
    """GroupNorm, SiLU, conv 3 x 3, twice, plus the input (1 x 1 where the width changes).

    With ``embedding_width`` an embedding scales and shifts the second normalisation's output (ADM's form,
    Dhariwal and Nichol 2021, section 3).
    """

    def __init__(self, inputs: int, outputs: int, *, embedding_width: int = 0) -> None:
        super().__init__()
        self.norm_in = group_norm(inputs)
        self.conv_in = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm_out = group_norm(outputs)
        self.conv_out = zeroed(nn.Conv2d(outputs, outputs, 3, padding=1))
        self.modulation = nn.Linear(embedding_width, 2 * outputs) if embedding_width else None
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x_NCHW: Tensor, embedding_NE: Tensor | None = None) -> Tensor:
        """[N, inputs, H, W] and, if modulated, [N, embedding_width] -> [N, outputs, H, W]."""
        h_NCHW = self.norm_out(self.conv_in(F.silu(self.norm_in(x_NCHW))))
        if self.modulation is not None:
            assert embedding_NE is not None, "a modulated block needs its embedding"
            gain_NC, shift_NC = self.modulation(embedding_NE).to(h_NCHW.dtype).chunk(2, dim=1)
            h_NCHW = torch.addcmul(shift_NC[:, :, None, None], h_NCHW, 1 + gain_NC[:, :, None, None])
        return self.skip(x_NCHW) + self.conv_out(F.silu(h_NCHW))


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """softmax(q k^T / sqrt(d)) v: queries [..., L, d], keys and values [..., S, d] -> [..., L, d]."""
    if query.device.type == "cpu" and query.dtype == torch.bfloat16:
        # Torch's fused kernel is two to six times slower than plain products in this one case.
        score = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
        return score.softmax(-1) @ value
    return F.scaled_dot_product_attention(query, key, value)


class SelfAttention(nn.Module):
    """GroupNorm, multi-head attention over all positions, plus the input."""

    def __init__(self, channels: int, heads: int = 1) -> None:
        super().__init__()
        if channels % heads:
            raise ValueError(f"attention: {channels} channels do not split into {heads} heads")
        self.heads = heads
        self.norm = group_norm(channels)
        self.query_key_value = nn.Conv2d(channels, 3 * channels, 1)
        self.out = zeroed(nn.Conv2d(channels, channels, 1))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """[N, C, H, W] -> the same shape."""
        N, C, H, W = x_NCHW.shape
        qkv = self.query_key_value(self.norm(x_NCHW))
        # [N, H, W, 3C] -> [N, L, 3, heads, C / heads].
        qkv = qkv.permute(0, 2, 3, 1).reshape(N, H * W, 3, self.heads, C // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = attend(query, key, value)
        mixed = mixed.transpose(1, 2).reshape(N, H, W, C).permute(0, 3, 1, 2)
        return x_NCHW + self.out(mixed)


class Upsample(nn.Module):
    """Nearest neighbour to a given size (so that odd sizes match on the way up), then conv 3 x 3."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x_NCHW: Tensor, size: tuple[int, int]) -> Tensor:
        """[N, C, H, W] -> [N, C, *size]."""
        return self.conv(F.interpolate(x_NCHW, size=size, mode="nearest"))
