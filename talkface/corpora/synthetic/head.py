"""The parts of a speaker that do not move: background, shoulders, hair, ears, skin shading, brows and nose.

Lengths in mm on the face, drawn once per identity on canvases of ``SCALE`` pixels per mm.
Image axes: H rows, W columns, C channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from talkface.corpora.synthetic import paint
from talkface.corpora.synthetic.speaker_look import RGB, Identity

SCALE = 2.0  # canvas pixels per mm: more than any picture shows
LEFT_MM, TOP_MM = -100.0, -118.0
WIDTH_MM, HEIGHT_MM = 200.0, 268.0
_NECK = np.array([[33.0, 40.0], [37, 90], [38, 112], [43, 124], [30, 138], [12, 143], [0, 144]])
_SHAPE = (round(HEIGHT_MM * SCALE), round(WIDTH_MM * SCALE))


CHEEK_ROW = round((8.0 - TOP_MM) * SCALE)  # above it the jaw changes nothing
FRINGE_END_ROW = round((48.0 - TOP_MM) * SCALE)  # no fringe or sideburn reaches below it


@dataclass(frozen=True)
class Stage:
    """The finished picture and where the head is in it."""

    width: int
    height: int
    eyes_px: tuple[float, float]  # where the point between the eyes rests
    zoom: float = 1.0  # against GRID's picture, in whose pixels poses and shoulders are given

    @property
    def pixels_per_mm(self) -> float:
        """Of the face in its plane."""
        return _GRID_PIXELS_PER_MM * self.zoom

    def from_grid(self, points: np.ndarray) -> np.ndarray:
        """Pixels of GRID's picture -> pixels of this one, [N, 2]."""
        return (points - _GRID_EYES_PX) * self.zoom + np.array(self.eyes_px)


_GRID_PIXELS_PER_MM, _GRID_EYES_PX = 0.8, (180.0, 122.0)
GRID_STAGE = Stage(360, 288, _GRID_EYES_PX)
FULL_HD_STAGE = Stage(1920, 1080, (960.0, 430.0), zoom=2.25)
"""TCD-TIMIT's straight camera: head and shoulders, the face about a third of the picture's height."""


@dataclass(frozen=True)
class Head:
    """One identity's still layers on one stage."""

    background: np.ndarray  # picture HWC uint8, shoulders included
    upper: np.ndarray  # canvas HW4 uint8: hair behind the face, ears, neck, and the face above CHEEK_ROW
    skin: np.ndarray  # canvas HWC uint8: shaded skin without outline
    front: np.ndarray  # canvas HWC uint8 colour of fringe, brows and nose
    front_mask: np.ndarray  # canvas HW uint8
    neck_mask: np.ndarray  # canvas HW uint8


def to_canvas(points_mm: np.ndarray) -> np.ndarray:
    """Millimetres on the face -> canvas pixels, [N, 2]."""
    return (points_mm - (LEFT_MM, TOP_MM)) * SCALE


def smooth(points: np.ndarray, closed: bool = True, per_segment: int = 8) -> np.ndarray:
    """Catmull-Rom curve through [N, 2] points."""
    padded = (
        np.concatenate([points[-1:], points, points[:2]])
        if closed
        else np.concatenate([points[:1], points, points[-1:]])
    )
    t = np.linspace(0, 1, per_segment, endpoint=False)[:, None]
    pieces = []
    for p0, p1, p2, p3 in zip(padded[:-3], padded[1:-2], padded[2:-1], padded[3:], strict=True):
        pieces.append(
            0.5
            * (
                2 * p1
                + (p2 - p0) * t
                + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
                + (3 * p1 - p0 - 3 * p2 + p3) * t**3
            )
        )
    return np.concatenate([*pieces, points[-1:]]) if not closed else np.concatenate(pieces)


