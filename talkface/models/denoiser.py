"""The conditional denoiser: a U-Net over latents (paper A; Dhariwal and Nichol 2021, Rombach et al. 2022).

Legend: N frames, C channels, H, W latent height and width, L positions (H x W), S context tokens,
E embedding.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.models.blocks import ResidualBlock, Upsample, attend, group_norm, zeroed
from talkface.models.network import Network

_EXPANSION = 2  # of the feed-forward part


def timestep_embedding(timestep_N: Tensor, width: int) -> Tensor:
    """Sines and cosines of geometrically spaced frequencies: [N] -> float32 [N, width]."""
    half = width // 2
    frequency = torch.exp(-math.log(10_000) * torch.arange(half, device=timestep_N.device) / half)
    angle = timestep_N[:, None].float() * frequency
    return F.pad(torch.cat([angle.cos(), angle.sin()], dim=1), (0, width % 2))


class Attention(nn.Module):
    """Multi-head attention from positions to positions, or to context tokens of another width."""

    def __init__(self, channels: int, context_width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(channels, channels, bias=False)
        self.key_value = nn.Linear(context_width, 2 * channels, bias=False)
        self.out = nn.Linear(channels, channels)

    def forward(self, x_NLC: Tensor, context_NSC: Tensor) -> Tensor:
        """[N, L, channels], [N, S, context_width] -> [N, L, channels]."""
        N, L, C = x_NLC.shape
        query = self.query(x_NLC).view(N, L, self.heads, -1).transpose(1, 2)
        key, value = (
            self.key_value(context_NSC).view(N, -1, 2, self.heads, C // self.heads).permute(2, 0, 3, 1, 4)
        )
        mixed = attend(query, key, value)
        return self.out(mixed.transpose(1, 2).reshape(N, L, C))


class FeedForward(nn.Module):
    """GEGLU feed-forward (Shazeer 2020)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inside = nn.Linear(channels, 2 * _EXPANSION * channels)
        self.out = nn.Linear(_EXPANSION * channels, channels)

    def forward(self, x_NLC: Tensor) -> Tensor:
        """[N, L, C] -> [N, L, C]."""
        value, gate = self.inside(x_NLC).chunk(2, dim=-1)
        return self.out(value * F.gelu(gate))


