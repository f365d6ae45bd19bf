"""Audio-to-AU: from the sound to five speech-related facial action units (papers A, B and C).

Legend: B batch, T frames, C cepstral coefficients, K hops of a frame's window, A action units,
F features.

How a window shrinks through a net's five blocks, coefficients x hops (no padding anywhere)::

    input               1 x 12 x 28
    k(1,4) s(1,2)       8 x 12 x 13
    k(1,3) s(1,2)      32 x 12 x  6
    k(1,3) s(1,2)      64 x 12 x  2   pool(1,2) -> 64 x 12 x 1
    k(3,1) s(2,1)     128 x  5 x  1
    k(3,1) s(2,1)     256 x  2 x  1   pool(2,1) -> 256 x 1 x 1

The first three blocks look along time alone, the last two across coefficients alone, and the paper's window
ends as exactly one 256-d vector a frame. The LSTM runs over these vectors, that is over the *frames* of the
sequence. (The released code's 25 hops end as the same single vector.)
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.models.network import Network
from talkface.models.sound_norm import SoundNorm

NUM_AUS = 5
FEATURES_PER_AU = 64

_CHANNELS = (1, 8, 32, 64, 128, 256)
_KERNELS = ((1, 4), (1, 3), (1, 3), (3, 1), (3, 1))
_STRIDES = ((1, 2), (1, 2), (1, 2), (2, 1), (2, 1))
_POOLS = (None, None, (1, 2), None, (2, 1))


def _block(
    inputs: int, outputs: int, kernel: tuple[int, int], stride: tuple[int, int], pool: tuple[int, int] | None
) -> nn.Sequential:
    """Conv, MaxPool, batch norm, LeakyReLU: the released code's order."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride),
        nn.MaxPool2d(pool) if pool else nn.Identity(),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.2),
    )


def _shrunk(coefficients: int, window_hops: int) -> int:
    """Values per frame after the five blocks; ``ValueError`` where nothing is left."""
    size = [coefficients, window_hops]
    for kernel, stride, pool in zip(_KERNELS, _STRIDES, _POOLS, strict=True):
        for axis in (0, 1):
            size[axis] = (size[axis] - kernel[axis]) // stride[axis] + 1
            if pool:
                size[axis] //= pool[axis]
            if size[axis] < 1:
                raise ValueError(
                    f"Audio-to-AU: a window of {coefficients} coefficients x {window_hops} hops is too small "
                    "for its five blocks (12 x 28 in the paper)"
                )
    return _CHANNELS[-1] * size[0] * size[1]


class AuNet(nn.Module):
    """One action unit's net: five blocks, two-layer bidirectional LSTM over frames, FC 128, FC 64, heads."""

    def __init__(self, dropout: float, coefficients: int, window_hops: int) -> None:
        super().__init__()
        self.dropout = dropout
        layers = zip(pairwise(_CHANNELS), _KERNELS, _STRIDES, _POOLS, strict=True)
        self.blocks = nn.Sequential(
            *(_block(before, after, kernel, stride, pool) for (before, after), kernel, stride, pool in layers)
        )
        self.recurrent = nn.LSTM(
            _shrunk(coefficients, window_hops), 128, num_layers=2, batch_first=True, bidirectional=True
        )
        self.hidden = nn.Linear(256, 128)
        self.feature = nn.Linear(128, FEATURES_PER_AU)
        self.presence = nn.Linear(FEATURES_PER_AU, 1)
        self.intensity = nn.Linear(FEATURES_PER_AU, 1)  # [own] beside the papers' presence

    def forward(self, mfcc_BTCK: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[B, T, C, K] -> feature [B, T, 64], presence logit [B, T, 1], intensity [B, T, 1]."""
        B, T = mfcc_BTCK.shape[:2]
        frame_BTF = self.blocks(mfcc_BTCK.flatten(0, 1).unsqueeze(1)).reshape(B, T, -1)
        sequence_BTF, _ = self.recurrent(frame_BTF)
        hidden_BTF = self._drop(F.leaky_relu(self.hidden(sequence_BTF), 0.2))
        feature_BTF = F.leaky_relu(self.feature(hidden_BTF), 0.2)
        dropped_BTF = self._drop(feature_BTF)
        return feature_BTF, self.presence(dropped_BTF), self.intensity(dropped_BTF)

    def _drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training)


class AudioToAu(Network, name="audio_to_au"):
    """Five separate nets, for AU10, AU14, AU20, AU25, AU26 in this order.

    The head's sigmoid lives in the loss (``talkface.losses.presence_loss``); apply ``sigmoid`` to the
    logits for probabilities. The intensity head [own] is linear and in whatever unit it was trained on.

    Args:
        dropout: after FC 128 and after the 64 features; inactive in evaluation mode.
        coefficients: cepstral coefficients of a window, C.
        window_hops: hops of a window, K.

    Raises:
        ValueError: the window is too small for the blocks.
    """

    def __init__(self, dropout: float = 0.5, coefficients: int = 12, window_hops: int = 28) -> None:
        super().__init__()
        self.sound_norm = SoundNorm(coefficients)
        self.nets = nn.ModuleList(AuNet(dropout, coefficients, window_hops) for _ in range(NUM_AUS))

    def forward(self, mfcc_BTCK: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Windows [B, T, C, K], any T -> feature [B, T, 320], presence logit and intensity [B, T, 5]."""
        expected = (self.settings["coefficients"], self.settings["window_hops"])
        if mfcc_BTCK.ndim != 4 or tuple(mfcc_BTCK.shape[2:]) != expected:
            raise ValueError(
                f"Audio-to-AU: windows [B, T, {expected[0]}, {expected[1]}] expected, "
                f"not {list(mfcc_BTCK.shape)}"
            )
        mfcc_BTCK = self.sound_norm(mfcc_BTCK)
        features, logits, intensities = zip(*(net(mfcc_BTCK) for net in self.nets), strict=True)
        return torch.cat(features, -1), torch.cat(logits, -1), torch.cat(intensities, -1)
