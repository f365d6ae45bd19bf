"""Rule ``plot_lips``: lip openings of the gallery's clips over time, with the words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from talkface.artifacts.schemas import LANDMARKS, SPLIT
from talkface.artifacts.tables import ClipTable, read_table
from talkface.config import Evaluation, Gallery
from talkface.data.rows import vectors
from talkface.evaluation.runs import by_method, is_control, label
from talkface.evaluation.score_rows import tables_by_clip
from talkface.evaluation.selection import gallery_clips
from talkface.features.landmarks import NUM_POINTS, lip_opening
from talkface.reporting.figures.curve_figures import LipSample, draw_lips
from talkface.reporting.figures.style import save_svg, styled
from talkface.reporting.tables.aggregate import TEST_SUBSETS


def plot_lips(
    *,
    landmarks_true: Sequence[Path],
    landmarks_generated: Sequence[Path],
    split: Path,
    evaluation: Evaluation,
    gallery: Gallery,
    figure: Path,
) -> None:
    """Draw the inner-lip opening of the truth and of each variant, under its own and another sound.

    ``landmarks_generated``: in folders ``generate/{method}/seed-{seed}/{protocol}``; of several seeds, the
    first.
    """
    table = read_table(split, SPLIT)
    rows = {row["clip"]: row for row in table.to_pylist()}
    truth = tables_by_clip(landmarks_true, LANDMARKS)
    methods = {
        label(method): tables_by_clip(paths, LANDMARKS)
        for method, paths in by_method(landmarks_generated, "generate").items()
        if not is_control(method)  # still mouths and the truth once more: lines that only hide the others
    }
    samples = [
        LipSample(
            clip,
            TEST_SUBSETS[rows[clip]["subset"]],
            _opening(truth[clip], clip),
            {name: _opening(of_clip[clip], clip) for name, of_clip in methods.items() if clip in of_clip},
            [(word["start_s"], word["end_s"], word["word"]) for word in rows[clip]["words"]],
        )
        for clip in dict.fromkeys(gallery_clips(table, evaluation, gallery))
    ]
    with styled():
        save_svg(draw_lips(samples), figure)


def _opening(table: ClipTable, clip: str) -> np.ndarray:
    """Opening per frame; a frame in which no face was found is a gap in the curve."""
    rows = table.read(clip, ["points", "detected"])
    opening_T = lip_opening(vectors(rows, "points").reshape(-1, NUM_POINTS, 3))
    return np.where(rows["detected"].to_numpy().astype(bool), opening_T, np.nan)
