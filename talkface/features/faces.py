"""Finding and following one face with MediaPipe's face mesh (478 points).

Shapes: T frames, P = 478 mesh points, S crop size. Pixel coordinates as in ``talkface.features.alignment``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType

import numpy as np
import numpy.typing as npt

from talkface.config import Faces
from talkface.features.alignment import AlignedFrame, Array, FaceError, Image, Tally, align, bridge
from talkface.features.bundle import checked
from talkface.features.graphs import Box, Detector, Mesh, Region, box_of
from talkface.features.landmarks import NUM_POINTS

__all__ = ["FaceError", "FaceMesh", "Tally", "Track", "follow_face", "mesh_crops", "track_face"]

_REGION_FACES = 2.2  # side of the region given to the mesh, in face boxes
_LOST_REGION_FACES = 4.0  # and of the one in which a lost face is looked for
_TILE_MIN_PX = 200  # in smaller tiles no face would be worth a crop
_SEARCH_TILES_EVERY = 5  # lost frames between two searches in tiles


@dataclass(frozen=True)
class Track:
    """A followed face: ``images [T, S, S, 3]``, ``points [T, P, 3]``, ``affine [T, 2, 3]``, ``detected [T]``.

    ``affine`` takes source pixels to crop pixels; ``points`` are in crop pixels.
    """

    images: Image
    points: Array
    affine: Array
    detected: npt.NDArray[np.bool_]
    tally: Tally


class FaceMesh:
    """Follows one face through a clip: the biggest and most central one at first sight, then that same one.

    The mesh looks only at a region around the face, so that small faces in large pictures are seen as well as
    large ones, and a second face cannot take over. Call :meth:`reset` before each clip: the result for a clip
    does not depend on the clips before it.
    """

    def __init__(self, faces: Faces):
        """Start the graphs; ``BundleError`` where the models' file is absent or another one."""
        bundle = checked(faces.landmarker, faces.landmarker_sha256)
        self._mesh = Mesh(bundle, faces.min_detection_confidence)
        self._detector = Detector(bundle, faces.min_detection_confidence)
        self.reset()

    def __enter__(self) -> FaceMesh:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free MediaPipe's graphs."""
        self._mesh.close()
        self._detector.close()

    def reset(self) -> None:
        """Forget the face that was followed."""
        self._mesh.reset()
        self._region: Region | None = None
        self._anchor: Box | None = None  # the face when it was first seen in the region
        self._face: Box | None = None
        self._lost = 0

    def detect(self, frame: Image) -> Array | None:
        """The mesh ``[P, 3]`` of the followed face in pixels of the frame, or None where it is not seen."""
        points = self._look(frame) if self._region is not None else None
        if points is None:
            points = self._search(frame)
        if points is None:
            self._region, self._lost = None, self._lost + 1
            return None
        self._face, self._lost = box_of(points), 0
        if self._anchor is None:
            self._anchor = self._face
        elif not self._anchor.near(self._face, reach=0.25):
            self._place_region(self._face)
        return points

    def _look(self, frame: Image) -> Array | None:
        assert self._region is not None
        points = self._mesh.look(frame, self._region)
        if points is None or (self._face is not None and not self._face.near(box_of(points), reach=0.5)):
            return None
        return points

    def _search(self, frame: Image) -> Array | None:
        for face in self._candidates(frame):
            self._place_region(face)
            points = self._look(frame)
            if points is not None:
                return points
        return None

    def _place_region(self, face: Box) -> None:
        self._region = _square(face, _REGION_FACES)
        self._anchor = None
        self._mesh.reset()

    def _candidates(self, frame: Image) -> list[Box]:
        """Faces to try, best first: near the lost one, or else big and central."""
        lost = self._face
        if lost is not None:
            boxes = self._detector.find(frame, _square(lost, _LOST_REGION_FACES))
            return sorted(
                (box for box in boxes if lost.near(box, reach=1.0)),
                key=lambda box: np.hypot(box.x - lost.x, box.y - lost.y),
            )[:2]
        height, width = frame.shape[:2]
        reach = np.hypot(height, width) / 2

        def prominence(box: Box) -> float:
            off_centre = np.hypot(box.x - width / 2, box.y - height / 2) / reach
            return float(box.side**2 * (1 - 0.5 * off_centre))

        return sorted(self._boxes(frame), key=prominence, reverse=True)[:3]

    def _boxes(self, frame: Image) -> list[Box]:
        """All faces found: in the whole picture, or else, now and then, in tiles, large ones first."""
        height, width = frame.shape[:2]
        boxes = self._detector.find(frame, (0, 0, max(height, width)))
        side = min(height, width) // 2
        while not boxes and side >= _TILE_MIN_PX and self._lost % _SEARCH_TILES_EVERY == 0:
            for region in _tiles(height, width, side):
                boxes += self._detector.find(frame, region)
            side //= 2
        return boxes


