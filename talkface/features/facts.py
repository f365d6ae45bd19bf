"""What a clip's picture shows, measured while it streams by; ``judging`` says what it means.

Shapes: T frames of the clip, H and W of the source, S crop size, P mesh points.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

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
"""A cut changes the picture by so much (of 255), and so many times as much as the frames about it, of which
so many are looked at and the one that changes most is left out."""
_SAME_FACE = 0.9
"""Correlation of two faces above which a sudden change of the picture is one of light, caption or background.
In real clips neighbouring frames have 0.94 or more, two people at most 0.76."""
_FACE = (10 / 112, 62 / 112, 14 / 112, 98 / 112)
"""Top, bottom, left and right of the part of a crop that speech leaves alone, as shares of its side."""
_FACE_GRID = (21, 13)
"""Columns and rows to which that part is shrunk."""
_FACE_GAPS, _FACE_BLOCK, _FACE_STEADY, _FACE_TURN_DEG = (6, 12), 4, 0.95, 8.0
"""Faces are compared over so many frames, between so many in a row that hardly differ, turned alike."""
_FLAT, _BAR_LOOKS = 6.0, 12
"""Greatest spread along a row or column of a bar (of 255); every how many frames bars are looked for."""
_LEAST_CHANGE = 0.5
"""Below this change between frames (of 255) there is nothing but noise."""
_LEAST_FRAMES = 12
"""Half a second: in less a mouth may rest."""
_CLEAR_CONTRAST, _CLEAR_SHARPNESS = 0.9, 0.5
"""Shares of the clip's median that a frame needs: those of real clips have 0.96 and 0.86 or more."""
_SHOWN_CONTRAST, _SHOWN_SHARPNESS = 0.5, 0.25
"""The same of a frame in which a face can be compared, however dull."""


