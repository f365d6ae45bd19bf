"""One generated clip beside its truth, as a metric sees it.

Shapes: T frames, H rows, W columns, P = 478 mesh points, A action units, K hops of 10 ms, M mel bands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Part = Literal[
    "frames", "true_frames", "mouth_box", "landmarks", "true_landmarks", "aus", "true_aus", "mel", "sound",
    "weights",
]  # fmt: skip
"""What a metric may need of a clip: the properties of :class:`Clip` of the same names."""

Box = tuple[int, int, int, int]
"""Rows and columns ``(top, bottom, left, right)``, end exclusive."""


class MissingPartError(ValueError):
    """A metric asked for a part of the clip that its declaration does not name."""


class Frames(Protocol):
    """Pictures of a clip, decoded when asked for: a long clip need not be held as a whole."""

    def __len__(self) -> int: ...

    def __getitem__(self, which: slice, /) -> npt.NDArray[np.uint8]:
        """Some pictures, uint8 ``[T, H, W, 3]``."""


@dataclass(frozen=True, eq=False)
class StateDict:
    """Trained weights from a file that the configuration names. Each is itself only, so it can be a key."""

    sha256: str
    """Of the file."""
    tensors: Mapping[str, Any]
    """torch tensors by name, on the CPU."""


class Mesh(NamedTuple):
    """The face mesh of every frame."""

    points_TP3: npt.NDArray[np.float32]
    """x, y, z in pixels of the crop."""
    found_T: npt.NDArray[np.bool_]
    """In which frames a face was found; the points of the others mean nothing."""


class Presence(NamedTuple):
    """Which action units are there in every frame."""

    presence_TA: npt.NDArray[np.bool_]
    """In the order of ``AU_NAMES``."""
    known_T: npt.NDArray[np.bool_]
    """In which frames a face was found."""


class Clip:
    """The parts of one clip that a metric needs.

    Args:
        name: ``speaker/utterance``.
        num_frames: T, of the true clip; the generated one is as long.
        words_s: (start, end) in seconds of each word of the transcript; empty where there is none.
        parts: those that the metric's declaration names, by the names of the properties below.

    Raises:
        ValueError: no frames.
    """

    fps = 25.0
    hops_per_frame = 4

    def __init__(
        self,
        name: str,
        num_frames: int,
        words_s: Sequence[tuple[float, float]] = (),
        **parts: Any,
    ):
        if num_frames < 1:
            raise ValueError(f"clip '{name}': no frames, so there is nothing to measure")
        self.name = name
        self.num_frames = num_frames
        self.words_s = words_s
        self._parts = parts

    @property
    def frames(self) -> Frames:
        """The generated frames, before any video coding. An array of pictures will do, too."""
        return self._part("frames")

    @property
    def true_frames(self) -> Frames:
        """The true frames. The photo that a one-shot method starts from is the first."""
        return self._part("true_frames")

    @property
    def mouth_box(self) -> Box:
        """The mouth's rectangle in every picture."""
        return self._part("mouth_box")

    @property
    def landmarks(self) -> Mesh:
        """The mesh that was found on the generated frames."""
        return self._part("landmarks")

    @property
    def true_landmarks(self) -> Mesh:
        """The mesh of the true frames."""
        return self._part("true_landmarks")

    @property
    def aus(self) -> npt.NDArray[np.bool_] | None:
        """Presence on the generated frames ``[T, A]``, on the scale of the true clip's speaker.

        A frame without a face has the presence of the first true frame. ``None`` where the labeller cannot
        label generated frames.
        """
        return self._part("aus")

    @property
    def true_aus(self) -> Presence:
        """Presence on the true frames, by the same labeller."""
        return self._part("true_aus")

    @property
    def mel(self) -> npt.NDArray[np.float32]:
        """Natural logarithm of the sound's power in mel bands ``[K, M]``; of the true clip's own sound.

        Frame t is heard in the hops from ``hops_per_frame * t`` on.
        """
        return self._part("mel")

    @property
    def sound(self) -> npt.NDArray[np.float32]:
        """Samples of the true clip's own sound in [-1, 1], 16 kHz, mono."""
        return self._part("sound")

    @property
    def weights(self) -> Mapping[str, StateDict]:
        """The files of weights that the metric declares, by the names in its declaration."""
        return self._part("weights")

    def _part(self, name: Part) -> Any:
        if name not in self._parts:
            raise MissingPartError(f"clip '{self.name}': the metric's `needs` must name \"{name}\"")
        return self._parts[name]
