"""Per-clip tensors of the frozen stages: latents, Audio-to-AU features, identities.

Shape legend: T frames, C latent channels, h and w of the latent, H and W of the crop, F Audio-to-AU feature.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from talkface.artifacts.schemas import AU_FEATURES, IDENTITIES, LATENTS
from talkface.data.clip_store import ClipStore
from talkface.data.face_shapes import crop_points, lip_gap
from talkface.data.rows import halves

_AU_FEATURE = 320


@dataclass(frozen=True)
class Identity:
    """A clip's first face, taken apart or whole; stored as in its table, a quarter of what it unfolds to."""

    image_HW3: torch.Tensor  # uint8
    points_P2: torch.Tensor  # landmarks (x, y) of the mesh in [-1, 1] of the crop
    mask_1HW: torch.Tensor  # float16
    audio_face_HW3: torch.Tensor  # uint8
    identity_latent: torch.Tensor  # of A I, [C, h, w]
    masked_latent: torch.Tensor  # of I without its lower half, [C, h, w]

    @property
    def image(self) -> torch.Tensor:
        """I, [3, H, W] in [-1, 1]."""
        return _unfolded(self.image_HW3)

    @property
    def points(self) -> torch.Tensor:
        """The landmarks (x, y) of I, [P, 2] in [-1, 1]."""
        return self.points_P2

    @property
    def lip_gap(self) -> torch.Tensor:
        """Between the inner lips of I, over the distance of the eyes: one number, []."""
        return lip_gap(self.points_P2)

    @property
    def mask(self) -> torch.Tensor:
        """A, [1, H, W] in [0, 1]."""
        return self.mask_1HW.float()

    @property
    def audio_face(self) -> torch.Tensor:
        """(1 - A) I, [3, H, W] in [-1, 1]; I where it is whole."""
        return _unfolded(self.audio_face_HW3)

    @property
    def nbytes(self) -> int:
        """Bytes of all parts."""
        return sum(part.nbytes for part in vars(self).values())

    @property
    def identity_face(self) -> torch.Tensor:
        """A I, [3, H, W] in [-1, 1]."""
        return darken(self.image, self.mask)


def _unfolded(pixels_HW3: torch.Tensor) -> torch.Tensor:
    return pixels_HW3.permute(2, 0, 1).float() / 127.5 - 1


def darken(image_3HW: torch.Tensor, share_1HW: torch.Tensor) -> torch.Tensor:
    """``share`` x image as if the image were in [0, 1]; image and result are in [-1, 1], of any batch."""
    return (image_3HW + 1) * share_1HW - 1


def latent_store(tables: Iterable[Path], crop_size: int) -> ClipStore[torch.Tensor]:
    """Latents of a clip's frames, float16 [T, C, h, w]; C is as the autoencoder wrote them."""
    return ClipStore(tables, LATENTS, lambda rows: halves(rows, "latent", _latent_shape(crop_size)))


def _latent_shape(crop_size: int) -> tuple[int, int, int]:
    return -1, crop_size // 4, crop_size // 4


def au_feature_store(tables: Iterable[Path]) -> ClipStore[torch.Tensor]:
    """Audio-to-AU features of a clip's frames, float16 [T, F]."""
    return ClipStore(tables, AU_FEATURES, lambda rows: halves(rows, "feature", (_AU_FEATURE,)))


def identity_store(tables: Iterable[Path], crop_size: int) -> ClipStore[Identity]:
    """The first frame of a clip taken apart."""
    return ClipStore(tables, IDENTITIES, lambda rows: identity_of(rows.to_pylist()[0], crop_size))


def identity_of(columns: Mapping[str, Any], crop_size: int) -> Identity:
    """The columns of one IDENTITIES row as tensors."""
    latent = _latent_shape(crop_size)

    def array(name: str, kind: type[np.generic], shape: tuple[int, ...]) -> np.ndarray:
        return np.frombuffer(columns[name], kind).reshape(shape).copy()

    pixels = (crop_size, crop_size, 3)
    return Identity(
        image_HW3=torch.from_numpy(array("image", np.uint8, pixels)),
        points_P2=crop_points(np.asarray(columns["points"], np.float32)[None], crop_size)[0],
        mask_1HW=torch.from_numpy(array("mask", np.float16, (1, crop_size, crop_size))),
        audio_face_HW3=torch.from_numpy(array("audio_face", np.uint8, pixels)),
        identity_latent=torch.from_numpy(array("identity_latent", np.float16, latent)),
        masked_latent=torch.from_numpy(array("masked_latent", np.float16, latent)),
    )
