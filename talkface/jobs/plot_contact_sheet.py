"""Rule ``plot_contact_sheet``: frames of the gallery's clips side by side, truth above generated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from talkface.artifacts.schemas import FACES, SPLIT
from talkface.artifacts.tables import ClipTable, read_table
from talkface.config import Evaluation, Gallery
from talkface.evaluation.runs import gallery_videos, label
from talkface.evaluation.score_rows import tables_by_clip
from talkface.evaluation.selection import gallery_clips
from talkface.media.images import decode_png
from talkface.media.video import read_frames
from talkface.reporting.figures.contact_sheet import SheetSample, draw_sheet, moments
from talkface.reporting.figures.style import save_svg, styled
from talkface.reporting.tables.aggregate import TEST_SUBSETS

_COLUMNS = 10


def plot_contact_sheet(
    *,
    faces: Sequence[Path],
    videos: Sequence[Path],
    split: Path,
    evaluation: Evaluation,
    gallery: Gallery,
    figure: Path,
) -> None:
    """Draw ten moments of each gallery clip, a row for the truth and one for each method.

    ``videos``: the gallery's, in folders ``gallery/{method}/seed-{seed}/{protocol}``; of several seeds, the
    first. The generated frames are read from them: the sheet shows what the videos show.
    """
    table = read_table(split, SPLIT)
    rows = {row["clip"]: row for row in table.to_pylist()}
    truth = tables_by_clip(faces, FACES)
    clips = gallery_clips(table, evaluation, gallery)
    shown = gallery_videos(videos, clips)
    samples = []
    for clip in dict.fromkeys(clips):
        words = [(word["start_s"], word["end_s"], word["word"]) for word in rows[clip]["words"]]
        frames = moments(rows[clip]["num_frames"], words, _COLUMNS)
        pictures = {"truth": pictures_at(truth[clip], clip, frames)}
        for method, of_clip in shown.items():
            pictures[label(method)] = _generated_pictures(
                of_clip[clip], frames, pictures["truth"][0].shape[0]
            )
        samples.append(SheetSample(clip, TEST_SUBSETS[rows[clip]["subset"]], frames, pictures, words))
    with styled():
        save_svg(draw_sheet(samples), figure)


def pictures_at(table: ClipTable, clip: str, frames: Sequence[int]) -> list[np.ndarray]:
    """A clip's pictures at some frames, from FACES or GENERATED."""
    images = table.read(clip, ["image"])["image"]
    return [decode_png(images[frame].as_py()) for frame in frames]


def _generated_pictures(video: Path, frames: Sequence[int], size: int) -> list[np.ndarray]:
    """The right one of the two squares of a gallery video's frames, as large as the crop."""
    wanted, found = set(frames), {}
    for number, picture in enumerate(read_frames(video)):
        if number in wanted:
            side = picture.shape[1] // 2
            found[number] = cv2.resize(picture[:side, side:], (size, size), interpolation=cv2.INTER_AREA)
    missing = sorted(wanted - set(found))
    if missing:
        raise ValueError(f"{video}: ends before frames {missing}; rebuild the gallery")
    return [found[frame] for frame in frames]
