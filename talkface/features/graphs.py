"""MediaPipe's graphs for faces, kept quiet: the face mesh on a square of a frame, and the face detector.

Their models lie in one file (``talkface.features.bundle``). Shapes: P = 478 mesh points.
Pixel coordinates as in ``talkface.features.alignment``.
"""

from __future__ import annotations

import io
import os
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from talkface.features.alignment import Array, Image
from talkface.features.bundle import BundleError

_Made = TypeVar("_Made")

_NOTHING = np.zeros((32, 32, 3), np.uint8)
_DETECTOR_FILE = "face_detector.tflite"
_BLENDSHAPES_FILE = "face_blendshapes.tflite"

# MediaPipe smooths the mesh over time, the less the longer ago the last frame was. At the true 40 ms the lips
# lag and are flattened, without any smoothing shut lips tremble; told of 100 ms, it does little of either
# (docs/face_landmarks.md has the figures). All steps are equal: a clip does not depend on the one before.
_FRAME_MS = 100

Region = tuple[int, int, int]
"""A square of a frame, which may reach beyond it: left, top, side."""


@dataclass(frozen=True)
class Box:
    """A square around a face: centre and side in pixels."""

    x: float
    y: float
    side: float

    def near(self, other: Box, reach: float) -> bool:
        """Whether the other box is the same face: close by, and of similar size."""
        distance = np.hypot(self.x - other.x, self.y - other.y)
        return bool(distance <= reach * self.side and 0.5 <= other.side / self.side <= 2.0)


class Mesh:
    """A face mesh that tracks one face from picture to picture.

    Raises:
        BundleError: ``bundle`` is not MediaPipe's face landmarker.
    """

    def __init__(self, bundle: Path, min_detection_confidence: float):
        models = _without_blendshapes(read_models(bundle))
        self._landmarker = open_quietly(
            lambda: new_landmarker(models, "VIDEO", min_face_detection_confidence=min_detection_confidence),
            bundle,
        )
        self._clock_ms = 0
        with quiet():
            self.reset()  # returns when all of the graph's threads have started

    def look(self, frame: Image, region: Region) -> Array | None:
        """The mesh ``[P, 3]`` seen in a region, in pixels of the frame; None without a face."""
        left, top, side = region
        faces = self._process(cut(frame, region)).face_landmarks
        if not faces:
            return None
        points = np.array([(point.x, point.y, point.z) for point in faces[0]], np.float32) * np.float32(side)
        points[:, :2] += np.array([left - 0.5, top - 0.5], np.float32)
        return points

    def reset(self) -> None:
        """Forget what was tracked: where a picture shows no face, nothing is carried on to the next."""
        self._process(_NOTHING)

    def close(self) -> None:
        """Free the graph."""
        with quiet():
            self._landmarker.close()

    def _process(self, picture: Image) -> Any:
        self._clock_ms += _FRAME_MS
        return self._landmarker.detect_for_video(to_mediapipe(picture), self._clock_ms)


class Detector:
    """Finds faces whose side is at least an eighth of the picture's longer one.

    Raises:
        BundleError: ``bundle`` is not MediaPipe's face landmarker.
    """

    def __init__(self, bundle: Path, min_detection_confidence: float):
        model = read_models(bundle)[_DETECTOR_FILE]
        self._detector = open_quietly(lambda: _new_detector(model, min_detection_confidence), bundle)
        with quiet():
            self._detector.detect(to_mediapipe(_NOTHING))

    def find(self, frame: Image, region: Region) -> list[Box]:
        """Faces in a region, in pixels of the frame, in no order."""
        left, top, _ = region
        boxes = []
        with quiet():  # it also has notices on where in memory a picture lies
            found = self._detector.detect(to_mediapipe(cut(frame, region))).detections
        for detection in found:
            box = detection.bounding_box
            x, y = left + box.origin_x + box.width / 2, top + box.origin_y + box.height / 2
            boxes.append(Box(x, y, max(box.width, box.height)))
        return boxes

    def close(self) -> None:
        """Free the graph."""
        with quiet():
            self._detector.close()


@contextmanager
def quiet() -> Iterator[None]:
    """Silence what MediaPipe's C++ side writes to the process' standard error each time a graph starts."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def open_quietly(build: Callable[[], _Made], bundle: Path) -> _Made:
    """Start a graph; ``BundleError`` where the file does not hold what it needs."""
    try:
        with quiet():
            return build()
    except (ValueError, RuntimeError, OSError) as error:
        raise BundleError(f"{bundle}: MediaPipe cannot read its models ({error})") from error


def new_landmarker(models: bytes, running_mode: str, **options: Any) -> Any:
    """MediaPipe's landmarker of one face from a bundle's bytes."""
    from mediapipe.tasks.python import BaseOptions, vision

    return vision.FaceLandmarker.create_from_options(
        vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=models),
            running_mode=vision.RunningMode[running_mode],
            num_faces=1,
            **options,
        )
    )


def to_mediapipe(picture: Image) -> Any:
    """A picture ``[H, W, 3]`` of any memory layout in MediaPipe's own form."""
    import mediapipe as mp

    return mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(picture))


def cut(frame: Image, region: Region) -> Image:
    """The region's pixels, black outside of the frame.

    Always a square: the detectors scale by the longer side, and their first guess, which the mesh still shows
    by half a pixel, would depend on the picture's format.
    """
    left, top, side = region
    height, width = frame.shape[:2]
    inside_top, inside_left = max(0, top), max(0, left)
    seen = frame[inside_top : max(0, min(height, top + side)), inside_left : max(0, min(width, left + side))]
    if seen.shape[:2] == (side, side):
        return seen
    square = np.zeros((side, side, 3), np.uint8)
    square[inside_top - top :, inside_left - left :][: seen.shape[0], : seen.shape[1]] = seen
    return square


def box_of(points: Array) -> Box:
    """The square around a mesh."""
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    centre = (low + high) / 2
    return Box(float(centre[0]), float(centre[1]), float((high - low).max()))


def _new_detector(model: bytes, min_detection_confidence: float) -> Any:
    from mediapipe.tasks.python import BaseOptions, vision

    return vision.FaceDetector.create_from_options(
        vision.FaceDetectorOptions(
            base_options=BaseOptions(model_asset_buffer=model),
            min_detection_confidence=min_detection_confidence,
        )
    )


def read_models(bundle: Path) -> dict[str, bytes]:
    """The bundle's models by their names; ``BundleError`` where it is none."""
    try:
        with zipfile.ZipFile(bundle) as models:
            found = {name: models.read(name) for name in models.namelist()}
    except zipfile.BadZipFile as error:
        raise BundleError(f"{bundle}: no bundle of MediaPipe's models ({error})") from error
    if _DETECTOR_FILE not in found:
        raise BundleError(f"{bundle}: not MediaPipe's face landmarker: it lacks {_DETECTOR_FILE}")
    return found


def _without_blendshapes(models: Mapping[str, bytes]) -> bytes:
    """A bundle less one model: MediaPipe would run it on every frame, asked or not, a fifth of the time."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as bundle:  # stored, not compressed, as MediaPipe wants it
        for name, content in models.items():
            if name != _BLENDSHAPES_FILE:
                bundle.writestr(name, content)
    return kept.getvalue()
