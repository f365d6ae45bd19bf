"""Rule ``generate_controls``: the control rows of every table, written as if they had been generated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import FACES, GENERATED, LANDMARKS, SPLIT
from talkface.artifacts.tables import ClipTable, TableWriter, read_table
from talkface.artifacts.weights import load_model
from talkface.config import Compute, Evaluation
from talkface.data.frames import to_images, to_tensor
from talkface.data.regions import lower_half
from talkface.data.rows import vectors
from talkface.evaluation.controls import shown_frames
from talkface.evaluation.selection import evaluation_clips
from talkface.features.landmarks import NUM_POINTS
from talkface.media.images import decode_png, encode_png
from talkface.models.autoencoder import VQAutoencoder
from talkface.runtime.logs import progress
from talkface.training.device import prepare

_FRAMES_AT_ONCE = 64


def generate_controls(
    *,
    control: str,
    protocol: str,
    faces: Path,
    landmarks: Path,
    split: Path,
    autoencoder: Path | None,
    speaker: str,
    evaluation: Evaluation,
    compute: Compute,
    generated: Path,
) -> None:
    """Write one control of a speaker's evaluated clips: the same clips that :func:`generate_clips` writes.

    ``control``: ``static``, ``mean_mouth``, ``ground_truth``
    (:func:`talkface.evaluation.controls.shown_frames`) or ``autoencoder``, the true frames through the VQ
    autoencoder, which alone needs its weights. In the inpaint ``protocol`` the true upper halves are pasted
    over it, as a method of that protocol knows them.
    """
    truth, tracks = ClipTable(faces, FACES), ClipTable(landmarks, LANDMARKS)
    reconstruct = _reconstructor(autoencoder, compute) if control == "autoencoder" else None
    metadata = {"data": data_hashes([autoencoder, faces, landmarks, split], generated)}
    with TableWriter(generated, GENERATED, metadata) as writer:
        for clip in progress(evaluation_clips(read_table(split, SPLIT), speaker, evaluation), what="clips"):
            images = truth.read(clip, ["image"])["image"].to_pylist()
            if reconstruct is None:
                points_TPD = vectors(tracks.read(clip, ["points"]), "points").reshape(-1, NUM_POINTS, 3)
                detected_T = truth.read(clip, ["detected"])["detected"].to_pylist()
                pictures = [images[frame] for frame in shown_frames(control, points_TPD, detected_T)]
            else:
                pictures = images
            for start in range(0, len(images), _FRAMES_AT_ONCE):
                batch = pictures[start : start + _FRAMES_AT_ONCE]
                if reconstruct is not None:
                    batch = reconstruct(batch)
                if protocol == "inpaint" and control != "ground_truth":
                    batch = [paste_upper_half(*pair) for pair in zip(batch, images[start:], strict=False)]
                writer.write(
                    {"clip": clip, "frame": start + number, "image": image}
                    for number, image in enumerate(batch)
                )


def paste_upper_half(shown: bytes, true: bytes) -> bytes:
    """A picture with the upper half of the true frame; all as PNG."""
    picture_HW3 = decode_png(shown).copy()
    edge = lower_half(len(picture_HW3))
    picture_HW3[:edge] = decode_png(true)[:edge]
    return encode_png(picture_HW3)


def _reconstructor(autoencoder: Path | None, compute: Compute) -> Callable[[list[bytes]], list[bytes]]:
    if autoencoder is None:
        raise ValueError("control 'autoencoder' needs the weights of the autoencoder")
    device = prepare(compute)
    network = load_model(autoencoder, VQAutoencoder, device)

    @torch.inference_mode()
    def reconstruct(images: list[bytes]) -> list[bytes]:
        x_N3HW = to_tensor(np.stack([decode_png(image) for image in images]), device)
        return [encode_png(image) for image in to_images(network(x_N3HW)[0])]

    return reconstruct
