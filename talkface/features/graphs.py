"""MediaPipe's graphs for faces, kept quiet: the face mesh on a square of a frame, and the face detectors.

The models lie inside MediaPipe's wheel. Shapes: P = 478 mesh points.
Pixel coordinates as in ``talkface.features.alignment``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from talkface.features.alignment import Array, Image

os.environ.setdefault("GLOG_minloglevel", "2")  # before MediaPipe is imported: its notices are not ours
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import mediapipe as mp

_NOTHING = np.zeros((32, 32, 3), np.uint8)

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


@contextmanager
def _quiet() -> Iterator[None]:
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


class Graph:
    """A MediaPipe solution that is quiet when its graph starts."""

    def __init__(self, build: Callable[[], Any]):
        with _quiet():
            self._solution = build()
            self._solution.process(_NOTHING)  # returns when all of the graph's threads have started
        self._used = False

    def process(self, image: Image) -> Any:
        """Results for one picture of any memory layout."""
        with nullcontext() if self._used else _quiet():
            result = self._solution.process(np.ascontiguousarray(image))
        self._used = True
        return result

    def reset(self) -> None:
        """Forget what was tracked."""
        if self._used:
            with _quiet():
                self._solution.reset()
                self._solution.process(_NOTHING)
        self._used = False

    def close(self) -> None:
        """Free the graph."""
        self._solution.close()


def new_mesh(min_detection_confidence: float) -> Graph:
    """A face mesh that tracks one face from picture to picture."""
    return Graph(
        lambda: mp.solutions.face_mesh.FaceMesh(
            static_image_mode=False,
            max_num_faces=1,
            refine_landmarks=True,
            min_detection_confidence=min_detection_confidence,
        )
    )


def new_detector(distant: bool, min_detection_confidence: float) -> Graph:
    """A face detector for faces that are far away, or near."""
    return Graph(
        lambda: mp.solutions.face_detection.FaceDetection(
            model_selection=int(distant), min_detection_confidence=min_detection_confidence
        )
    )


def run_mesh(mesh: Graph, frame: Image, region: Region) -> Array | None:
    """The mesh ``[P, 3]`` seen in a region, in pixels of the frame; None without a face."""
    left, top, side = region
    result = mesh.process(_cut(frame, region))
    if not result.multi_face_landmarks:
        return None
    mark = result.multi_face_landmarks[0].landmark
    points = np.array([(point.x, point.y, point.z) for point in mark], np.float32) * np.float32(side)
    points[:, :2] += np.array([left - 0.5, top - 0.5], np.float32)
    return points


def _cut(frame: Image, region: Region) -> Image:
    """The region's pixels, black outside of the frame.

    Always a square: the detector inside the mesh scales by the longer side, and its first guess, which the
    mesh still shows by half a pixel, would depend on the picture's format.
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


def run_detector(detector: Graph, frame: Image, left: int, top: int) -> list[Box]:
    """Faces in a picture whose corner lies at (left, top), in no order."""
    height, width = frame.shape[:2]
    boxes = []
    for detection in detector.process(frame).detections or []:
        box = detection.location_data.relative_bounding_box
        centre_x, centre_y = (box.xmin + box.width / 2) * width, (box.ymin + box.height / 2) * height
        boxes.append(Box(left + centre_x, top + centre_y, max(box.width * width, box.height * height)))
    return boxes


def box_of(points: Array) -> Box:
    """The square around a mesh."""
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    centre = (low + high) / 2
    return Box(float(centre[0]), float(centre[1]), float((high - low).max()))
