"""Alignment of a face to the fixed template of the crop, and its smoothing and bridging over time.

Pixel coordinates put (0, 0) at the centre of the top left pixel, as ``cv2.warpAffine`` does.
Shapes: T frames, P mesh points, R rigid points, C coordinates, S crop size.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from talkface.features.landmarks import RIGID

Array = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]

_REFERENCE = 112
_OUTER_EYES_PX = 45.0
_EYE_LINE_PX = 41.0
# Mean shape of RIGID over eleven GRID speakers, mirrored and averaged; unit: outer-eye distance, y downwards.
_MEAN_SHAPE = np.array(
    [
        (-0.5000, 0.0000), (-0.1892, 0.0186), (0.1892, 0.0186), (0.5000, 0.0000),  # eye corners
        (0.0, -0.0462), (0.0, 0.0443), (0.0, 0.1291), (0.0, 0.2089),  # nose bridge
    ],
    dtype=np.float64,
)  # fmt: skip


class FaceError(ValueError):
    """A clip in which no face could be followed; ``reason`` is a short phrase for the table of checks."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


@dataclass
class Tally:
    """Frames counted while a clip streams by; what it holds stays true when the clip fails half-way."""

    num_frames: int = 0
    num_detected: int = 0
    num_bridged: int = 0


@dataclass(frozen=True)
class Sighting:
    """One source frame ``image [H, W, 3]``, its mesh ``points [P, 3]`` in source pixels, found or bridged."""

    image: Image
    points: Array
    detected: bool


@dataclass(frozen=True)
class AlignedFrame:
    """One crop ``image [S, S, 3]``, its mesh ``points [P, 3]``, ``affine [2, 3]``: source to crop pixels."""

    image: Image
    points: Array
    affine: Array
    detected: bool


def template(crop_size: int) -> npt.NDArray[np.float64]:
    """Where the rigid points ``[R, 2]`` lie in a crop: eyes level, 45 px apart at row 41 of 112 px."""
    scale = crop_size / _REFERENCE
    centre = np.array([(crop_size - 1) / 2, (_EYE_LINE_PX + 0.5) * scale - 0.5])
    return _MEAN_SHAPE * _OUTER_EYES_PX * scale + centre


def fit_similarity(source_R2: npt.ArrayLike, target_R2: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Least-squares rotation, scale and shift ``[2, 3]`` taking source points onto target points."""
    source, target = np.asarray(source_R2, np.float64), np.asarray(target_R2, np.float64)
    source_mean, target_mean = source.mean(0), target.mean(0)
    a, b = source - source_mean, target - target_mean
    spread = (a**2).sum()
    if spread < 1e-9:
        raise FaceError("degenerate face: its rigid points coincide")
    cosine = (a * b).sum() / spread
    sine = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / spread
    linear = np.array([[cosine, -sine], [sine, cosine]])
    return np.hstack([linear, (target_mean - linear @ source_mean)[:, None]])


def apply_affine(points_PC: Array, affine: npt.NDArray[np.floating]) -> Array:
    """Carry points ``[..., 2 or 3]`` through a similarity transform; a depth is scaled along."""
    points = np.asarray(points_PC, np.float64)
    moved = points.copy()
    moved[..., :2] = points[..., :2] @ affine[:, :2].T + affine[:, 2]
    if points.shape[-1] == 3:
        moved[..., 2] *= np.sqrt(abs(np.linalg.det(affine[:, :2])))
    return moved.astype(np.float32)


def warp(image: Image, affine: npt.NDArray[np.floating], crop_size: int) -> Image:
    """Cut the crop out of a source frame without aliasing; outside the frame its edge is repeated.

    A face that shrinks is first sampled on a grid as fine as its own pixels and then averaged over areas,
    which makes up for the quicker interpolation.
    """
    scale = float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))
    factor = int(np.clip(np.ceil(1 / max(scale, 1e-6) - 0.05), 1, 16))
    fine = affine * factor
    fine[:, 2] += (factor - 1) / 2
    side = crop_size * factor
    quality = cv2.INTER_CUBIC if factor == 1 else cv2.INTER_LINEAR
    cut = cv2.warpAffine(image, fine, (side, side), flags=quality, borderMode=cv2.BORDER_REPLICATE)
    if factor > 1:
        cut = cv2.resize(cut, (crop_size, crop_size), interpolation=cv2.INTER_AREA)
    return np.asarray(cut, np.uint8)


def bridge(
    found: Iterable[tuple[Image, Array | None]], max_gap: int, min_detected_share: float, tally: Tally
) -> Iterator[Sighting]:
    """Fill gaps of at most ``max_gap`` frames by linear interpolation of the mesh; the clip's ends are held.

    Holds no more than ``max_gap`` source frames. ``FaceError`` after the last frame where a gap is longer or
    too few frames show a face: the whole clip is read first, so that decoder and ``tally`` have their say.
    """
    waiting: list[Image] = []
    before: Array | None = None
    gap = longest = 0
    for image, points in found:
        tally.num_frames += 1
        if points is None:
            gap += 1
            longest = max(longest, gap)
            waiting = [*waiting, image] if longest <= max_gap else []
            continue
        tally.num_detected += 1
        if longest <= max_gap:
            for place, missed in enumerate(waiting, start=1):
                share = place / (gap + 1)
                between = points if before is None else (1 - share) * before + share * points
                tally.num_bridged += 1
                yield Sighting(missed, np.asarray(between, np.float32), False)
            yield Sighting(image, points, True)
        waiting, before, gap = [], points, 0
    if before is None:
        raise FaceError("no face" if tally.num_frames else "no frames")
    if longest > max_gap:
        raise FaceError(f"face lost for {longest} frames")
    for missed in waiting:
        tally.num_bridged += 1
        yield Sighting(missed, before, False)
    if tally.num_detected < min_detected_share * tally.num_frames:
        raise FaceError(f"face found in only {tally.num_detected} of {tally.num_frames} frames")


def align(sightings: Iterable[Sighting], smoothing_frames: float, crop_size: int) -> Iterator[AlignedFrame]:
    """Align each frame on its rigid points, smoothed over time by a Gaussian; the mesh is not smoothed.

    Streams: holds no more source frames than the Gaussian's radius (three standard deviations).
    """
    radius = int(np.ceil(3 * smoothing_frames))
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (offsets / max(smoothing_frames, 1e-6)) ** 2)
    target = template(crop_size)
    rigid: deque[npt.NDArray[np.float64]] = deque(maxlen=2 * radius + 1)
    waiting: deque[Sighting] = deque()
    first = 0  # index of rigid[0]
    due = 0  # index of waiting[0]

    def finish() -> AlignedFrame:
        centre = due - first
        low, high = max(0, centre - radius), min(len(rigid), centre + radius + 1)
        share = weights[low - centre + radius : high - centre + radius]
        smooth = np.tensordot(share / share.sum(), np.stack(list(rigid)[low:high]), axes=1)
        affine = fit_similarity(smooth, target)
        sighting = waiting.popleft()
        image = warp(sighting.image, affine, crop_size)
        points = apply_affine(sighting.points, affine)
        return AlignedFrame(image, points, affine.astype(np.float32), sighting.detected)

    for sighting in sightings:
        if len(rigid) == rigid.maxlen:
            first += 1
        rigid.append(sighting.points[list(RIGID), :2].astype(np.float64))
        waiting.append(sighting)
        if len(waiting) > radius:
            yield finish()
            due += 1
    while waiting:
        yield finish()
        due += 1
