"""What a clip's picture shows, measured while it streams by; ``judging`` says what it means.

Shapes: T frames of the clip, H and W of the source, S crop size, P mesh points.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
import numpy.typing as npt

from talkface.features.alignment import AlignedFrame, Array, Image
from talkface.features.landmarks import OUTER_EYES, lip_opening

_SMALL = 48
"""Side to which source frames are shrunk, to find cuts."""
_POINTS = 8
"""Rows and columns of points at which the mouth region is looked at."""
_CUT_JUMP, _CUT_RATIO, _CUT_REACH = 8.0, 4.0, 8
"""A cut changes the picture by so much (of 255), and so many times as much as any of so many frames about
it."""
_LEAST_CHANGE = 0.5
"""Below this change between frames (of 255) there is nothing but noise."""
_LEAST_FRAMES = 12
"""Half a second: in less a mouth may rest."""
_CLEAR_CONTRAST, _CLEAR_SHARPNESS = 0.9, 0.5
"""Shares of the clip's median that a frame needs: those of real clips have 0.96 and 0.86 or more."""


class ClipFacts:
    """Gathers facts of one clip; holds a few numbers a frame.

    Args:
        mouth: the mouth region (top, bottom, left, right) of a crop, end exclusive.
    """

    def __init__(self, mouth: tuple[int, int, int, int]) -> None:
        top, bottom, left, right = mouth
        rows, columns = np.linspace(top, bottom - 1, _POINTS), np.linspace(left, right - 1, _POINTS)
        self._mouth_R2 = np.stack([grid.ravel() for grid in np.meshgrid(columns, rows)], axis=1)
        self._size = (0, 0)
        self._change: list[float] = []
        self._spread: list[float] = []
        self._crops: list[tuple[float, float, float]] = []  # brightness, contrast, edges
        self._faces: list[tuple[float, float, float, float]] = []  # outside, eyes, turn, lip opening
        self._detected: list[bool] = []
        self._before: npt.NDArray[np.float32] | None = None

    def watch(self, frames: Iterable[Image]) -> Iterator[Image]:
        """The source frames, unchanged, each noted as it passes."""
        for frame in frames:
            grey = cv2.resize(
                cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), (_SMALL, _SMALL), interpolation=cv2.INTER_AREA
            )
            small = grey.astype(np.float32)
            if self._before is not None:
                self._change.append(float(np.abs(small - self._before).mean()))
            self._spread.append(float(small.std()))
            self._before, self._size = small, (frame.shape[1], frame.shape[0])
            yield frame

    def add(self, frame: AlignedFrame) -> None:
        """Note the next crop."""
        grey = cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        edges = float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean())
        self._crops.append((float(grey.mean()), float(grey.std()), edges))
        one, other = frame.points[OUTER_EYES[0]], frame.points[OUTER_EYES[1]]
        across = other - one
        scale = float(np.sqrt(abs(np.linalg.det(frame.affine[:, :2]))))
        turn = float(np.degrees(np.arctan2(abs(across[2]), abs(across[0]))))
        opening = float(lip_opening(frame.points[None])[0])
        self._faces.append((self._outside(frame.affine), float(np.hypot(*across[:2])) / scale, turn, opening))
        self._detected.append(frame.detected)

    def _outside(self, affine: Array) -> float:
        """Share of the mouth region that comes from beyond the source's edge."""
        back = cv2.invertAffineTransform(affine.astype(np.float64))
        source_R2 = self._mouth_R2 @ back[:, :2].T + back[:, 2]
        return float(((source_R2 < -0.5) | (source_R2 > np.array(self._size) - 0.5)).any(axis=1).mean())

    def clear(self) -> npt.NDArray[np.bool_]:
        """Which frames are lit and sharp beside the clip's others, [T]: neither faded nor blurred."""
        _, contrast_T, edges_T = np.array(self._crops).T
        return (contrast_T >= _CLEAR_CONTRAST * np.median(contrast_T)) & (
            edges_T >= _CLEAR_SHARPNESS * np.median(edges_T)
        )

    def facts(self) -> dict[str, float | None]:
        """The facts by name, as ``judging.RULES`` and the table CHECKS have them.

        mouth_outside: share of the mouth region beyond the picture's edge. brightness: of the crop, of 255.
        sharpness: mean second difference over the standard deviation. face_px: between the outer eye corners,
        in the source. turn_deg: to the side. mouth_movement: standard deviation of the lip opening over the
        distance of the eyes; none of a clip that is too short to tell. cuts: sudden changes of the whole
        picture. unclear_share: of frames, see :meth:`clear`. Medians and means over clear frames with a face.
        """
        clear_T = self.clear()
        seen_T = clear_T & np.array(self._detected)
        seen_T = seen_T if seen_T.any() else clear_T
        crops_T3, faces_T4 = np.array(self._crops)[seen_T], np.array(self._faces)[seen_T]
        brightness, contrast, edges = np.median(crops_T3, axis=0)
        return {
            "mouth_outside": float(faces_T4[:, 0].mean()),
            "brightness": float(brightness),
            "sharpness": float(edges / max(contrast, 1e-3)),
            "face_px": float(np.median(faces_T4[:, 1])),
            "turn_deg": float(np.median(faces_T4[:, 2])),
            "mouth_movement": float(faces_T4[:, 3].std()) if len(faces_T4) >= _LEAST_FRAMES else None,
            "unclear_share": float(1 - clear_T.mean()),
            "cuts": float(self._cuts()),
        }

    def _cuts(self) -> int:
        """Sudden changes between two pictures, neither of which is blank."""
        change_T, spread_T = np.array(self._change), np.array(self._spread)
        shown_T = spread_T > 0.5 * np.median(spread_T)
        found = 0
        for t in np.flatnonzero(change_T >= _CUT_JUMP):
            about = [*change_T[max(0, t - _CUT_REACH) : t], *change_T[t + 1 : t + 1 + _CUT_REACH]]
            sudden = change_T[t] >= _CUT_RATIO * max([_LEAST_CHANGE, *about])
            found += bool(sudden and shown_T[t] and shown_T[t + 1])
        return found
