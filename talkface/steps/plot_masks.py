"""Step: the attention mask and both faces of one clip a speaker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from talkface.config import Evaluation, Gallery
from talkface.data.regions import mouth_box
from talkface.generation.score_rows import tables_by_clip
from talkface.generation.selection import gallery_clips
from talkface.media.images import decode_png
from talkface.reporting.mask_figure import MaskSample, draw_masks
from talkface.reporting.style import save_svg, styled
from talkface.schemas import FACES, IDENTITIES, SPLIT
from talkface.tables import ClipTable, read_table


def plot_masks(
    *,
    identities: Sequence[Path],
    faces: Sequence[Path],
    split: Path,
    crop_size: int,
    evaluation: Evaluation,
    gallery: Gallery,
    figure: Path,
) -> None:
    """Draw I, A, A I and (1 - A) I of the first frames of the gallery's clips."""
    chosen = dict.fromkeys(gallery_clips(read_table(split, SPLIT), evaluation, gallery))
    taken_apart, pictures = tables_by_clip(identities, IDENTITIES), tables_by_clip(faces, FACES)
    samples = [_sample(clip, taken_apart[clip], pictures[clip], crop_size) for clip in chosen]
    with styled():
        save_svg(draw_masks(samples, mouth_box(crop_size)), figure)


def _sample(clip: str, identities: ClipTable, faces: ClipTable, crop_size: int) -> MaskSample:
    face = decode_png(faces.read(clip, ["image"])["image"][0].as_py())
    row = identities.read(clip, ["mask", "audio_face"]).to_pylist()[0]
    shape = (crop_size, crop_size)
    mask = np.frombuffer(row["mask"], np.float16).reshape(shape).astype(np.float32)
    audio_face = np.frombuffer(row["audio_face"], np.uint8).reshape(*shape, 3)
    identity_face = (mask[..., None] * face).round().astype(np.uint8)
    return MaskSample(clip, face, mask, identity_face, audio_face)
