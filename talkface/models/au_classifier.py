"""AU classifier: presence of the five speech-related AUs on the lower half of a face (papers B and C).

Legend: N faces, A action units (5), H, W pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from talkface.models.blocks import group_norm
from talkface.models.network import Network

NUM_AUS = 5
_DENSE = 256


class AuClassifier(Network, name="au_classifier"):
    """Four convolutions, three FC; AU10, AU14, AU20, AU25, AU26 in this order.

    The papers give the numbers of layers alone. [own] Convolutions 5 x 5 of stride 2 as in their face
    encoder (56 x 112 -> 28 x 56 -> 14 x 28 -> 7 x 14 -> 4 x 7), width 1, 2, 4, 8 times; group normalisation,
    which judges a frame alike in every batch and in either mode, as befits a frozen loss; ReLU; FC 256, 256,
    5 with dropout between. The sigmoid lives in the loss (``talkface.losses.presence_loss``).

    Args:
        width: channels of the first convolution.
        crop_size: side of the whole face in pixels.
        dropout: before the second and the third FC; inactive in evaluation mode.

    Raises:
        ValueError: an odd crop size.
    """

    def __init__(self, width: int = 32, crop_size: int = 112, dropout: float = 0.5) -> None:
        super().__init__()
        if crop_size % 2:
            raise ValueError(f"AU classifier: a crop of {crop_size} pixels has no lower half")
        layers: list[nn.Module] = []
        channels, size = 3, [crop_size // 2, crop_size]
        for level in range(4):
            after = width * 2**level
            layers += [nn.Conv2d(channels, after, 5, 2, 2), group_norm(after), nn.ReLU()]
            channels, size = after, [(side + 1) // 2 for side in size]
        self.convolutions = nn.Sequential(*layers)
        self.dense = nn.Sequential(
            nn.Linear(channels * size[0] * size[1], _DENSE),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(_DENSE, _DENSE),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(_DENSE, NUM_AUS),
        )

    def forward(self, face_N3HW: Tensor) -> Tensor:
        """Whole crops [N, 3, crop_size, crop_size] in [-1, 1] -> logits [N, 5]."""
        lower_N3HW = face_N3HW[:, :, self.settings["crop_size"] // 2 :]
        return self.dense(torch.flatten(self.convolutions(lower_N3HW), 1))
