"""Rule ``generate_controls``: the control rows of every table, written as if they had been generated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import FACES, GENERATED, LANDMARKS, MEL, SPLIT
from talkface.artifacts.tables import ClipTable, TableWriter, read_table
from talkface.config import Compute, Evaluation
from talkface.data.regions import lower_half
from talkface.data.rows import vectors
from talkface.evaluation.controls import (
    BORROWED,
    CHANGED,
    COPIES,
    blurred,
    held_to,
    lenders,
    shown_frames,
    through_codec,
)
from talkface.evaluation.selection import evaluation_clips, evenly
from talkface.features.landmarks import NUM_POINTS
from talkface.media.images import decode_png, encode_png
from talkface.metrics.clip import Clip
from talkface.metrics.families.stillness import loudness
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
    mel: Path | None,
    others: Path | None,
    speakers: list[str],
    evaluation: Evaluation,
    compute: Compute,
    shift_frames: int,
    clips_per_speaker: int | None,
    generated: Path,
) -> None:
    """Write one control of the speakers' evaluated clips: the same clips that :func:`generate_clips` writes.

    ``control``: one of ``COPIES`` (:func:`talkface.evaluation.controls.shown_frames`), ``CHANGED`` or
    ``BORROWED``; ``autoencoder``, the true frames through the VQ autoencoder; or ``{variant}_autoencoder``,
    the same through that variant's own. ``autoencoder``: the weights that such a control needs, of the VQ
    autoencoder or of the variant's renderer. ``identities``: IDENTITIES as that variant sees them; none for
    the VQ autoencoder. ``mel``: of the same clips, for the control ``loudness``. ``others``: FACES from which
    ``other_face`` is taken. A clip for which ``BORROWED`` find none is left out.
    ``clips_per_speaker``: of how many of the evaluated clips; None: all. In the inpaint ``protocol`` the true
    upper halves are pasted over it, as a method of that protocol knows them.
    """
    truth, tracks = ClipTable(faces, FACES), ClipTable(landmarks, LANDMARKS)
    listing = read_table(split, SPLIT)
    clips = [
        clip
        for speaker in speakers
        for clip in evenly(evaluation_clips(listing, speaker, evaluation), clips_per_speaker)
    ]
    borrowed: dict[str, str] = {}
    source = truth
    if control in BORROWED:
        source = ClipTable(others, FACES) if control == "other_face" and others else truth
        borrowed = lenders(control, clips, _usable(listing, source))
        clips = [clip for clip in clips if clip in borrowed]
    sound = ClipTable(mel, MEL) if mel else None
    plain = control in (*COPIES, *CHANGED, *BORROWED)
    rebuild = None if plain else _rebuilder(control, autoencoder, identities, compute)
    inputs = [autoencoder, identities, mel, others, faces, landmarks, split]
    metadata = {"data": data_hashes(inputs, generated)}
    with TableWriter(generated, GENERATED, metadata) as writer:
        for clip in progress(clips, what="clips"):
            images = truth.read(clip, ["image"])["image"].to_pylist()
            points_TQ = vectors(tracks.read(clip, ["points"]), "points")
            pictures = images
            if control in COPIES:
                pictures = _copied(control, clip, truth, points_TQ, sound, shift_frames, images)
            elif control in CHANGED:
                pictures = blurred(images) if control == "blurred" else through_codec(images)
            elif control in BORROWED:
                lent = source.read(borrowed[clip], ["image"])["image"].to_pylist()
                pictures = held_to(len(images), lent)
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


def _usable(split: pa.Table, table: ClipTable) -> list[str]:
    """The clips of a table that the split finds usable."""
    rows = zip(split["clip"].to_pylist(), split["ok"].to_pylist(), strict=True)
    return [clip for clip, ok in rows if ok and clip in table]


def _copied(
    control: str,
    clip: str,
    truth: ClipTable,
    points_TQ: np.ndarray,
    sound: ClipTable | None,
    shift: int,
    images: list[bytes],
) -> list[bytes]:
    points_TPD = points_TQ.reshape(-1, NUM_POINTS, 3)
    detected_T = truth.read(clip, ["detected"])["detected"].to_pylist()
    loudness_T = None
    if control == "loudness":
        if sound is None:
            raise ValueError("control 'loudness' needs the mel frames of the clips")
        loudness_T = loudness(vectors(sound.read(clip, ["mel"]), "mel"), len(images), Clip.hops_per_frame)
    shown_T = shown_frames(control, points_TPD, detected_T, shift=shift, loudness_T=loudness_T)
    return [images[frame] for frame in shown_T]


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
