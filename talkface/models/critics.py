"""Critics of frames (paper C; CRAN) and of frame sequences (CRAN, Song et al. 2019): real or generated?

Their scores are logits a patch, for ``talkface.losses.gan``. The papers name a patch critic and no more.
[own] Layers as in pix2pix (Isola et al. 2017, section 6.1.2), with group normalisation, which mixes neither
real with generated pictures nor one clip with another; no spectral normalisation: the weight of the
adversarial loss is small (0.002), and the power iteration would not bear bfloat16.

Legend: N frames, B clips, T frames of a clip, H and W rows and columns.
"""

from __future__ import annotations

from torch import Tensor, nn

from talkface.models.blocks import group_norm
from talkface.models.network import Network

MIN_FRAMES = 4
"""Frames that the video critic needs."""


class FrameCritic(Network):
    """Convolutions 4 x 4 of width 1, 2, 4 (stride 2) and 8 times (stride 1), then the patches' scores.

    A score sees 70 x 70 pixels; 112 x 112 gives 12 x 12 scores.

    Args:
        width: channels of the first convolution.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for before, after, stride in ((1, 2, 2), (2, 4, 2), (4, 8, 1)):
            layers += [
                nn.Conv2d(before * width, after * width, 4, stride, 1),
                group_norm(after * width),
                nn.LeakyReLU(0.2),
            ]
        self.layers = nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 1))

    def forward(self, frame_N3HW: Tensor) -> Tensor:
        """[N, 3, H, W] in [-1, 1], H and W at least 32 -> scores [N, 1, h, w]."""
        return self.layers(frame_N3HW)


class VideoCritic(Network):
    """``FrameCritic`` in space and time: the second and third convolution also halve the frames.

    Args:
        width: channels of the first convolution.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv3d(3, width, (3, 4, 4), (1, 2, 2), 1), nn.LeakyReLU(0.2)]
        for before, after, kernel, stride in (
            (1, 2, (4, 4, 4), (2, 2, 2)),
            (2, 4, (4, 4, 4), (2, 2, 2)),
            (4, 8, (3, 4, 4), (1, 1, 1)),
        ):
            layers += [
                nn.Conv3d(before * width, after * width, kernel, stride, 1),
                group_norm(after * width),
                nn.LeakyReLU(0.2),
            ]
        self.layers = nn.Sequential(*layers, nn.Conv3d(8 * width, 1, (3, 4, 4), 1, 1))

    def forward(self, frame_B3THW: Tensor) -> Tensor:
        """[B, 3, T, H, W] in [-1, 1], T at least 4 -> scores [B, 1, T // 4, h, w].

        Raises:
            ValueError: a shorter clip.
        """
        if frame_B3THW.shape[2] < MIN_FRAMES:
            raise ValueError(
                f"video critic: {frame_B3THW.shape[2]} frames are too few; it needs {MIN_FRAMES} or more"
            )
        return self.layers(frame_B3THW)
