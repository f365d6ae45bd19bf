"""TCSAN: temporal convolutional self-attention network, the fusion of paper B (section 3.3) and paper A.

Legend: B batch, T frames, C channels, G heads, D channels of a head.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

from talkface.models.network import Network

REFERENCE_FRAMES = 50
"""Length at which the channels' scores equal the published ones (its training windows)."""


class ChannelAttention(nn.Module):
    """Attention between channels: which elements of the fused feature weigh on which (tokens = channels).

    Published: tokens are channels and a token's embedding is its course over time, projected by learned T x T
    matrices and split into heads along time, which welds the sequence length. Here queries, keys and values
    come from temporal convolutions, and each head attends among its own group of channels, as
    cross-covariance attention does: every matrix is channels x channels, so any T works. The scores are the
    *mean* over time times sqrt(50): equal to the published division by sqrt(T) at T = 50, and no sharper in
    longer windows.
    """

    def __init__(self, channels: int, heads: int, kernel: int, normalised: bool = False) -> None:
        super().__init__()
        self.normalised = normalised
        if channels % heads:
            raise ValueError(f"TCSAN: {channels} channels do not split into {heads} heads")
        self.heads = heads
        self.query_key_value = nn.Conv1d(channels, 3 * channels, kernel, padding=kernel // 2)

    def forward(self, x_BCT: Tensor) -> Tensor:
        """[B, C, T] -> [B, C, T]."""
        B, C, T = x_BCT.shape
        qkv = self.query_key_value(x_BCT).view(B, 3, self.heads, C // self.heads, T)
        query_BGDT, key_BGDT, value_BGDT = qkv.unbind(1)
        if self.normalised:
            query_BGDT, key_BGDT = (
                F.rms_norm(part.float(), (T,)).to(part.dtype) for part in (query_BGDT, key_BGDT)
            )
        scale = REFERENCE_FRAMES**0.5 / T
        score_BGDD = (query_BGDT * scale) @ key_BGDT.transpose(-1, -2)
        return (score_BGDD.float().softmax(-1).to(value_BGDT.dtype) @ value_BGDT).reshape(B, C, T)


def normalise_channels(x_BCT: Tensor) -> Tensor:
    """Each frame's channels with mean 0 and deviation 1: [B, C, T] -> [B, C, T]."""
    return F.layer_norm(x_BCT.transpose(1, 2), (x_BCT.shape[1],)).transpose(1, 2)


class TCSANBlock(nn.Module):
    """(Weight-norm dilated conv, ReLU, dropout) twice, channel attention, plus the input, ReLU.

    [own] What the convolutions give is added to what the attention gives (``attention_skip``): a softmax
    over hundreds of channels starts as a plain mean, which would leave one signal a head and let nothing
    else through. Without heads there is no attention: the residual block of a plain TCN (Bai et al. 2018).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        heads: int | None,
        dropout: float,
        kernel: int,
        dilation: int,
        attention_skip: bool,
        normalised: bool,
    ) -> None:
        super().__init__()
        self.normalised = normalised
        reach = dilation * (kernel - 1) // 2
        convolutions = [
            nn.Conv1d(inputs, outputs, kernel, padding=reach, dilation=dilation),
            nn.Conv1d(outputs, outputs, kernel, padding=reach, dilation=dilation),
        ]
        for convolution in convolutions:
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        self.convolutions = nn.ModuleList(weight_norm(convolution) for convolution in convolutions)
        self.dropout = nn.Dropout(dropout)
        self.attention = None if heads is None else ChannelAttention(outputs, heads, kernel, normalised)
        self.attention_skip = attention_skip
        self.residual = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x_BCT: Tensor) -> Tensor:
        """[B, inputs, T] -> [B, outputs, T]."""
        h_BCT = normalise_channels(x_BCT) if self.normalised else x_BCT
        for convolution in self.convolutions:
            h_BCT = self.dropout(F.relu(convolution(h_BCT)))
        if self.attention is not None:
            mixed_BCT = self.attention(h_BCT)
            h_BCT = mixed_BCT + h_BCT if self.attention_skip else mixed_BCT
        return F.relu(h_BCT + self.residual(x_BCT))


class TCSAN(Network):
    """Residual blocks of widths ``widths``; block n is dilated by 2^(n-1), padded on both sides (non-causal).

    Args:
        inputs: channels of the fused feature (1344 in the papers).
        widths: channels of each block, [512, 1024] in paper A, [512, 512, 512, 1024] in paper B.
        heads: heads of the channel attention; ``None`` leaves the attention out (paper B's TCN, table 3).
        dropout: inside the blocks.
        kernel: odd length of the temporal convolutions.
        attention_skip: see ``TCSANBlock``.
        normalised: [own] each block looks at its input with the frames' channels normalised, and at queries
            and keys of unit size over time; no parameter is added. Without it four blocks in a row grow by
            orders of magnitude, the attention hardens and learns no more.

    Raises:
        ValueError: an even kernel, or a width that the heads do not divide.
    """

    def __init__(
        self,
        inputs: int,
        widths: Sequence[int],
        heads: int | None = 4,
        dropout: float = 0.2,
        kernel: int = 3,
        attention_skip: bool = True,
        normalised: bool = False,
    ) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError(f"TCSAN: an even kernel ({kernel}) cannot be padded symmetrically")
        self.blocks = nn.ModuleList(
            TCSANBlock(before, after, heads, dropout, kernel, 2**level, attention_skip, normalised)
            for level, (before, after) in enumerate(pairwise([inputs, *widths]))
        )

    @property
    def receptive_field(self) -> int:
        """Frames that the convolutions of one output frame see; the attention's weights see all frames."""
        reach = self.settings["kernel"] - 1
        of_values = 0 if self.settings["heads"] is None else 1  # the attention's own convolution
        return 1 + sum(reach * (2 * 2**level + of_values) for level in range(len(self.blocks)))

    def forward(self, x_BTC: Tensor) -> Tensor:
        """[B, T, inputs] -> [B, T, widths[-1]], any T >= 1."""
        h_BCT = x_BTC.transpose(1, 2)
        for block in self.blocks:
            h_BCT = block(h_BCT)
        return h_BCT.transpose(1, 2)


def stream_windows(
    net: Callable[[Tensor], Tensor], chunks: Iterable[Tensor], window: int, overlap: int
) -> Iterator[Tensor]:
    """Run ``net`` over a sequence of any length at constant memory.

    The result is *defined* by windows of ``window`` frames that start at the first frame and every
    ``window - overlap`` frames after it; where two overlap, they are cross-faded linearly. The last window
    is as long as the sequence leaves it; a sequence no longer than a window is one plain call. How the
    sequence is cut into chunks changes nothing.

    Args:
        net: [1, T, C] -> [1, T, outputs], in evaluation mode.
        chunks: consecutive pieces [t, C], t of any size, none held longer than needed.
        window: frames of a window.
        overlap: frames shared by neighbouring windows, at most half a window.

    Yields:
        Consecutive pieces [t, outputs], together as long as the chunks.

    Raises:
        ValueError: an overlap that is negative or more than half of the window.
    """
    if window < 1 or not 0 <= 2 * overlap <= window:
        raise ValueError(f"windows of {window} frames cannot overlap by {overlap}: at most half a window")
    step = window - overlap
    rising = torch.arange(1, overlap + 1)[:, None] / (overlap + 1)
    tail_TC: Tensor | None = None  # the previous window's last frames, waiting for the next window's first
    waiting: list[Tensor] = []
    held = 0

    def faded(buffer_TC: Tensor) -> Tensor:
        output_TC = net(buffer_TC[None])[0]
        if tail_TC is None or overlap == 0:
            return output_TC
        weight = rising.to(output_TC)
        crossed_TC = torch.lerp(tail_TC, output_TC[:overlap], weight)
        return torch.cat([crossed_TC, output_TC[overlap:]])

    for chunk_TC in chunks:
        for piece_TC in chunk_TC.split(step):
            waiting.append(piece_TC)
            held += len(piece_TC)
            if held >= window:
                buffer_TC = torch.cat(waiting)
                output_TC = faded(buffer_TC[:window])
                yield output_TC[:step]
                tail_TC = output_TC[step:]
                waiting, held = [buffer_TC[step:]], held - step
    # What is left beyond the frames that the last window has already seen makes a shorter window.
    if held > (0 if tail_TC is None else overlap):
        yield faded(torch.cat(waiting))
    elif tail_TC is not None and overlap:
        yield tail_TC


def apply_in_windows(net: Callable[[Tensor], Tensor], x_TC: Tensor, window: int, overlap: int) -> Tensor:
    """``stream_windows`` of a whole sequence: [T, C] -> [T, outputs]."""
    return torch.cat(list(stream_windows(net, [x_TC], window, overlap)))