class Transformer(nn.Module):
    """Self-attention, cross-attention to the context, feed-forward; starts as the identity.

    [own] A learned empty token stands beside the context: over the paper's single token a softmax is
    constant, queries and keys would never be trained, and every position would receive the same. With it
    each position decides how much of the frame's token it takes.
    """

    def __init__(self, channels: int, context_width: int, head_width: int) -> None:
        super().__init__()
        heads = max(1, channels // head_width)
        if channels % heads:
            raise ValueError(f"denoiser: {channels} channels do not split into heads of {head_width}")
        self.norm = group_norm(channels)
        self.project_in = nn.Linear(channels, channels)
        self.norm_self = nn.LayerNorm(channels)
        self.attend_self = Attention(channels, channels, heads)
        self.norm_cross = nn.LayerNorm(channels)
        self.attend_context = Attention(channels, context_width, heads)
        self.empty_token = nn.Parameter(torch.randn(1, 1, context_width) * 0.02)
        self.norm_forward = nn.LayerNorm(channels)
        self.feed_forward = FeedForward(channels)
        self.project_out = nn.Linear(channels, channels)
        nn.init.zeros_(self.project_out.weight)
        nn.init.zeros_(self.project_out.bias)

    def forward(self, x_NCHW: Tensor, context_NSC: Tensor) -> Tensor:
        """[N, C, H, W], [N, S, context_width] -> [N, C, H, W]."""
        N, C, H, W = x_NCHW.shape
        h_NLC = self.project_in(self.norm(x_NCHW).permute(0, 2, 3, 1).reshape(N, H * W, C))
        own_NLC = self.norm_self(h_NLC)
        h_NLC = h_NLC + self.attend_self(own_NLC, own_NLC)
        context_NSC = torch.cat(
            [context_NSC, self.empty_token.to(context_NSC.dtype).expand(N, -1, -1)], dim=1
        )
        h_NLC = h_NLC + self.attend_context(self.norm_cross(h_NLC), context_NSC)
        h_NLC = h_NLC + self.feed_forward(self.norm_forward(h_NLC))
        return x_NCHW + self.project_out(h_NLC).view(N, H, W, C).permute(0, 3, 1, 2)


class Stage(nn.Module):
    """A residual block and, at the levels that attend, a transformer."""

    def __init__(
        self, inputs: int, outputs: int, embedding_width: int, transformer: Transformer | None
    ) -> None:
        super().__init__()
        self.residual = ResidualBlock(inputs, outputs, embedding_width=embedding_width)
        self.transformer = transformer

    def forward(self, x_NCHW: Tensor, embedding_NE: Tensor, context_NSC: Tensor) -> Tensor:
        """[N, inputs, H, W] -> [N, outputs, H, W]."""
        x_NCHW = self.residual(x_NCHW, embedding_NE)
        return x_NCHW if self.transformer is None else self.transformer(x_NCHW, context_NSC)


class Denoiser(Network):
    """Noise prediction from noisy latents, the timestep and the frame's token.

    The token reaches the picture by cross-attention (paper A) and, [own] with ``token_in_embedding``,
    together with the timestep through every residual block's scale and shift: the mouth depends on nothing
    else. On the way up each level is resized to its skip, so that 28 -> 14 -> 7 -> 4 comes back as 4 -> 7 ->
    14 -> 28.

    Args:
        in_channels: noisy latent 3 + masked face's latent 3 + Identity-face's latent 3.
        out_channels: channels of the noise.
        width: channels of the first level (256 in paper A).
        multipliers: width of each level in units of ``width``; each level but the last halves the picture.
        blocks: residual blocks a level.
        attention_levels: levels, as numbers of halvings, that attend.
        head_width: channels of an attention head (at least one head).
        context_width: width of a context token.
        token_in_embedding: see above.
    """

    def __init__(
        self,
        in_channels: int = 9,
        out_channels: int = 3,
        width: int = 256,
        multipliers: list[int] | tuple[int, ...] = (1, 2, 3, 4),
        blocks: int = 2,
        attention_levels: list[int] | tuple[int, ...] = (1, 2, 3),
        head_width: int = 32,
        context_width: int = 1024,
        token_in_embedding: bool = True,
    ) -> None:
        super().__init__()
        embedding = 4 * width
        self.time = nn.Sequential(nn.Linear(width, embedding), nn.SiLU(), nn.Linear(embedding, embedding))
        self.token = nn.Linear(context_width, embedding) if token_in_embedding else None

        def stage(inputs: int, outputs: int, level: int) -> Stage:
            attends = level in attention_levels
            return Stage(
                inputs,
                outputs,
                embedding,
                Transformer(outputs, context_width, head_width) if attends else None,
            )

        self.conv_in = nn.Conv2d(in_channels, width, 3, padding=1)
        channels, skips = width, [width]
        self.down, self.shrink = nn.ModuleList(), nn.ModuleList()
        for level, multiplier in enumerate(multipliers):
            row = nn.ModuleList()
            for _ in range(blocks):
                row.append(stage(channels, width * multiplier, level))
                channels = width * multiplier
                skips.append(channels)
            self.down.append(row)
            if level < len(multipliers) - 1:
                self.shrink.append(nn.Conv2d(channels, channels, 3, stride=2, padding=1))
                skips.append(channels)
        bottom = len(multipliers) - 1
        self.middle_in = Stage(
            channels, channels, embedding, Transformer(channels, context_width, head_width)
        )
        self.middle_out = stage(channels, channels, -1)
        self.up, self.grow = nn.ModuleList(), nn.ModuleList()
        for level in range(bottom, -1, -1):
            row = nn.ModuleList()
            for _ in range(blocks + 1):
                row.append(stage(channels + skips.pop(), width * multipliers[level], level))
                channels = width * multipliers[level]
            self.up.append(row)
            if level:
                self.grow.append(Upsample(channels))
        self.norm_out = group_norm(channels)
        self.conv_out = zeroed(nn.Conv2d(channels, out_channels, 3, padding=1))

    def forward(self, x_NCHW: Tensor, timestep_N: Tensor, context: Tensor) -> Tensor:
        """Latents [N, in_channels, H, W], timesteps [N], tokens [N, C] or [N, S, C] -> noise of N frames."""
        context_NSC = context[:, None] if context.ndim == 2 else context
        embedding_NE = self.time(timestep_embedding(timestep_N, self.settings["width"]))
        if self.token is not None:
            embedding_NE = embedding_NE + self.token(context_NSC.mean(1))
        embedding_NE = F.silu(embedding_NE)
        h = self.conv_in(x_NCHW)
        skips = [h]
        for level, row in enumerate(self.down):
            for stage in cast(nn.ModuleList, row):
                h = stage(h, embedding_NE, context_NSC)
                skips.append(h)
            if level < len(self.shrink):
                h = self.shrink[level](h)
                skips.append(h)
        h = self.middle_out(self.middle_in(h, embedding_NE, context_NSC), embedding_NE, context_NSC)
        for level, row in enumerate(self.up):
            for stage in cast(nn.ModuleList, row):
                h = stage(torch.cat([h, skips.pop()], dim=1), embedding_NE, context_NSC)
            if level < len(self.grow):
                height, width = skips[-1].shape[2:]
                h = self.grow[level](h, (height, width))
        return self.conv_out(F.silu(self.norm_out(h)))
