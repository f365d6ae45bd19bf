"""Figure: frames of a few test clips at the same moments - the truth, ours, and ours under another sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from talkface.reporting.figures.curve_figures import FPS, Word
from talkface.reporting.figures.style import picture_axes, plain


@dataclass(frozen=True)
class SheetSample:
    """A clip: the frames to show and each row's ("truth", ...) pictures ``[H, W, 3]`` uint8."""

    clip: str
    heading: str
    frames: Sequence[int]
    rows: Mapping[str, Sequence[np.ndarray]]
    words: Sequence[Word]


def moments(num_frames: int, words: Sequence[Word], columns: int) -> list[int]:
    """Frames evenly spaced from the first spoken word to the last; over the clip where there are none."""
    first, last = 0, num_frames - 1
    if words:
        first = min(max(int(words[0][0] * FPS), 0), last)
        last = max(first, min(int(np.ceil(words[-1][1] * FPS)), num_frames) - 1)
    return [int(frame) for frame in np.linspace(first, last, columns).round()]


def word_at(frame: int, words: Sequence[Word]) -> str:
    """The word spoken at a frame's centre; empty between words."""
    centre = (frame + 0.5) / FPS
    return next((word for start, end, word in words if start <= centre < end), "")


def draw_sheet(samples: Sequence[SheetSample]) -> Figure:
    """One block a clip, one strip a row; over each column the frame's number and word."""
    strips = sum(len(sample.rows) for sample in samples)
    columns = max((len(sample.frames) for sample in samples), default=1)
    height = 0.3 + 0.95 * strips + 0.55 * len(samples)
    width = 1.7 + 0.95 * columns
    figure = Figure(figsize=(width, height))
    figure.set_layout_engine("none")  # every place is given
    top = 1 - 0.1 / height
    for sample in samples:
        top -= 0.5 / height
        for number, (name, pictures) in enumerate(sample.rows.items()):
            strip, size = _strip(pictures)
            tall = 0.93 / height
            axes = figure.add_axes((1.6 / width, top - tall, 0.93 * columns / width, tall))
            picture_axes(axes)
            axes.imshow(strip, interpolation="nearest", aspect="auto")
            axes.text(
                -0.01, 0.5, _wrapped(name), transform=axes.transAxes, ha="right", va="center", fontsize=8
            )
            if number == 0:
                for column, frame in enumerate(sample.frames):
                    word = word_at(frame, sample.words)
                    said = plain(f"{frame}  {word}")
                    axes.text(
                        size * (column + 0.5), -3, said, ha="center", va="bottom", fontsize=7, color="#444444"
                    )
                axes.text(
                    0, 1.22, plain(f"{sample.clip} ({sample.heading})"),
                    transform=axes.transAxes, fontsize=9, fontweight="bold", va="bottom",
                )  # fmt: skip
            top -= 0.95 / height
    return figure


def _strip(pictures: Sequence[np.ndarray]) -> tuple[np.ndarray, int]:
    """Pictures side by side with a white seam, and the width of one with its seam."""
    seam = np.full((pictures[0].shape[0], 2, 3), 255, np.uint8)
    strip = np.concatenate([part for picture in pictures for part in (picture, seam)], axis=1)
    return strip, pictures[0].shape[1] + 2


def _wrapped(name: str) -> str:
    return name.replace(", ", ",\n").replace("another clip's", "another\nclip's")
