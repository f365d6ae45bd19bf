"""Rule ``encode_first_faces``: each clip's first face as it is, for methods without disentanglement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import IDENTITIES
from talkface.artifacts.tables import TableWriter
from talkface.artifacts.weights import load_model
from talkface.config import Compute
from talkface.data.first_face import first_faces
from talkface.jobs.disentangle_faces import keep_whole
from talkface.models.autoencoder import VQAutoencoder
from talkface.runtime.logs import progress
from talkface.training.device import prepare


def encode_first_faces(
    *, autoencoder: Path | None, faces: Path, landmarks: Path, identities: Path, compute: Compute
) -> None:
    """Write IDENTITIES of one shard, with a mask of ones; without an autoencoder the latents are empty."""
    network = None if autoencoder is None else load_model(autoencoder, VQAutoencoder, prepare(compute))
    metadata = {"data": data_hashes([autoencoder, faces, landmarks], identities)}
    with TableWriter(identities, IDENTITIES, metadata) as writer:
        for face in progress(first_faces(faces, landmarks), what="first faces encoded"):
            image_HW3, points_Q = face.image_HW3, face.points_Q
            columns = (
                without_latents(image_HW3, points_Q)
                if network is None
                else keep_whole(network, image_HW3, points_Q)
            )
            writer.write([{"clip": face.clip, "frame": face.frame, **columns}])


def without_latents(image_HW3: np.ndarray, points_Q: np.ndarray) -> dict[str, Any]:
    """A uint8 image and its landmarks -> the columns of IDENTITIES, the image whole and its latents empty."""
    image = image_HW3.tobytes()
    return {
        "image": image,
        "points": points_Q,
        "mask": np.ones(image_HW3.shape[:2], np.float16).tobytes(),
        "audio_face": image,
        "identity_latent": b"",
        "masked_latent": b"",
    }
