"""True frames through an autoencoder: the upper limits of the renderers that work in latents.

Shapes: N frames, Q coordinates of their landmarks, H and W rows and columns.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from talkface.artifacts.weights import load_model
from talkface.config import Compute
from talkface.data.face_shapes import crop_points
from talkface.data.frames import to_images, to_tensor
from talkface.data.stores import Identity, identity_store
from talkface.generation.opening import open_renderer
from talkface.media.images import decode_png, encode_png
from talkface.models.autoencoder import VQAutoencoder
from talkface.models.network import Network
from talkface.training.device import laid_out, prepare

_BATCH = 16

Through = Callable[[str, Tensor, np.ndarray], Tensor]
"""A clip's name, its frames [N, 3, H, W] and their landmarks [N, Q] -> the frames through an autoencoder."""


def open_rebuilder(
    autoencoder: Path, identities: Path | None, compute: Compute
) -> Callable[[str, list[bytes], np.ndarray], list[bytes]]:
    """From a clip's name, its frames as PNG and their landmarks [N, Q] to the frames through an autoencoder.

    ``identities``: IDENTITIES for a renderer with latents of its own, whose weights ``autoencoder`` then is;
    without them it is paper A's.
    """
    device = prepare(compute)
    through = (
        _of_paper_a(autoencoder, device) if identities is None else _own(autoencoder, identities, device)
    )

    @torch.inference_mode()
    def rebuild(clip: str, images: list[bytes], points_NQ: np.ndarray) -> list[bytes]:
        x_N3HW = to_tensor(np.stack([decode_png(image) for image in images]), device)
        return [encode_png(image) for image in to_images(through(clip, x_N3HW, points_NQ))]

    return rebuild


def _of_paper_a(autoencoder: Path, device: torch.device) -> Through:
    network = laid_out(load_model(autoencoder, VQAutoencoder, device), device)
    return lambda clip, x_N3HW, points_NQ: torch.cat([network(part)[0] for part in x_N3HW.split(_BATCH)])


def _own(renderer: Path, identities: Path, device: torch.device) -> Through:
    network = open_renderer(renderer, Network, device)
    assert hasattr(network, "rebuilt"), f"{network.name} has no latents of its own"
    rebuilt = cast("Callable[[Tensor, Tensor, Identity], Tensor]", network.rebuilt)
    crop_size = network.settings["crop_size"]
    first_faces = identity_store([identities], crop_size)
    return lambda clip, x_N3HW, points_NQ: rebuilt(
        x_N3HW, crop_points(points_NQ, crop_size).to(device), first_faces[clip]
    )
