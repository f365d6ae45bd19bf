"""Rule ``disentangle_faces``: each clip's first face -> Identity-face A I and Audio-face (1 - A) I (paper A).

One-shot: nothing but the first face and that frame's own raw AUs is read. Products are formed on images in
[0, 1], so what a mask hides is black; the released code multiplies in [-1, 1], where it would be grey.

Shape legend: H and W of the image, A action units, Q coordinates of the landmarks, C latent channels, h
and w of the latent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import IDENTITIES
from talkface.artifacts.tables import TableWriter
from talkface.artifacts.weights import load_model
from talkface.config import Compute
from talkface.data.first_face import first_faces
from talkface.data.frames import to_images, to_tensor
from talkface.data.regions import hide_lower_half
from talkface.data.stores import darken
from talkface.models.au_attention import AuGenerator
from talkface.models.autoencoder import VQAutoencoder
from talkface.runtime.logs import progress
from talkface.training.device import prepare


def disentangle_faces(
    *,
    au_attention: Path,
    autoencoder: Path,
    faces: Path,
    landmarks: Path,
    aus: Path,
    identities: Path,
    compute: Compute,
) -> None:
    """Write IDENTITIES of one shard."""
    device = prepare(compute)
    attention = load_model(au_attention, AuGenerator, device)
    network = load_model(autoencoder, VQAutoencoder, device)
    metadata = {"data": data_hashes([au_attention, autoencoder, faces, landmarks, aus], identities)}
    with TableWriter(identities, IDENTITIES, metadata) as writer:
        for face in progress(first_faces(faces, landmarks, aus), what="clips disentangled"):
            assert face.intensity_A is not None
            columns = take_apart(attention, network, face.image_HW3, face.points_Q, face.intensity_A)
            writer.write([{"clip": face.clip, "frame": face.frame, **columns}])


@torch.no_grad()
def take_apart(
    attention: AuGenerator,
    network: VQAutoencoder,
    image_HW3: np.ndarray,
    points_Q: np.ndarray,
    intensity_A: np.ndarray,
) -> dict[str, Any]:
    """A uint8 image, its landmarks and its raw AUs 0-5 -> the columns of IDENTITIES."""
    device = next(attention.parameters()).device
    image_13HW = to_tensor(image_HW3[None], device)
    au_1A = torch.from_numpy(intensity_A[None].astype(np.float32) / 5).to(device)
    _, mask_11HW = attention(image_13HW, au_1A)
    identity_13HW, audio_13HW = darken(image_13HW, mask_11HW), darken(image_13HW, 1 - mask_11HW)
    return identity_columns(network, image_13HW, points_Q, mask_11HW, identity_13HW, audio_13HW)


@torch.no_grad()
def keep_whole(network: VQAutoencoder, image_HW3: np.ndarray, points_Q: np.ndarray) -> dict[str, Any]:
    """A uint8 image and its landmarks -> the columns of IDENTITIES, with the whole image for both faces."""
    image_13HW = to_tensor(image_HW3[None], next(network.parameters()).device)
    whole_11HW = torch.ones_like(image_13HW[:, :1])
    return identity_columns(network, image_13HW, points_Q, whole_11HW, image_13HW, image_13HW)


def identity_columns(
    network: VQAutoencoder,
    image_13HW: torch.Tensor,
    points_Q: np.ndarray,
    mask_11HW: torch.Tensor,
    identity_13HW: torch.Tensor,
    audio_13HW: torch.Tensor,
) -> dict[str, Any]:
    """Faces in [-1, 1] -> the columns of IDENTITIES."""
    latents_2Chw = network.to_latent(torch.cat([identity_13HW, hide_lower_half(image_13HW)]))
    return {
        "image": to_images(image_13HW)[0].tobytes(),
        "points": points_Q,
        "mask": mask_11HW[0, 0].half().cpu().numpy().tobytes(),
        "audio_face": to_images(audio_13HW)[0].tobytes(),
        "identity_latent": latents_2Chw[0].half().cpu().numpy().tobytes(),
        "masked_latent": latents_2Chw[1].half().cpu().numpy().tobytes(),
    }
