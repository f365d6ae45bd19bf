"""E_a and E_f: the encoders of the sound window and of the face (paper B section 3.1, in paper A's places).

Legend: N frames or clips, C cepstral coefficients, K hops of a frame's window.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise

from torch import Tensor, nn

from talkface.models.network import Network
from talkface.models.sound_norm import SoundNorm


class AudioEncoder(Network):
    """Five convolutions 3 x 3 (width 1, 2, 4, 8, 16 times; strides 1, 2, 1, 1, 2), BN, ReLU; then FC, FC.

    12 x 28 -> 12 x 28 -> 6 x 14 -> 6 x 14 -> 6 x 14 -> 3 x 7. Cepstra are standardised first
    (``sound_norm``).

    Args:
        width: channels of the first convolution (16 in the paper).
        outputs: width of the result (512 in the paper).
        coefficients: cepstral coefficients of a window, C.
        window_hops: hops of a window, K.
    """

    def __init__(
        self, width: int = 16, outputs: int = 512, coefficients: int = 12, window_hops: int = 28
    ) -> None:
        super().__init__()
        self.sound_norm = SoundNorm(coefficients)
        layers: list[nn.Module] = []
        channels, size = 1, [coefficients, window_hops]
        for level, stride in enumerate((1, 2, 1, 1, 2)):
            after = width * 2**level
            layers += [nn.Conv2d(channels, after, 3, stride, 1), nn.BatchNorm2d(after), nn.ReLU()]
            channels, size = after, [(side - 1) // stride + 1 for side in size]
        self.convolutions = nn.Sequential(*layers)
        self.dense = nn.Sequential(
            nn.Linear(channels * size[0] * size[1], outputs), nn.ReLU(), nn.Linear(outputs, outputs)
        )

    def forward(self, mfcc_N1CK: Tensor) -> Tensor:
        """[N, 1, C, K] -> [N, outputs]."""
        return self.dense(self.convolutions(self.sound_norm(mfcc_N1CK)).flatten(1))


class FaceMaps(Network):
    """Four convolutions 5 x 5 of stride 2 (width 1, 2, 4, 8 times), ReLU.

    112 x 112 -> 56 -> 28 -> 14 -> 7 x 7.

    Args:
        width: channels of the first convolution (16 in the paper).
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        channels = [3, *(width * 2**level for level in range(4))]
        layers = [(nn.Conv2d(before, after, 5, 2, 2), nn.ReLU()) for before, after in pairwise(channels)]
        self.convolutions = nn.Sequential(*chain.from_iterable(layers))

    def levels(self, face_N3HW: Tensor) -> list[Tensor]:
        """Faces [N, 3, H, W] in [-1, 1] -> the four maps, the largest first: [N, width, H / 2, W / 2] to
        [N, 8 width, H / 16, W / 16] (sides round up)."""
        maps, h_NCHW = [], face_N3HW
        for layer in self.convolutions:
            h_NCHW = layer(h_NCHW)
            if isinstance(layer, nn.ReLU):
                maps.append(h_NCHW)
        return maps


class FaceEncoder(FaceMaps):
    """``FaceMaps``, then FC: one vector a face.

    Args:
        width: channels of the first convolution (16 in the paper).
        outputs: width of the result (512 in the paper).
        image_size: side of the face in pixels.
    """

    def __init__(self, width: int = 16, outputs: int = 512, image_size: int = 112) -> None:
        super().__init__(width)
        size = -(-image_size // 16)
        self.dense = nn.Linear(8 * width * size * size, outputs)

    def forward(self, face_N3HW: Tensor) -> Tensor:
        """[N, 3, image_size, image_size] in [-1, 1] -> [N, outputs]."""
        return self.from_levels(self.levels(face_N3HW))

    def from_levels(self, levels: Sequence[Tensor]) -> Tensor:
        """The vector [N, outputs] of faces whose maps are at hand (``levels``)."""
        return self.dense(levels[-1].flatten(1))
