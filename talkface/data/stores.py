"""Per-clip tensors of cached tables, read when asked for and kept while they fit a memory budget.

Shape legend: T frames, C latent channels, h and w of the latent, H and W of the crop, F Audio-to-AU feature.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import pyarrow as pa
import torch

from talkface.data.rows import halves
from talkface.schemas import AU_FEATURES, IDENTITIES, LATENTS, TableSchema
from talkface.tables import ClipTable

Value = TypeVar("Value")

_BUDGET_BYTES = 4 << 30
_LATENT_CHANNELS = 3
_AU_FEATURE = 320


@dataclass(frozen=True)
class Identity:
    """A clip's first face, taken apart or whole."""

    image: torch.Tensor  # I, [3, H, W] in [-1, 1]
    mask: torch.Tensor  # A, [1, H, W] in [0, 1]
    audio_face: torch.Tensor  # (1 - A) I, [3, H, W] in [-1, 1]; I where it is whole
    identity_latent: torch.Tensor  # of A I, [C, h, w]
    masked_latent: torch.Tensor  # of I without its lower half, [C, h, w]

    @property
    def identity_face(self) -> torch.Tensor:
        """A I, [3, H, W] in [-1, 1]."""
        return darken(self.image, self.mask)


def darken(image_3HW: torch.Tensor, share_1HW: torch.Tensor) -> torch.Tensor:
    """``share`` x image as if the image were in [0, 1]; image and result are in [-1, 1], of any batch."""
    return (image_3HW + 1) * share_1HW - 1


class ClipStore(Generic[Value]):
    """``store[clip]`` from the tables of many speakers; the least recently used clips are forgotten first."""

    def __init__(
        self,
        tables: Iterable[Path],
        schema: TableSchema,
        decode: Callable[[pa.Table], Value],
        budget_bytes: int = _BUDGET_BYTES,
    ):
        self._home = {
            clip: table for table in (ClipTable(path, schema) for path in tables) for clip in table.clips
        }
        self._name, self._decode, self._budget = schema.name, decode, budget_bytes
        self._kept: OrderedDict[str, tuple[Value, int]] = OrderedDict()
        self._bytes = 0

    def __getitem__(self, clip: str) -> Value:
        if clip in self._kept:
            self._kept.move_to_end(clip)
            return self._kept[clip][0]
        if clip not in self._home:
            raise ValueError(f"no '{self._name}' rows for clip '{clip}'")
        rows = self._home[clip].read(clip)
        value, size = self._decode(rows), rows.nbytes
        self._kept[clip] = (value, size)
        self._bytes += size
        while self._bytes > self._budget and len(self._kept) > 1:
            _, (_, freed) = self._kept.popitem(last=False)
            self._bytes -= freed
        return value

    def __contains__(self, clip: str) -> bool:
        return clip in self._home


def latent_store(tables: Iterable[Path], crop_size: int) -> ClipStore[torch.Tensor]:
    """Latents of a clip's frames, float16 [T, C, h, w]."""
    shape = (_LATENT_CHANNELS, crop_size // 4, crop_size // 4)
    return ClipStore(tables, LATENTS, lambda rows: halves(rows, "latent", shape))


def au_feature_store(tables: Iterable[Path]) -> ClipStore[torch.Tensor]:
    """Audio-to-AU features of a clip's frames, float16 [T, F]."""
    return ClipStore(tables, AU_FEATURES, lambda rows: halves(rows, "feature", (_AU_FEATURE,)))


def identity_store(tables: Iterable[Path], crop_size: int) -> ClipStore[Identity]:
    """The first frame of a clip taken apart."""
    return ClipStore(tables, IDENTITIES, lambda rows: identity_of(rows.to_pylist()[0], crop_size))


def identity_of(columns: Mapping[str, Any], crop_size: int) -> Identity:
    """The columns of one IDENTITIES row as tensors."""
    latent = (_LATENT_CHANNELS, crop_size // 4, crop_size // 4)

    def array(name: str, kind: type[np.generic], shape: tuple[int, ...]) -> np.ndarray:
        return np.frombuffer(columns[name], kind).reshape(shape).copy()

    def image(name: str) -> torch.Tensor:
        pixels_HW3 = torch.from_numpy(array(name, np.uint8, (crop_size, crop_size, 3)))
        return pixels_HW3.permute(2, 0, 1).float() / 127.5 - 1

    return Identity(
        image=image("image"),
        mask=torch.from_numpy(array("mask", np.float16, (1, crop_size, crop_size))).float(),
        audio_face=image("audio_face"),
        identity_latent=torch.from_numpy(array("identity_latent", np.float16, latent)),
        masked_latent=torch.from_numpy(array("masked_latent", np.float16, latent)),
    )
