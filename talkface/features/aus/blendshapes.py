"""AU intensities from the blendshape scores of MediaPipe's face landmarker, whose file finds the faces too.

Shapes: T frames, A = 5 AUs.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from talkface.config import Faces
from talkface.features.aus.base import ClipFrames, PlainScale, RawLabels, fill_missed
from talkface.features.bundle import checked
from talkface.features.graphs import cut, new_landmarker, open_quietly, to_mediapipe

_WEIGHTS: dict[str, dict[str, float]] = {
    "AU10": {"mouthUpperUpLeft": 0.5, "mouthUpperUpRight": 0.5},
    "AU14": {"mouthDimpleLeft": 0.5, "mouthDimpleRight": 0.5},
    "AU20": {"mouthStretchLeft": 0.5, "mouthStretchRight": 0.5},
    "AU25": {
        "jawOpen": 1.0, "mouthClose": -1.0, "mouthLowerDownLeft": 0.5, "mouthLowerDownRight": 0.5,
        "mouthUpperUpLeft": 0.25, "mouthUpperUpRight": 0.25,
    },
    "AU26": {"jawOpen": 1.0},
}  # fmt: skip
"""Which scores (0-1) make up an AU; mouthClose is how far the lips stay together while the jaw is open."""


def from_scores(scores: Mapping[str, float]) -> npt.NDArray[np.float32]:
    """Blendshape scores of one face, 0-1 -> raw intensities ``[5]``, 0-5."""
    sums = [sum(weight * scores[name] for name, weight in parts.items()) for parts in _WEIGHTS.values()]
    return np.clip(5 * np.array(sums), 0, 5).astype(np.float32)


class BlendshapeLabeller(PlainScale):
    """Scores of the face landmarker on the aligned crops."""

    name = "blendshapes"

    def __init__(self, faces: Faces):
        """Start the landmarker; ``BundleError`` where the models' file is absent or another one."""
        bundle = checked(faces.landmarker, faces.landmarker_sha256)
        models = bundle.read_bytes()
        self.version = f"MediaPipe blendshapes {faces.landmarker_sha256[:12]}"
        self._landmarker = open_quietly(
            lambda: new_landmarker(
                models, "IMAGE", min_face_detection_confidence=faces.min_detection_confidence,
                output_face_blendshapes=True,
            ),
            bundle,
        )  # fmt: skip

    def label(self, frames: ClipFrames) -> RawLabels:
        """Raw labels of one clip, each crop by itself; one without a face is filled from its neighbours."""
        images = frames.images()
        raw, seen = np.zeros((len(images), 5), np.float32), np.zeros(len(images), bool)
        size = images.shape[1]
        margin = size // 4  # the detector expects surroundings
        for number, image in enumerate(images):
            picture = to_mediapipe(cut(image, (-margin, -margin, size + 2 * margin)))
            faces = self._landmarker.detect(picture).face_blendshapes
            if faces:
                raw[number] = from_scores({item.category_name: item.score for item in faces[0]})
                seen[number] = True
        return RawLabels(fill_missed(raw, seen), frames.detected & seen)

    def close(self) -> None:
        """Free the landmarker."""
        self._landmarker.close()
