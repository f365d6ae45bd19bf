"""Lip reader: from a mouth's pictures to the six words of a closed grammar, without sound.

As in LipNet (Assael et al. 2016) convolutions over space and a few frames, then over time alone, and CTC;
[own]: its tokens are the grammar's words, it is small, and it has no recurrent layers.
Trained by us on a corpus' own training speakers: its figures carry a star.

Legend: B clips, T frames, S = 5 neighbouring frames, h and w of the mouth region, V tokens, D channels,
H and W of a crop.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.models.blocks import group_norm
from talkface.models.closed_grammar import best_sentence, tokens_of
from talkface.models.mouth_view import mouth_and_chin, seen
from talkface.models.network import Network

_SIZE = (36, 48)
_SHARE = 0.78
"""Of the mouth region's sides: lips and what is near them, 44 x 56 of a crop of 112."""
_SPAN = 5
"""Frames, centred on each frame, that are its channels."""
_DILATIONS = (1, 2, 4)


class LipReader(Network, name="lip_reader"):
    """Log-probabilities of CTC's blank and of each word in each frame, and the sentence they stand for.

    Args:
        slots: the grammar: the words of each place in a sentence.
        width: channels of the first convolution.
        features: D, of a frame.
        dropout: before and within the temporal convolutions; inactive in evaluation mode.
    """

    def __init__(
        self, slots: Sequence[Sequence[str]], width: int = 16, features: int = 192, dropout: float = 0.3
    ) -> None:
        super().__init__()
        self.slots = [list(slot) for slot in slots]
        layers: list[nn.Module] = []
        channels, size = _SPAN, _SIZE
        for level, kernel in enumerate((5, 3, 3)):
            after = width * 2**level
            layers += [nn.Conv2d(channels, after, kernel, 2, kernel // 2), group_norm(after), nn.ReLU()]
            channels, size = after, ((size[0] + 1) // 2, (size[1] + 1) // 2)
        self.over_space = nn.Sequential(
            *layers, nn.Flatten(), nn.Dropout(dropout), nn.Linear(channels * size[0] * size[1], features)
        )
        self.over_time = nn.Sequential(*(_Temporal(features, dilation, dropout) for dilation in _DILATIONS))
        self.head = nn.Linear(features, 1 + sum(map(len, self.slots)))

    def forward(self, grey_BThw: Tensor, affine_B23: Tensor | None = None) -> Tensor:
        """Grey pictures in [0, 1] [B, T, h, w] -> log-probabilities [B, T, V].

        ``affine_B23`` as in :func:`mouth_view.seen`.
        """
        B, T = grey_BThw.shape[:2]
        shown_BThw = seen(grey_BThw, _SIZE, affine_B23, _SHARE)
        longer = torch.cat(
            [shown_BThw[:, :1]] * (_SPAN // 2) + [shown_BThw] + [shown_BThw[:, -1:]] * (_SPAN // 2), dim=1
        )
        stack_NShw = longer.unfold(1, _SPAN, 1).movedim(-1, 2).flatten(0, 1)
        frame_BTD = self.over_space(stack_NShw).unflatten(0, (B, T))
        spoken_BTD = self.over_time(frame_BTD.transpose(1, 2)).transpose(1, 2)
        return F.log_softmax(self.head(spoken_BTD).float(), dim=-1)

    def knows(self, words: Sequence[str]) -> bool:
        """Whether they are a sentence of its grammar."""
        return tokens_of(self.slots, words) is not None

    @torch.no_grad()
    def read(
        self, frames_THW3: npt.NDArray[np.uint8], device: torch.device | str = "cpu"
    ) -> list[str] | None:
        """The sentence that a clip's crops show; ``None`` for fewer frames than words."""
        grey_Thw = mouth_and_chin(torch.from_numpy(frames_THW3).to(device)).float() / 255
        return best_sentence(self(grey_Thw[None])[0].cpu().numpy(), self.slots)


class _Temporal(nn.Module):
    """x + two convolutions over time [B, D, T], as long as the input."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            group_norm(width), nn.ReLU(), nn.Dropout(dropout),
            nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation),
            group_norm(width), nn.ReLU(),
            nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation),
        )  # fmt: skip

    def forward(self, x_BDT: Tensor) -> Tensor:
        """[B, D, T] -> the same shape."""
        return x_BDT + self.layers(x_BDT)
