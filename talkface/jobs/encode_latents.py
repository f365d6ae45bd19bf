"""Rule ``encode_latents``: crops -> latents of the trained autoencoder, computed once.

With its lower half hidden, too: what the inpaint protocol may see of a true frame.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import FACES, LATENTS
from talkface.artifacts.tables import ClipTable, TableWriter
from talkface.artifacts.weights import load_model
from talkface.config import Compute
from talkface.data.frames import to_tensor
from talkface.data.regions import hide_lower_half
from talkface.media.images import decode_png
from talkface.models.autoencoder import VQAutoencoder
from talkface.runtime.logs import progress
from talkface.training.device import laid_out, prepare

_BATCH = {"cpu": 16, "cuda": 64}
"""A core's caches hold few pictures: 16 at once take 0.7 of the time of 64."""
_FRAMES_AT_ONCE = 512  # decoded crops of a long clip; a row group each


def encode_latents(
    *, model: Path, faces: Path, latents: Path, compute: Compute, lower_half_hidden: bool = False
) -> None:
    """Write LATENTS of one shard: before quantisation, unit variance, float16, full precision inside."""
    device = prepare(compute)
    network = laid_out(load_model(model, VQAutoencoder, device), device)
    table = ClipTable(faces, FACES)
    metadata = {"shape": _latent_shape(network, table), "data": data_hashes([model, faces], latents)}
    with TableWriter(latents, LATENTS, metadata) as writer:
        for clip, rows in progress(table, len(table.clips), "clips encoded"):
            for part in (
                rows.slice(begin, _FRAMES_AT_ONCE) for begin in range(0, len(rows), _FRAMES_AT_ONCE)
            ):
                images = np.stack([decode_png(content) for content in part["image"].to_pylist()])
                latents_NChw = encode_images(network, images, device, lower_half_hidden)
                writer.write(
                    {"clip": clip, "frame": frame, "latent": latent_Chw.tobytes()}
                    for frame, latent_Chw in zip(part["frame"].to_pylist(), latents_NChw, strict=True)
                )


@torch.no_grad()
def encode_images(
    network: VQAutoencoder, images_NHW3: np.ndarray, device: torch.device, lower_half_hidden: bool = False
) -> np.ndarray:
    """uint8 images [N, H, W, 3] -> float16 latents [N, C, h, w]."""
    parts, size = [], _BATCH[device.type]
    for begin in range(0, len(images_NHW3), size):
        image_N3HW = to_tensor(images_NHW3[begin : begin + size], device)
        if lower_half_hidden:
            image_N3HW = hide_lower_half(image_N3HW)
        parts.append(network.to_latent(image_N3HW).half().cpu().numpy())
    return np.concatenate(parts)


def _latent_shape(network: VQAutoencoder, table: ClipTable) -> list[int]:
    for _, rows in table:
        height, width, _ = decode_png(rows["image"][0].as_py()).shape
        return [network.settings["latent_channels"], height // network.factor, width // network.factor]
    return [0, 0, 0]
