"""What evaluators see of clips: decoded once, then kept as small grey pictures while memory allows.

Legend: N crops, T frames, H and W of a crop, h and w of the mouth region.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from talkface.config import MouthChange, PictureAugmentation
from talkface.data.frames import Frames

_BUDGET_BYTES = 512 << 20


def picture_change(change: MouthChange) -> PictureAugmentation:
    """An evaluator's settings as those of renderers; what evaluators do not see is left out."""
    return PictureAugmentation(gain=0, offset=0, bend=0, **change.model_dump())


class MouthClips:
    """``clips[name]`` is uint8 [T, h, w]; the least recently used clips are forgotten first.

    Args:
        faces: tables of all shards.
        lengths: frames of each clip.
        crop_size: side of a crop in pixels.
        see: from uint8 crops [N, H, W, 3] to what the network is shown of them, uint8 [N, h, w].
        scratch: folder for the decoded crops.
    """

    def __init__(
        self,
        faces: Sequence[Path],
        lengths: Mapping[str, int],
        crop_size: int,
        see: Callable[[Tensor], Tensor],
        scratch: Path | None = None,
    ):
        self._frames = Frames(faces, lengths, crop_size, scratch=scratch)
        self._lengths, self._see = dict(lengths), see
        self._kept: OrderedDict[str, Tensor] = OrderedDict()
        self._bytes = 0

    def __getitem__(self, clip: str) -> Tensor:
        if clip in self._kept:
            self._kept.move_to_end(clip)
            return self._kept[clip]
        grey_Thw = self._see(torch.from_numpy(self.crops(clip)))
        self._kept[clip] = grey_Thw
        self._bytes += grey_Thw.nbytes
        while self._bytes > _BUDGET_BYTES and len(self._kept) > 1:
            _, forgotten = self._kept.popitem(last=False)
            self._bytes -= forgotten.nbytes
        return grey_Thw

    def crops(self, clip: str) -> np.ndarray:
        """The whole crops of a clip, uint8 [T, H, W, 3]."""
        return self._frames.of_clip(clip, np.arange(self._lengths[clip]))