class ClipFacts:
    """Gathers facts of one clip; holds a few hundred numbers a frame.

    Args:
        mouth: the mouth region (top, bottom, left, right) of a crop, end exclusive.
    """

    def __init__(self, mouth: tuple[int, int, int, int]) -> None:
        top, bottom, left, right = mouth
        rows, columns = np.linspace(top, bottom - 1, _POINTS), np.linspace(left, right - 1, _POINTS)
        self._mouth_R2 = np.stack([grid.ravel() for grid in np.meshgrid(columns, rows)], axis=1)
        self._spread_of_lines: list[npt.NDArray[np.float32]] = []  # of rows and of columns, greatest so far
        self._change: list[float] = []
        self._spread: list[float] = []
        self._crops: list[tuple[float, float, float]] = []  # brightness, contrast, edges
        self._faces: list[tuple[float, float, float]] = []  # eyes, turn, lip opening
        self._mouths: list[npt.NDArray[np.float32]] = []  # points of the mouth region in the source
        self._looks: list[npt.NDArray[np.float32]] = []  # of the upper face, without its light and contrast
        self._detected: list[bool] = []
        self._before: npt.NDArray[np.float32] | None = None

    def watch(self, frames: Iterable[Image]) -> Iterator[Image]:
        """The source frames, unchanged, each noted as it passes."""
        for frame in frames:
            grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
            small = _shrunk(grey, _SMALL, _SMALL)
            if len(self._spread) % _BAR_LOOKS == 0:
                self._look_for_bars(grey)
            if self._before is not None:
                self._change.append(float(np.abs(small - self._before).mean()))
            self._spread.append(float(small.std()))
            self._before = small
            yield frame

    def _look_for_bars(self, grey: npt.NDArray[Any]) -> None:
        """Note how much each row and column of the source varies along itself."""
        height, width = grey.shape
        lines = [_shrunk(grey, _SMALL, height).T, _shrunk(grey, width, _SMALL)]
        spreads = [np.ptp(line, axis=0) for line in lines]
        before = self._spread_of_lines or spreads
        self._spread_of_lines = [np.maximum(*pair) for pair in zip(before, spreads, strict=True)]

    def add(self, frame: AlignedFrame) -> None:
        """Note the next crop."""
        grey = cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        edges = float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean())
        self._crops.append((float(grey.mean()), float(grey.std()), edges))
        one, other = frame.points[OUTER_EYES[0]], frame.points[OUTER_EYES[1]]
        across = other - one
        scale = float(np.sqrt(abs(np.linalg.det(frame.affine[:, :2]))))
        turn = float(np.degrees(np.arctan2(across[2], abs(across[0]))))
        opening = float(lip_opening(frame.points[None])[0])
        self._faces.append((float(np.hypot(*across[:2])) / scale, turn, opening))
        self._mouths.append(self._in_source(frame.affine))
        self._looks.append(_look(grey))
        self._detected.append(frame.detected)

    def _in_source(self, affine: Array) -> npt.NDArray[np.float32]:
        """Points of the mouth region [R, 2] in the source."""
        back = cv2.invertAffineTransform(affine.astype(np.float64))
        return (self._mouth_R2 @ back[:, :2].T + back[:, 2]).astype(np.float32)

    def _outside(self, seen_T: npt.NDArray[np.bool_]) -> float:
        """Mean share of the mouth region beyond the source's edge, or in plain bars along it."""
        shown = [_within_bars(spread) for spread in reversed(self._spread_of_lines)]  # columns, then rows
        first, last = np.array(shown, np.float32).T
        source_TR2 = np.array(self._mouths)[seen_T]
        return float(((source_TR2 < first - 0.5) | (source_TR2 > last - 0.5)).any(axis=2).mean())

    def clear(self) -> npt.NDArray[np.bool_]:
        """Which frames are lit and sharp beside the clip's others, [T]: neither faded nor blurred."""
        return self._beside_median(_CLEAR_CONTRAST, _CLEAR_SHARPNESS)

    def _beside_median(self, contrast: float, sharpness: float) -> npt.NDArray[np.bool_]:
        """Which frames have these shares of the clip's median contrast and edges, [T]."""
        _, contrast_T, edges_T = np.array(self._crops).T
        lit_T = contrast_T >= contrast * np.median(contrast_T)
        return lit_T & (edges_T >= sharpness * np.median(edges_T))

    def facts(self) -> dict[str, float | None]:
        """The facts by name, as ``judging.RULES`` and the table CHECKS have them.

        mouth_outside: share of the mouth region beyond the picture's edge or in its bars. brightness: of
        the crop, of 255. sharpness: mean second difference over the standard deviation. face_px: between
        the outer eye corners, in the source. turn_deg: to the side. mouth_movement: standard deviation of
        the lip opening over the distance of the eyes; none of a clip that is too short to tell. cuts:
        sudden changes of the picture, the face too. same_face: see :meth:`_same_face`. unclear_share: of
        frames, see :meth:`clear`. Medians and means over clear frames with a face.
        """
        clear_T = self.clear()
        seen_T = clear_T & np.array(self._detected)
        seen_T = seen_T if seen_T.any() else clear_T
        crops_T3, faces_T3 = np.array(self._crops)[seen_T], np.array(self._faces)[seen_T]
        brightness, contrast, edges = np.median(crops_T3, axis=0)
        return {
            "mouth_outside": self._outside(seen_T),
            "brightness": float(brightness),
            "sharpness": float(edges / max(contrast, 1e-3)),
            "face_px": float(np.median(faces_T3[:, 0])),
            "turn_deg": float(np.median(np.abs(faces_T3[:, 1]))),
            "mouth_movement": float(faces_T3[:, 2].std()) if len(faces_T3) >= _LEAST_FRAMES else None,
            "unclear_share": float(1 - clear_T.mean()),
            "cuts": float(self._cuts()),
            "same_face": self._same_face(),
        }

    def _cuts(self) -> int:
        """Sudden changes between two pictures, neither of which is blank, with two faces that differ.

        What comes before the first face is a title or an empty room, and no cut.
        """
        change_T, spread_T, looks_TL = np.array(self._change), np.array(self._spread), np.array(self._looks)
        shown_T = spread_T > 0.5 * np.median(spread_T)
        start = int(np.argmax(self._detected))
        found = 0
        for t in np.flatnonzero(change_T >= _CUT_JUMP):
            about = sorted([*change_T[max(0, t - _CUT_REACH) : t], *change_T[t + 1 : t + 1 + _CUT_REACH]])
            # Without the greatest: a picture that is shown for a moment comes and goes.
            sudden = change_T[t] >= _CUT_RATIO * max([_LEAST_CHANGE, *about[:-1]])
            faces = t >= start and looks_TL[t] @ looks_TL[t + 1] < _SAME_FACE
            found += bool(sudden and shown_T[t] and shown_T[t + 1] and faces)
        return found

    def _same_face(self) -> float | None:
        """Lowest correlation of the upper face over a moment; none of a clip that is too short to tell.

        It finds the change of a person that is no sudden one: a cross-fade, a wipe, a cut with shaking or
        flickering light. Frames that are compared lie ``_FACE_GAPS`` apart. Neither side moves, and both are
        turned alike, since a head that turns changes its looks as well.
        """
        seen_T = self._beside_median(_SHOWN_CONTRAST, _SHOWN_SHARPNESS) & np.array(self._detected)
        looks_TL = np.array(self._looks)[seen_T]
        turns_T = np.array(self._faces)[seen_T, 1]
        found = []
        for gap in _FACE_GAPS:
            for start in range(_FACE_BLOCK, len(looks_TL) - _FACE_BLOCK - gap + 1):
                one, other = slice(start - _FACE_BLOCK, start), slice(start + gap, start + gap + _FACE_BLOCK)
                before_BL, after_BL = looks_TL[one], looks_TL[other]
                steady = min((before_BL @ before_BL.T).min(), (after_BL @ after_BL.T).min()) >= _FACE_STEADY
                if steady and abs(turns_T[one].mean() - turns_T[other].mean()) <= _FACE_TURN_DEG:
                    found.append(float((before_BL @ after_BL.T).max()))
        return min(found, default=None)


def _shrunk(grey: npt.NDArray[Any], width: int, height: int) -> npt.NDArray[np.float32]:
    return cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)


def _within_bars(spread_L: npt.NDArray[np.float32]) -> tuple[int, int]:
    """First and last + 1 of the rows or columns between plain bars at two edges; all of a blank picture."""
    varied = np.flatnonzero(spread_L > _FLAT)
    return (int(varied[0]), int(varied[-1]) + 1) if len(varied) else (0, len(spread_L))


def _look(grey_SS: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The upper face of a crop as a vector of length 1 and mean 0, so that a product is a correlation."""
    top, bottom, left, right = (round(share * len(grey_SS)) for share in _FACE)
    part = cv2.resize(grey_SS[top:bottom, left:right], _FACE_GRID, interpolation=cv2.INTER_AREA).ravel()
    centred = part - part.mean()
    return np.asarray(centred / max(float(np.linalg.norm(centred)), 1e-6), np.float32)
