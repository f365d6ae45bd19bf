"""Rule ``plot_masks``: the attention mask and both faces of one clip a speaker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from talkface.artifacts.schemas import IDENTITIES, SPLIT
from talkface.artifacts.tables import ClipTable, read_table
from talkface.config import Evaluation, Gallery
from talkface.data.regions import mouth_box
from talkface.evaluation.score_rows import tables_by_clip
from talkface.evaluation.selection import gallery_clips
from talkface.reporting.figures.mask_figure import MaskSample, draw_masks
from talkface.reporting.figures.style import save_svg, styled


def plot_masks(
    *,
    identities: Sequence[Path],
    split: Path,
    crop_size: int,
    evaluation: Evaluation,
    gallery: Gallery,
    figure: Path,
) -> None:
    """Draw I, A, A I and (1 - A) I of the first faces of the gallery's clips."""
    chosen = dict.fromkeys(gallery_clips(read_table(split, SPLIT), evaluation, gallery))
    taken_apart = tables_by_clip(identities, IDENTITIES)
    samples = [_sample(clip, taken_apart[clip], crop_size) for clip in chosen]
    with styled():
        save_svg(draw_masks(samples, mouth_box(crop_size)), figure)


def _sample(clip: str, identities: ClipTable, crop_size: int) -> MaskSample:
    row = identities.read(clip, ["image", "mask", "audio_face"]).to_pylist()[0]
    shape = (crop_size, crop_size)
    face, audio_face = (
        np.frombuffer(row[name], np.uint8).reshape(*shape, 3) for name in ("image", "audio_face")
    )
    mask = np.frombuffer(row["mask"], np.float16).reshape(shape).astype(np.float32)
    identity_face = (mask[..., None] * face).round().astype(np.uint8)
    return MaskSample(clip, face, mask, identity_face, audio_face)
