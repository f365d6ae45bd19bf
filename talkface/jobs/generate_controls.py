"""Rule ``generate_controls``: the control rows of every table, written as if they had been generated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import FACES, GENERATED, LANDMARKS, SPLIT
from talkface.artifacts.tables import ClipTable, TableWriter, read_table
from talkface.config import Compute, Evaluation
from talkface.data.regions import lower_half
from talkface.data.rows import vectors
from talkface.evaluation.controls import COPIES, shown_frames
from talkface.evaluation.selection import evaluation_clips
from talkface.features.landmarks import NUM_POINTS
from talkface.media.images import decode_png, encode_png
from talkface.runtime.logs import progress

_FRAMES_AT_ONCE = 64


def generate_controls(
    *,
    control: str,
    protocol: str,
    faces: Path,
    landmarks: Path,
    split: Path,
    autoencoder: Path | None,
    identities: Path | None,
    speakers: list[str],
    evaluation: Evaluation,
    compute: Compute,
    generated: Path,
) -> None:
    """Write one control of the speakers' evaluated clips: the same clips that :func:`generate_clips` writes.

    ``control``: ``static``, ``mean_mouth``, ``ground_truth``
    (:func:`talkface.evaluation.controls.shown_frames`); ``autoencoder``, the true frames through the VQ
    autoencoder; or ``{variant}_autoencoder``, the same through that variant's own. ``autoencoder``: the
    weights that such a control needs, of the VQ autoencoder or of the variant's renderer. ``identities``:
    IDENTITIES as that variant sees them; none for the VQ autoencoder. In the inpaint ``protocol`` the true
    upper halves are pasted over it, as a method of that protocol knows them.
    """
    truth, tracks = ClipTable(faces, FACES), ClipTable(landmarks, LANDMARKS)
    rebuild = None if control in COPIES else _rebuilder(control, autoencoder, identities, compute)
    metadata = {"data": data_hashes([autoencoder, identities, faces, landmarks, split], generated)}
    with TableWriter(generated, GENERATED, metadata) as writer:
        table = read_table(split, SPLIT)
        chosen = [clip for speaker in speakers for clip in evaluation_clips(table, speaker, evaluation)]
        for clip in progress(chosen, what="clips"):
            images = truth.read(clip, ["image"])["image"].to_pylist()
            points_TQ = vectors(tracks.read(clip, ["points"]), "points")
            pictures = images
            if rebuild is None:
                points_TPD = points_TQ.reshape(-1, NUM_POINTS, 3)
                detected_T = truth.read(clip, ["detected"])["detected"].to_pylist()
                pictures = [images[frame] for frame in shown_frames(control, points_TPD, detected_T)]
            for start in range(0, len(images), _FRAMES_AT_ONCE):
                frames = slice(start, start + _FRAMES_AT_ONCE)
                batch = pictures[frames]
                if rebuild is not None:
                    batch = rebuild(clip, batch, points_TQ[frames])
                if protocol == "inpaint" and control != "ground_truth":
                    batch = [paste_upper_half(*pair) for pair in zip(batch, images[frames], strict=True)]
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


def _rebuilder(
    control: str, autoencoder: Path | None, identities: Path | None, compute: Compute
) -> Callable[[str, list[bytes], np.ndarray], list[bytes]]:
    if autoencoder is None:
        raise ValueError(f"control '{control}' needs the weights of an autoencoder")
    # Not above: torch takes longer to start than the other controls to be written.
    from talkface.generation.rebuilding import open_rebuilder

    return open_rebuilder(autoencoder, identities, compute)