def ellipse(x: float, y: float, rx: float, ry: float, count: int = 36) -> np.ndarray:
    """Outline of an ellipse, [count, 2] mm."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], axis=1)


def mirrored(right: np.ndarray) -> np.ndarray:
    """Close a half outline (top to bottom on the right side) with its mirror image."""
    return np.concatenate([right, (right * (-1, 1))[::-1]])


def face_outline(identity: Identity, jaw_drop: float) -> np.ndarray:
    """The face's outline in mm with the chin ``jaw_drop`` lower than at rest."""
    drop = jaw_drop
    chin = identity.chin_y + drop
    cheek, jaw = identity.cheek_width, identity.jaw_width
    right = np.array(
        [
            [0.14 * cheek, -96.0],
            [0.64 * cheek, -84.0],
            [0.93 * cheek, -46.0],
            [1.0 * cheek, -8.0],
            [0.985 * cheek, 22.0],
            [0.55 * cheek + 0.45 * jaw, 50.0 + 0.1 * drop],
            [jaw * 0.96, 74.0 + 0.4 * drop],
            [0.45 * jaw + 0.55 * identity.chin_width + 1.0, 0.66 * chin + 0.34 * 78.0 + 0.1 * drop],
            [identity.chin_width, chin - 5.0],
            [0.4 * identity.chin_width, chin],
        ]
    )
    return smooth(mirrored(right))


@lru_cache(maxsize=40)
def still_layers(identity: Identity, stage: Stage = GRID_STAGE) -> Head:
    """Draw (once) everything of this speaker that does not move against the head."""
    front = np.zeros((*_SHAPE, 4), np.uint8)
    front[..., :3] = np.array(identity.hair, np.uint8)
    _draw_brows(front, identity)
    _draw_fringe(front, identity)
    front_colour, front_mask = np.ascontiguousarray(front[..., :3]), np.ascontiguousarray(front[..., 3])
    skin, upper = _skin(identity), _back(identity)
    mask = paint.polygon_mask(_SHAPE, to_canvas(face_outline(identity, 0.0)))
    above = slice(None, CHEEK_ROW)
    paint.lay_over(upper[above], skin[above], mask[above])
    paint.lay_over(upper[above], front_colour[above], front_mask[above])
    return Head(_background(identity, stage), upper, skin, front_colour, front_mask, _neck_mask())


def shade(colour: RGB, factor: float) -> tuple[float, float, float]:
    """A colour made lighter or darker; shadows of skin turn redder, not grey."""
    red, green, blue = colour
    if factor < 1:
        return red * factor**0.85, green * factor, blue * factor**1.02
    return (min(255.0, red * factor), min(255.0, green * factor), min(255.0, blue * factor))


def _grid() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[: _SHAPE[0], : _SHAPE[1]].astype(np.float32)
    return x / SCALE + LEFT_MM, y / SCALE + TOP_MM


def _skin(identity: Identity) -> np.ndarray:
    x, y = _grid()

    def spot(cx: float, cy: float, rx: float, ry: float) -> np.ndarray:
        return np.exp(-(((x - cx) / rx) ** 2) - ((y - cy) / ry) ** 2)

    def pair(cx: float, cy: float, rx: float, ry: float) -> np.ndarray:
        return spot(cx, cy, rx, ry) + spot(-cx, cy, rx, ry)

    nx = np.clip(x / (identity.cheek_width * 1.12), -1, 1)
    ny = np.clip((y - 5) / 125, -1, 1)
    nz = np.sqrt(np.clip(1 - 0.85 * nx**2 - 0.55 * ny**2, 0.05, 1))
    light = 0.60 + 0.46 * np.clip(-0.28 * nx - 0.30 * ny + 0.87 * nz, 0, 1)
    nose, base = identity.nose_width, identity.nose_y
    light -= 0.13 * pair(31, -6, 17, 9)  # sockets
    light -= 0.10 * pair(15, -2, 6, 14)  # beside the bridge
    light += 0.05 * spot(0, 8, 5, 30)  # bridge
    light += 0.09 * spot(-2, base - 8, 7, 6)  # tip
    light -= 0.09 * spot(nose * 0.62, base - 14, 4, 14)  # shaded flank
    light -= 0.05 * spot(-nose * 0.62, base - 14, 4, 14)
    light -= 0.14 * spot(0, base + 4, nose * 0.8, 3.5)  # under the nose
    light += 0.05 * pair(38, 26, 16, 13)  # cheekbones
    light -= 0.05 * pair(52, 52, 15, 24)
    light += 0.05 * spot(-8, -52, 34, 20)  # forehead
    light -= 0.05 * spot(0, base + 11, 2.5, 7)  # philtrum
    light += 0.03 * pair(4.5, base + 11, 2.0, 7)
    rng = np.random.default_rng(identity.grain_seed)
    coarse = cv2.GaussianBlur(rng.standard_normal(_SHAPE).astype(np.float32), (0, 0), 5)
    fine = cv2.GaussianBlur(rng.standard_normal(_SHAPE).astype(np.float32), (0, 0), 1.2)
    light += 0.012 * coarse / coarse.std() + 0.008 * fine / fine.std()
    colour = np.array(identity.skin, np.float32) * light[..., None] ** np.array([0.85, 1.0, 1.02], np.float32)
    blush = (0.20 * pair(40, 34, 18, 14) + 0.14 * spot(0, base - 6, 12, 9))[..., None]
    colour += blush * (np.array([198, 96, 88], np.float32) - colour) * 0.55
    beard = np.clip((y - base - 3) / 14, 0, 1) * np.clip(1.15 - spot(0, identity.mouth_y, 26, 10), 0, 1)
    beard *= np.clip((np.abs(x) / 34) ** 2 + (y - 52) / 40, 0, 1) * identity.stubble * 0.6
    beard *= 0.85 + 0.15 * fine / fine.std()
    colour += np.clip(beard, 0, 1)[..., None] * (np.array(identity.hair, np.float32) * 0.8 - colour)
    return np.clip(colour, 0, 255).astype(np.uint8)


