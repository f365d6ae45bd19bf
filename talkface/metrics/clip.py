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
    "weights", "sync_evaluator", "lip_reader",
]  # fmt: skip
"""What a metric may need of a clip: the properties of :class:`Clip` of the same names."""

EVALUATORS: frozenset[Part] = frozenset({"sync_evaluator", "lip_reader"})
"""Those that are networks of our own, by their names in ``metrics.evaluators`` of the configuration: rule
``train_<name>`` makes each."""

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


class SyncJudge(Protocol):
    """A sync evaluator (``talkface.models.sync_evaluator``): embeddings of unit length."""

    def windows(self, num_frames: int, num_hops: int) -> int:
        """How many windows of 0.2 s a clip has."""
        ...

    def clip_lips(self, frames_THW3: npt.NDArray[np.uint8], windows: int) -> npt.NDArray[np.float32]:
        """Crops of a clip -> embeddings of its first windows [N, E]."""
        ...

    def clip_sound(self, mel_KM: npt.NDArray[np.float32], windows: int) -> npt.NDArray[np.float32]:
        """Log-mel frames of a clip -> embeddings of its first windows [N, E]."""
        ...


class LipJudge(Protocol):
    """A lip reader (``talkface.models.lip_reader``) of a closed grammar."""

    def knows(self, words: Sequence[str]) -> bool:
        """Whether they are a sentence of its grammar."""
        ...

    def read(self, frames_THW3: npt.NDArray[np.uint8]) -> list[str] | None:
        """The sentence that a clip's crops show; ``None`` for fewer frames than words."""
        ...


class Evaluator(NamedTuple):
    """A trained network of our own that judges."""

    sha256: str
    """Of its file."""
    network: Any
    """Frozen; what it offers is said by the part of the clip that holds it."""


class Mesh(NamedTuple):
    """The face mesh of every frame."""

    points_TP3: npt.NDArray[np.float32]
    """x, y, z in pixels of the crop."""
    found_T: npt.NDArray[np.bool_]
    """In which frames a face was found; the points of the others mean nothing."""


class Units(NamedTuple):
    """The action units of every frame, in the order of ``AU_NAMES``."""

    presence_TA: npt.NDArray[np.bool_]
    """Which are there."""
    intensity_TA: npt.NDArray[np.float32]
    """How strong, 0 to 5."""
    known_T: npt.NDArray[np.bool_]
    """In which frames a face was found."""


class Clip:
    """The parts of one clip that a metric needs.

    Args:
        name: ``speaker/utterance``.
        num_frames: T, of the true clip; the generated one is as long.
        words_s: (start, end) in seconds of each word of the transcript; empty where there is none.
        words: these words themselves.
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
        words: Sequence[str] = (),
        **parts: Any,
    ):
        if num_frames < 1:
            raise ValueError(f"clip '{name}': no frames, so there is nothing to measure")
        self.name = name
        self.num_frames = num_frames
        self.words_s = words_s
        self.words = words
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
    def aus(self) -> Units | None:
        """Action units of the generated frames, on the scale of the true clip's speaker.

        A frame without a face has those of the first true frame. ``None`` where the labeller cannot label
        generated frames.
        """
        return self._part("aus")

    @property
    def true_aus(self) -> Units:
        """Action units of the true frames, by the same labeller."""
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

    @property
    def sync_evaluator(self) -> Evaluator:
        """The sync evaluator; its network is a :class:`SyncJudge`."""
        return self._part("sync_evaluator")

    @property
    def lip_reader(self) -> Evaluator:
        """The lip reader; its network is a :class:`LipJudge`."""
        return self._part("lip_reader")

    def _part(self, name: Part) -> Any:
        if name not in self._parts:
            raise MissingPartError(f"clip '{self.name}': the metric's `needs` must name \"{name}\"")
        return self._parts[name]
