"""Sync evaluator: places 0.2 s of lips and of sound near each other where they belong together.

Two towers as in SyncNet (Chung and Zisserman 2016), trained by us on a corpus' own training speakers: its
figures carry a star. It judges and is never part of a loss of what it judges.

Legend: N windows of F = 5 frames, h and w of the mouth region, T frames of a clip, H and W of a crop, K hops
of 10 ms, M mel bands, E numbers of an embedding.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.models.blocks import group_norm
from talkface.models.mouth_view import mouth_and_chin, seen
from talkface.models.network import Network
from talkface.models.sound_norm import SoundNorm

FRAMES = 5
"""Frames of a window."""
HOPS = 20
"""Hops of 10 ms in the sound of a window."""
HOPS_PER_FRAME = 4
_SIZE = (48, 64)
_AT_ONCE = 64


class SyncEvaluator(Network, name="sync_evaluator"):
    """Embeddings of unit length; the cosine of two is high where lips and sound belong together [own].

    Lips: five grey pictures of mouth and chin, 48 x 64, as channels; four convolutions of stride 2, group
    normalisation, ReLU. Sound: log-mel frames of the same 0.2 s; four convolutions alike.

    Args:
        width: channels of the first convolutions; 2, 4, 8 times as many after them.
        embedding: E.
        bands: M.
    """

    def __init__(self, width: int = 32, embedding: int = 128, bands: int = 13) -> None:
        super().__init__()
        self.sound_norm = SoundNorm(bands)
        self.lip_tower = _tower(FRAMES, width, (2, 2, 2, 2), _SIZE, embedding)
        self.sound_tower = _tower(1, width, (1, 2, 2, 2), (bands, HOPS), embedding)
        self.log_scale = nn.Parameter(torch.tensor(2.3))
        """Natural logarithm of the factor on cosines in the training's loss."""

    def lips(self, grey_NFhw: Tensor, affine_N23: Tensor | None = None) -> Tensor:
        """Grey pictures in [0, 1] [N, F, h, w] -> [N, E]; ``affine_N23`` as in :func:`mouth_view.seen`."""
        return F.normalize(self.lip_tower(seen(grey_NFhw, _SIZE, affine_N23)).float(), dim=-1)

    def sound(self, mel_NKM: Tensor) -> Tensor:
        """Log-mel windows [N, K = 20, M] -> [N, E]."""
        standard_N1MK = self.sound_norm(mel_NKM.transpose(1, 2))[:, None]
        return F.normalize(self.sound_tower(standard_N1MK).float(), dim=-1)

    def windows(self, num_frames: int, num_hops: int) -> int:
        """How many windows a clip has: one begins at each frame after which 0.2 s are left."""
        return max(0, min(num_frames - FRAMES + 1, (num_hops - HOPS) // HOPS_PER_FRAME + 1))

    @torch.no_grad()
    def clip_lips(self, frames_THW3: npt.NDArray[np.uint8], windows: int) -> npt.NDArray[np.float32]:
        """Crops of a clip -> embeddings of its first windows [N, E]."""
        grey_Thw = mouth_and_chin(torch.from_numpy(frames_THW3)).float() / 255
        grey_NFhw = grey_Thw.unfold(0, FRAMES, 1).movedim(-1, 1)[:windows]
        return torch.cat([self.lips(part) for part in grey_NFhw.split(_AT_ONCE)]).numpy()

    @torch.no_grad()
    def clip_sound(self, mel_KM: npt.NDArray[np.float32], windows: int) -> npt.NDArray[np.float32]:
        """Log-mel frames of a clip -> embeddings of its first windows [N, E]."""
        mel_NMK = torch.from_numpy(mel_KM).unfold(0, HOPS, HOPS_PER_FRAME)[:windows]
        return self.sound(mel_NMK.transpose(1, 2)).numpy()


def _tower(
    inputs: int, width: int, strides: tuple[int, ...], size: tuple[int, int], embedding: int
) -> nn.Sequential:
    layers: list[nn.Module] = []
    for level, stride in enumerate(strides):
        after = width * 2**level
        layers += [nn.Conv2d(inputs, after, 3, stride, 1), group_norm(after), nn.ReLU()]
        inputs, size = after, ((size[0] - 1) // stride + 1, (size[1] - 1) // stride + 1)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs * size[0] * size[1], embedding))