def _background(identity: Identity, stage: Stage) -> np.ndarray:
    """Wall and shoulders, the wall's light as wide as the picture."""
    y, x = np.mgrid[: stage.height, : stage.width].astype(np.float32)
    centre_x = np.float32(stage.eyes_px[0] - stage.width / 12)
    light = 1.06 - 0.22 * (y / stage.height) - 0.12 * ((x - centre_x) / (stage.width / 1.8)) ** 2
    picture = np.clip(np.array(identity.background, np.float32) * light[..., None], 0, 255).astype(np.uint8)
    canvas = cv2.resize(picture, None, fx=2, fy=2)
    # Shoulders in pixels of GRID's picture; where another shows more of the body, it goes on downwards.
    floor = max(300.0, (stage.height - stage.eyes_px[1]) / stage.zoom + _GRID_EYES_PX[1] + 10)
    shoulder = [[22.0, 200], [26, 205], [50, 214], [96, 226], [134, 246], [150, 300], [150, floor + 20]]
    middle = np.array([_GRID_EYES_PX[0], 0.0])

    def placed(points: np.ndarray) -> np.ndarray:
        return stage.from_grid(points + middle) * 2

    blur = 2 * stage.zoom
    outline = placed(smooth(mirrored(np.array([*shoulder, [0, floor + 20]])), per_segment=6))
    paint.polygon(canvas, outline, identity.clothes, soften=blur / 2)
    body = paint.polygon_mask(canvas.shape, outline)
    for side, dark in ((-1, 0.16), (1, 0.34)):
        arm = np.array([[150, 238], [110, 228], [98, floor], [150, floor]], np.float64) * (side, 1)
        paint.polygon(canvas, placed(arm), (0, 0, 0), opacity=dark, soften=8 * blur, clip=body)
    neckline = smooth(np.array([[-37.0, 216], [-24, 231], [0, 238], [24, 231], [37, 216]]), closed=False)
    colour = shade(identity.clothes, 0.6)
    paint.stroke(canvas, placed(neckline), colour, width=2.5 * blur, soften=0.75 * blur)
    return cv2.resize(canvas, (stage.width, stage.height), interpolation=cv2.INTER_AREA)


def _neck_mask() -> np.ndarray:
    return paint.polygon_mask(_SHAPE, to_canvas(smooth(mirrored(_NECK))))


def _back(identity: Identity) -> np.ndarray:
    layer = np.zeros((*_SHAPE, 4), np.uint8)
    layer[..., :3] = np.array(identity.hair, np.uint8)
    cheek = identity.cheek_width
    long = {"long": 122.0, "bob": 92.0}.get(identity.hair_style)
    if long is not None:
        sides = [
            [0.3 * cheek, -112.0], [0.85 * cheek, -98], [1.2 * cheek, -55], [1.27 * cheek, 0],
            [1.26 * cheek, 0.6 * long], [1.18 * cheek, long], [0.6 * cheek, long + 4],
        ]  # fmt: skip
        hair = smooth(mirrored(np.array(sides)))
        paint.polygon(layer, to_canvas(hair), shade(identity.hair, 0.72))
        for side in (-1, 1):
            for k in range(5):
                lock = np.array([[1.03 + 0.045 * k, -50], [1.1 + 0.04 * k, 10], [1.02 + 0.05 * k, long - 8]])
                line = smooth(lock * (side * cheek, 1), closed=False)
                paint.stroke(
                    layer, to_canvas(line), shade(identity.hair, 0.95), width=3, opacity=0.35, soften=1.5
                )
    paint.polygon(layer, to_canvas(smooth(mirrored(_NECK))), shade(identity.skin, 0.86))
    chin_shadow, dark = ellipse(6, identity.chin_y - 2, 46, 24), shade(identity.skin, 0.52)
    paint.polygon(layer, to_canvas(chin_shadow), dark, opacity=0.75, soften=9, clip=_neck_mask())
    if long is None:
        for side in (-1, 1):
            ear = [[0.97, -10], [1.07, -16], [1.15, -9], [1.14, 8], [1.07, 24], [1.0, 30], [0.95, 20]]
            paint.polygon(
                layer, to_canvas(smooth(np.array(ear) * (side * cheek, 1))), shade(identity.skin, 0.86)
            )
            fold = [[1.03, -6], [1.09, -8], [1.1, 4], [1.05, 17]]
            line = smooth(np.array(fold) * (side * cheek, 1), closed=False)
            paint.stroke(layer, to_canvas(line), shade(identity.skin, 0.6), width=4, opacity=0.7, soften=1.5)
    return layer