def follow_face(
    frames: Iterable[Image], faces: Faces, crop_size: int, mesh: FaceMesh, tally: Tally
) -> Iterator[AlignedFrame]:
    """Stream the aligned crops of a clip's face; ``talkface.features.alignment.bridge`` says what fails.

    ``tally`` is filled on the way. Of the source frames no more are held than ``faces.max_gap_frames`` plus
    the smoothing's radius. ``FaceError`` "too long ..." as soon as there are more than ``faces.max_frames``.
    """
    mesh.reset()

    def found() -> Iterator[tuple[Image, Array | None]]:
        for number, frame in enumerate(frames):
            if number >= faces.max_frames:
                raise FaceError(f"too long: more than {faces.max_frames} frames")
            yield frame, mesh.detect(frame)

    sightings = bridge(found(), faces.max_gap_frames, faces.min_detected_share, tally)
    yield from align(sightings, faces.smoothing_frames, crop_size)


def track_face(frames: Iterable[Image], faces: Faces, crop_size: int, mesh: FaceMesh | None = None) -> Track:
    """Follow the face of a clip and gather its crops (``FaceError`` where it cannot be followed)."""
    if mesh is None:
        with FaceMesh(faces) as own:
            return track_face(frames, faces, crop_size, own)
    tally = Tally()
    aligned = list(follow_face(frames, faces, crop_size, mesh, tally))
    return Track(
        images=np.stack([frame.image for frame in aligned]),
        points=np.stack([frame.points for frame in aligned]),
        affine=np.stack([frame.affine for frame in aligned]),
        detected=np.array([frame.detected for frame in aligned]),
        tally=tally,
    )


def mesh_crops(images_TSS3: Iterable[Image], faces: Faces) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Mesh of crops that are aligned already, such as generated frames.

    Returns ``points [T, P, 3]`` in crop pixels and ``detected [T]``. A missed frame takes its points from its
    neighbours by interpolation (all zero where no frame shows a face); ``detected`` says which these are.
    """
    found: list[Array | None] = []
    bundle = checked(faces.landmarker, faces.landmarker_sha256)
    with closing(Mesh(bundle, faces.min_detection_confidence)) as mesh:
        for image in images_TSS3:
            size = image.shape[0]
            margin = size // 4  # the detector expects surroundings
            found.append(mesh.look(image, (-margin, -margin, size + 2 * margin)))
    detected = np.array([points is not None for points in found], dtype=bool)
    filled = np.zeros((len(found), NUM_POINTS, 3), np.float32)
    known = np.flatnonzero(detected)
    if len(known):
        values = np.stack([points for points in found if points is not None]).reshape(len(known), -1)
        every = np.arange(len(found))
        after = np.searchsorted(known, every).clip(max=len(known) - 1)
        before = (np.searchsorted(known, every, side="right") - 1).clip(min=0)
        span = np.maximum(known[after] - known[before], 1)
        share = ((every - known[before]) / span).clip(0, 1)[:, None]
        filled[:] = ((1 - share) * values[before] + share * values[after]).reshape(filled.shape)
    return filled, detected


def _square(face: Box, faces: float) -> Region:
    """The square around a face whose side is that many faces."""
    side = int(faces * face.side) + 1
    return int(face.x - side / 2), int(face.y - side / 2), side


def _tiles(height: int, width: int, side: int) -> Iterator[Region]:
    """Half-overlapping square tiles that cover the picture."""
    for top in _starts(height, side):
        for left in _starts(width, side):
            yield left, top, side


def _starts(length: int, side: int) -> list[int]:
    return [*range(0, length - side, max(1, side // 2)), length - side]
