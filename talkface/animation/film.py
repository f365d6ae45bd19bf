"""A film that is being made: frames one by one, or a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

import numpy as np

from talkface.media.audio import SoundFile
from talkface.media.film import OriginalSound, Still
from talkface.media.marks import VisibleLabel, film_tags
from talkface.media.outputs import check_output, is_folder
from talkface.media.video import write_pictures, write_video


@dataclass(frozen=True)
class Film:
    """Frames of a film, generated anew each time they are asked for: RGB, height x width x 3, uint8."""

    parts: Callable[[], Iterator[np.ndarray]]
    """What moves, without the label: whole frames, or those of the part of ``still``."""
    still: Still | None
    """The picture around what moves."""
    num_frames: int
    fps: int
    height: int
    """Pixels."""
    width: int
    """Pixels."""
    sound: SoundFile
    model: str
    """Name of the model, for the file's tags."""
    label: bool
    """Whether the visible label is drawn."""

    @property
    def seconds(self) -> float:
        """Length."""
        return self.num_frames / self.fps

    def __len__(self) -> int:
        return self.num_frames

    def __iter__(self) -> Iterator[np.ndarray]:
        still, parts = self._labelled()
        return parts if still is None else map(still.filled, parts)

    def _labelled(self) -> tuple[Still | None, Iterator[np.ndarray]]:
        still, parts = self.still, self.parts()
        if not self.label:
            return still, parts
        label = VisibleLabel(self.height, self.width)
        if still is None:
            return None, map(label.drawn_on, parts)
        labelled = replace(still, picture_HW3=label.drawn_on(still.picture_HW3))
        return labelled, (label.drawn_on(part_hw3, still.top, still.left) for part_hw3 in parts)

    def write(self, output: str | PathLike[str], *, watch: Callable[[int], object] | None = None) -> Path:
        """Write a film (``.mp4``, ``.mkv``, ``.webm``, ``.gif``), or PNG pictures into a folder.

        A name that ends in a slash, or an empty folder, stands for pictures. Every kind carries tags that
        say that it is synthetic (docs/consent.md). The file appears whole, or not at all.

        Args:
            output: where to; folders that are missing are made.
            watch: called with 1 for each frame that was written.

        Returns:
            Where it lies.

        Raises:
            ValueError: an output that cannot be written, or that the film is made from.
        """
        output = os.fspath(output)
        check_output(output, self.sound.path)
        tags = film_tags(self.model)
        if is_folder(output):
            write_pictures(output, _watched(self, watch), tags=tags)
        else:
            original = OriginalSound(self.sound.path, self.sound.track, self.seconds)
            still, parts = self._labelled()
            write_video(output, _watched(parts, watch), fps=self.fps, audio=original, tags=tags, still=still)
        return Path(output)


def _watched(frames: Iterable[np.ndarray], watch: Callable[[int], object] | None) -> Iterator[np.ndarray]:
    for frame in frames:
        yield frame
        if watch is not None:
            watch(1)