def _draw_brows(layer: np.ndarray, identity: Identity) -> None:
    thick, y, tilt = identity.brow_thickness, identity.brow_y, identity.brow_tilt
    for side in (-1, 1):
        arc = np.array([
            [12.0, y + 2], [22, y - 1.5], [34, y - 3 + 0.3 * tilt], [48, y + 2.5 + tilt],
            [35, y + 0.55 * thick + 0.3 * tilt], [22, y + thick], [12, y + thick + 2],
        ])  # fmt: skip
        paint.polygon(
            layer, to_canvas(smooth(arc * (side, 1))), shade(identity.hair, 0.8), opacity=0.85, soften=1.6
        )


def _draw_fringe(layer: np.ndarray, identity: Identity) -> None:
    cheek = identity.cheek_width
    top = [[0.0, -113.0], [0.5, -108], [0.9, -86], [1.06, -50], [1.05, -14]]
    hairline = {
        "short": [[0.97, -6.0], [0.93, -34], [0.82, -58], [0.45, -68], [0.0, -70]],
        "long": [[0.96, 30.0], [0.9, -20], [0.74, -52], [0.36, -72], [0.0, -80]],
        "parted": [[0.97, -4.0], [0.93, -30], [0.86, -50], [0.5, -58], [0.0, -66]],
        "bob": [[0.99, 34.0], [0.9, -14], [0.84, -40], [0.5, -50], [0.0, -53]],
        "receding": [[0.97, -8.0], [0.93, -36], [0.86, -60], [0.66, -82], [0.3, -82], [0.0, -76]],
        "fringe": [[0.97, -2.0], [0.94, -28], [0.86, -40], [0.5, -42], [0.0, -45]],
    }[identity.hair_style]
    right = np.array([*top, *hairline])
    if identity.hair_style == "parted":
        left_line = [[0.97, -4.0], [0.94, -32], [0.84, -62], [0.5, -82], [0.2, -74]]
        left = np.array([*top[1:], *left_line]) * (-1, 1)
        outline = np.concatenate([right, left[::-1]])
    else:
        outline = np.concatenate([right, (right[1:-1] * (-1, 1))[::-1]])
    points = to_canvas(smooth(outline * (cheek, 1)))
    paint.polygon(layer, points, identity.hair, soften=1.0)
    inside = layer[..., 3].copy()
    paint.polygon(layer, to_canvas(ellipse(-20, -96, 34, 12)), shade(identity.hair, 1.35),
                  opacity=0.5, soften=11, clip=inside)  # fmt: skip
    paint.polygon(layer, to_canvas(ellipse(cheek, -50, 16, 46)), shade(identity.hair, 0.6),
                  opacity=0.6, soften=10, clip=inside)  # fmt: skip
    rng = np.random.default_rng(identity.grain_seed + 1)
    for _ in range(70):  # strands
        x0 = rng.uniform(-1, 1)
        strand = np.array(
            [[0.35 * x0, -112 + 6 * x0**2], [0.8 * x0, -92 + 22 * x0**2], [1.04 * x0, -62 + 44 * x0**2]]
        )
        line = smooth(strand * (cheek, 1) + rng.normal(0, 1.5, (3, 2)), closed=False, per_segment=5)
        paint.stroke(layer, to_canvas(line), shade(identity.hair, rng.uniform(0.65, 1.3)), width=1.5,
                     opacity=0.3, soften=0.6, clip=inside)  # fmt: skip
