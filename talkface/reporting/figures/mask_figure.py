"""Figure: the attention mask A of AU-Attention with the two faces that it makes of a first face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from talkface.reporting.figures.style import picture_axes, plain

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class MaskSample:
    """A clip's first face taken apart: uint8 pictures ``[H, W, 3]`` and the mask ``[H, W]`` in 0-1."""

    clip: str
    face: np.ndarray
    mask: np.ndarray
    identity_face: np.ndarray
    audio_face: np.ndarray

    def sentence(self, mouth: Box) -> str:
        """Mean, deviation over the picture, and the mouth's mean over the rest's."""
        top, bottom, left, right = mouth
        inside = np.zeros(self.mask.shape, dtype=bool)
        inside[top:bottom, left:right] = True
        ratio = self.mask[inside].mean() / max(float(self.mask[~inside].mean()), 1e-6)
        return f"mean {self.mask.mean():.2f}, deviation {self.mask.std():.3f},\nmouth / elsewhere {ratio:.2f}"


def draw_masks(samples: Sequence[MaskSample], mouth: Box) -> Figure:
    """One row a clip: first face I, mask A with the mouth box, Identity-face A I, Audio-face (1 - A) I."""
    figure = Figure(figsize=(8.2, 0.5 + 2.0 * len(samples)))
    grid = figure.subplots(len(samples), 4, squeeze=False)
    shown = None
    for row, (sample, axes) in enumerate(zip(samples, grid, strict=True)):
        pictures = (sample.face, sample.mask, sample.identity_face, sample.audio_face)
        titles = ("first face I", "mask A", "Identity-face  A·I", "Audio-face  (1−A)·I")
        for column, (picture, title) in enumerate(zip(pictures, titles, strict=True)):
            picture_axes(axes[column])
            image = axes[column].imshow(
                picture, cmap="viridis", vmin=0, vmax=1 if column == 1 else None, interpolation="nearest"
            )
            if row == 0:
                axes[column].set_title(title)
            if column == 1:
                shown = image
                axes[column].text(
                    0.5, -0.04, sample.sentence(mouth), transform=axes[column].transAxes,
                    ha="center", va="top", fontsize=7,
                )  # fmt: skip
        top, bottom, left, right = mouth
        axes[1].plot(
            np.array([left, right, right, left, left]) - 0.5,
            np.array([top, top, bottom, bottom, top]) - 0.5,
            color="white", linewidth=0.8, linestyle="--",
        )  # fmt: skip
        axes[0].set_ylabel(plain(sample.clip), fontsize=8)
    if shown is not None:
        figure.colorbar(shown, ax=grid[:, 1], location="left", fraction=0.05, pad=0.02)
    return figure
