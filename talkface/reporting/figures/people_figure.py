"""Figure: people as in their photo, in truth and by each method, with the mouth at its widest and closest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from talkface.reporting.figures.style import picture_axes, plain

MOMENTS = ("widest", "closest")


@dataclass(frozen=True)
class Person:
    """A clip of one speaker; pictures are ``[H, W, 3]`` uint8."""

    clip: str
    heading: str
    photo: np.ndarray
    frames: Sequence[int]  # of MOMENTS
    shown: Mapping[str, Sequence[np.ndarray]]  # "truth" and each method: a picture for each of the frames


def draw_people(people: Sequence[Person]) -> Figure:
    """A block of two rows for each person: photo, truth, each method."""
    columns = 1 + max((len(person.shown) for person in people), default=1)
    figure = Figure(figsize=(0.9 + 1.35 * columns, 0.4 + 2.9 * max(1, len(people))))
    grid = figure.subplots(
        len(MOMENTS) * max(1, len(people)), columns, squeeze=False, gridspec_kw={"wspace": 0.03}
    )
    for axes in grid.flat:
        picture_axes(axes)
    for number, person in enumerate(people):
        for row, (moment, frame) in enumerate(zip(MOMENTS, person.frames, strict=True)):
            strip = grid[len(MOMENTS) * number + row]
            pictures = {"photo": person.photo, **{name: of[row] for name, of in person.shown.items()}}
            for axes, (name, picture) in zip(strip, pictures.items(), strict=False):
                axes.imshow(picture, interpolation="nearest")
                if row == 0:
                    axes.set_title(_wrapped(plain(name)), fontsize=7, loc="center")
            strip[0].set_ylabel(f"{moment}\nframe {frame}", fontsize=7)
        strip = grid[len(MOMENTS) * number]
        strip[0].text(
            0, 1.38, plain(f"{person.clip} ({person.heading})"),
            transform=strip[0].transAxes, fontsize=9, fontweight="bold", va="bottom",
        )  # fmt: skip
    return figure


def _wrapped(name: str) -> str:
    return name.replace("Ground truth through the autoencoder", "truth through the\nautoencoder")
