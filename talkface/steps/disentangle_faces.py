"""Step: the first frame of each clip taken apart into Identity-face A I and Audio-face (1 - A) I (paper A).

One-shot: nothing but the first frame and that frame's own raw AUs is read. Products are formed on images in
[0, 1], so what a mask hides is black; the released code multiplies in [-1, 1], where it would be grey.

Shape legend: H and W of the image, C latent channels, h and w of the latent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from talkface.config import Compute
from talkface.data.frames import to_images, to_tensor
from talkface.data.regions import lower_half
from talkface.data.rows import vectors
from talkface.logs import progress
from talkface.media.images import decode_png
from talkface.models.au_attention import AuGenerator
from talkface.models.autoencoder import VQAutoencoder
from talkface.schemas import AUS, FACES, IDENTITIES
from talkface.tables import ClipTable, TableError, TableWriter
from talkface.training.checkpoint import load_model
from talkface.training.device import prepare


def disentangle_faces(
    *, au_attention: Path, autoencoder: Path, faces: Path, aus: Path, identities: Path, compute: Compute
) -> None:
    """Write IDENTITIES of one speaker."""
    device = prepare(compute)
    attention = load_model(au_attention, lambda settings: AuGenerator(**settings), device)
    network = load_model(autoencoder, lambda settings: VQAutoencoder(**settings), device)
    images, labels = ClipTable(faces, FACES), ClipTable(aus, AUS)
    with TableWriter(identities, IDENTITIES) as writer:
        for clip in progress(images.clips, len(images.clips), "clips taken apart"):
            image = _first(images, clip, ["frame", "image"])["image"][0].as_py()
            intensity_A = vectors(_first(labels, clip, ["frame", "raw"]), "raw")[0]
            writer.write([{"clip": clip, **take_apart(attention, network, decode_png(image), intensity_A)}])


def _first(table: ClipTable, clip: str, columns: list[str]) -> Any:
    rows = table.read(clip, columns).slice(0, 1)
    if rows["frame"].to_pylist() != [0]:
        raise TableError(f"{table.path}: clip '{clip}' does not begin with frame 0")
    return rows


@torch.no_grad()
def take_apart(
    attention: AuGenerator, network: VQAutoencoder, image_HW3: np.ndarray, intensity_A: np.ndarray
) -> dict[str, bytes]:
    """A uint8 image and its raw AUs 0-5 -> the columns of IDENTITIES."""
    device = next(attention.parameters()).device
    image_13HW = to_tensor(image_HW3[None], device)
    au_1A = torch.from_numpy(intensity_A[None].astype(np.float32) / 5).to(device)
    _, mask_11HW = attention(image_13HW, au_1A)
    shown_13HW = image_13HW.clone()
    shown_13HW[:, :, lower_half(image_13HW.shape[2]) :] = -1.0
    latents_2Chw = network.to_latent(torch.cat([darken(image_13HW, mask_11HW), shown_13HW]))
    return {
        "mask": mask_11HW[0, 0].half().cpu().numpy().tobytes(),
        "audio_face": to_images(darken(image_13HW, 1 - mask_11HW))[0].tobytes(),
        "identity_latent": latents_2Chw[0].half().cpu().numpy().tobytes(),
        "masked_latent": latents_2Chw[1].half().cpu().numpy().tobytes(),
    }


def darken(image_N3HW: torch.Tensor, share_N1HW: torch.Tensor) -> torch.Tensor:
    """``share`` x image as if the image were in [0, 1]; image and result are in [-1, 1]."""
    return (image_N3HW + 1) * share_N1HW - 1
