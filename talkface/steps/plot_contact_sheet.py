"""Step: frames of the gallery's clips side by side, truth above generated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from talkface.config import Evaluation, Gallery
from talkface.generation.score_rows import tables_by_clip
from talkface.generation.selection import gallery_clips
from talkface.media.images import decode_png
from talkface.reporting.aggregate import TEST_SUBSETS
from talkface.reporting.contact_sheet import SheetSample, draw_sheet, moments
from talkface.reporting.runs import by_method, label
from talkface.reporting.style import save_svg, styled
from talkface.schemas import FACES, GENERATED, SPLIT
from talkface.tables import ClipTable, read_table

_COLUMNS = 10


def plot_contact_sheet(
    *,
    faces: Sequence[Path],
    generated: Sequence[Path],
    split: Path,
    evaluation: Evaluation,
    gallery: Gallery,
    figure: Path,
) -> None:
    """Draw ten moments of each gallery clip, a row for the truth and one for each method.

    ``generated``: tables in folders ``generate/{method}/seed-{seed}/{protocol}``; of several seeds the first.
    """
    table = read_table(split, SPLIT)
    rows = {row["clip"]: row for row in table.to_pylist()}
    tables = {"truth": tables_by_clip(faces, FACES)}
    for method, paths in by_method(generated).items():
        tables[label(method)] = tables_by_clip(paths, GENERATED)
    samples = []
    for clip in dict.fromkeys(gallery_clips(table, evaluation, gallery)):
        words = [(word["start_s"], word["end_s"], word["word"]) for word in rows[clip]["words"]]
        frames = moments(rows[clip]["num_frames"], words, _COLUMNS)
        pictures = {name: _pictures(of_clip[clip], clip, frames) for name, of_clip in tables.items()}
        samples.append(SheetSample(clip, TEST_SUBSETS[rows[clip]["subset"]], frames, pictures, words))
    with styled():
        save_svg(draw_sheet(samples), figure)


def _pictures(table: ClipTable, clip: str, frames: Sequence[int]) -> list[np.ndarray]:
    images = table.read(clip, ["image"])["image"]
    return [decode_png(images[frame].as_py()) for frame in frames]
