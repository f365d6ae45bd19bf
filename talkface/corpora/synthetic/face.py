"""A talking face, drawn: identity, action units, pose and blink -> one picture.

The head is painted in millimetres on an oversampled canvas: still layers come from :mod:`head`, the face's
outline, eyes and mouth are painted per frame. One remapping lays it into the picture with its pose.
Image axes: H rows, W columns, C channels (RGB, uint8).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from talkface.corpora.synthetic import paint
from talkface.corpora.synthetic.head import (
    CHEEK_ROW,
    FRINGE_END_ROW,
    GRID_STAGE,
    HEIGHT_MM,
    LEFT_MM,
    SCALE,
    TOP_MM,
    WIDTH_MM,
    Head,
    Stage,
    ellipse,
    face_outline,
    shade,
    smooth,
    still_layers,
    to_canvas,
)
from talkface.corpora.synthetic.mouth import Mouth, U, shape_mouth
from talkface.corpora.synthetic.speaker_look import Identity


@dataclass(frozen=True)
class Pose:
    """Where the head is: shift in pixels of GRID's picture, roll in radians, size, yaw in mm of shear."""

    x_px: float = 0.0
    y_px: float = 0.0
    roll: float = 0.0
    scale: float = 1.0
    yaw_mm: float = 0.0


FRONTAL = Pose()


def draw_face(
    identity: Identity,
    aus: Sequence[float] | np.ndarray,
    pose: Pose = FRONTAL,
    blink: float = 0.0,
    pucker: float = 0.0,
    gaze_mm: tuple[float, float] = (0.0, 0.0),
    stage: Stage = GRID_STAGE,
) -> np.ndarray:
    """One picture, HWC uint8 of the stage's size.

    ``aus``: intensities 0-5 of AU10, AU14, AU20, AU25, AU26. ``blink`` 0 (open) to 1 (shut); ``pucker`` 0-1
    rounds the lips (none of the five units); ``gaze_mm`` moves the irises.
    """
    layers = still_layers(identity, stage)
    mouth = shape_mouth(identity, aus, pucker)
    canvas = _face_with_outline(identity, layers, mouth)
    _draw_nose(canvas, identity, mouth)
    for side in (-1, 1):
        _draw_eye(canvas, identity, side, blink, gaze_mm)
    _draw_folds(canvas, identity, mouth)
    _draw_mouth(canvas, identity, mouth)
    return _place(canvas, layers.background, pose, stage)


def lip_gap_px(mouth: Mouth, pose: Pose = FRONTAL, stage: Stage = GRID_STAGE) -> float:
    """Distance of the inner lips' middles in the picture."""
    return mouth.gap_mm * stage.pixels_per_mm * pose.scale


def mouth_width_px(mouth: Mouth, pose: Pose = FRONTAL, stage: Stage = GRID_STAGE) -> float:
    """Distance of the corners in the picture."""
    return mouth.width_mm * stage.pixels_per_mm * pose.scale


def _face_with_outline(identity: Identity, layers: Head, mouth: Mouth) -> np.ndarray:
    canvas = layers.upper.copy()
    lower, front = canvas[CHEEK_ROW:], slice(CHEEK_ROW, FRINGE_END_ROW)
    if mouth.jaw_drop > 0.5:  # the neck's shadow follows the chin
        shadow = ellipse(6, identity.chin_y + mouth.jaw_drop - 2, 42, 20)
        dark = shade(identity.skin, 0.5)
        paint.polygon(canvas, to_canvas(shadow), dark, opacity=0.6, soften=8, clip=layers.neck_mask)
    outline = face_outline(identity, mouth.jaw_drop)
    mask = paint.polygon_mask(canvas.shape, to_canvas(outline))
    paint.lay_over(lower, layers.skin[CHEEK_ROW:], mask[CHEEK_ROW:])
    jaw = outline[outline[:, 1] > 0.72 * identity.chin_y]  # the light is above: the jaw's edge lies in shade
    edge = shade(identity.skin, 0.55)
    paint.stroke(canvas, to_canvas(jaw), edge, width=5, opacity=0.5, soften=3.0, clip=mask)
    paint.lay_over(canvas[front], layers.front[front], layers.front_mask[front])
    return canvas


def _draw_nose(canvas: np.ndarray, identity: Identity, mouth: Mouth) -> None:
    base, wing = identity.nose_y, identity.nose_width * (1 + 0.05 * mouth.raise_lip)
    base -= 0.8 * mouth.raise_lip
    dark = shade(identity.skin, 0.45)
    for side in (-1, 1):
        nostril = ellipse(side * wing * 0.45, base, wing * 0.25, 2.0)
        paint.polygon(canvas, to_canvas(nostril), dark, opacity=0.85, soften=1.2)
        wing_mm = np.array([[0.86 * wing, -10], [1.02 * wing, -4], [0.92 * wing, 1], [0.7 * wing, 1]])
        wing_mm[:, 1] += base
        curve = to_canvas(smooth(wing_mm * (side, 1), closed=False))
        paint.stroke(canvas, curve, shade(identity.skin, 0.6), width=2, opacity=0.6, soften=1.2)


def _draw_eye(
    canvas: np.ndarray, identity: Identity, side: int, blink: float, gaze_mm: tuple[float, float]
) -> None:
    height = identity.eye_height
    t = np.linspace(-1, 1, 17)
    x = side * 31.0 + 14.5 * t
    tilt = -0.7 * t * side
    low = tilt + 0.42 * height * (1 - t**2) ** 0.75
    wide = tilt - 0.58 * height * (1 - t**2) ** 0.75
    up = wide + (low - 0.2 - wide) * float(np.clip(blink, 0, 1))
    opening = np.concatenate([np.stack([x, up], 1), np.stack([x, low], 1)[::-1]])
    inside = paint.polygon_mask(canvas.shape, to_canvas(opening))
    if blink > 0.1:  # the lid comes down as skin
        lid = np.concatenate([np.stack([x, wide], 1), np.stack([x, up], 1)[::-1]])
        paint.polygon(canvas, to_canvas(lid), shade(identity.skin, 0.84), soften=0.8)
    if blink < 0.95:
        paint.polygon(canvas, to_canvas(opening), (232, 226, 222))
        iris_x, iris_y = side * 31.0 + gaze_mm[0], -0.06 * height + gaze_mm[1]
        radius = 6.0
        for size, colour in ((1.0, shade(identity.iris, 0.55)), (0.86, identity.iris), (0.45, (16, 12, 12))):
            disc = ellipse(iris_x, iris_y, radius * size, radius * size, 24)
            paint.polygon(canvas, to_canvas(disc), colour, clip=inside)
        glint = ellipse(iris_x - 2, iris_y - 2.2, 1.4, 1.4, 12)
        paint.polygon(canvas, to_canvas(glint), (250, 250, 250), clip=inside)
        shadow = np.stack([x, up + 1.0], 1)
        paint.stroke(canvas, to_canvas(shadow), (60, 40, 40), width=5, opacity=0.4, soften=1.6, clip=inside)
    lash = shade(identity.hair, 0.4)
    paint.stroke(canvas, to_canvas(np.stack([x, up], 1)), lash, width=2.4, opacity=0.9, soften=0.5)
    line = shade(identity.skin, 0.6)
    paint.stroke(canvas, to_canvas(np.stack([x, low], 1)), line, width=1.2, opacity=0.6, soften=0.6)
    crease = to_canvas(np.stack([x, wide - 2.8 + 0.6 * t**2], 1)[2:-2])
    paint.stroke(canvas, crease, line, width=1.6, opacity=0.6 - 0.4 * blink, soften=0.9)


def _draw_folds(canvas: np.ndarray, identity: Identity, mouth: Mouth) -> None:
    dark, light = shade(identity.skin, 0.58), shade(identity.skin, 1.12)
    wing, base = identity.nose_width, identity.nose_y
    corner_x, corner_y = float(mouth.x[-1]), float(mouth.inner_up[-1])
    depth = 0.22 + 0.45 * mouth.raise_lip + 0.2 * mouth.stretch + 0.2 * mouth.dimple
    for side in (-1, 1):
        fold_mm = np.array([
            [wing + 2, base - 7 - 2 * mouth.raise_lip],
            [0.45 * wing + 0.55 * corner_x + 5, 0.5 * (base + corner_y) - 5],
            [corner_x + 7, corner_y - 1],
            [corner_x + 7, corner_y + 6],
        ])  # fmt: skip
        fold = to_canvas(smooth(fold_mm * (side, 1), closed=False))
        paint.stroke(canvas, fold, dark, width=3, opacity=depth, soften=2.6)
        if mouth.dimple > 0.03:
            pit_mm = np.array([[4, -6], [6.5, 0], [4.5, 6]]) + np.array([corner_x, corner_y])
            pit = to_canvas(smooth(pit_mm * (side, 1), closed=False))
            paint.stroke(canvas, pit, dark, width=4, opacity=0.9 * mouth.dimple, soften=1.8)
            bulge = ellipse(side * (corner_x + 11), corner_y - 1, 3.5, 6)
            paint.polygon(canvas, to_canvas(bulge), light, opacity=0.35 * mouth.dimple, soften=3)
    below = float(mouth.outer_low[len(U) // 2])
    paint.polygon(canvas, to_canvas(ellipse(0, below + 3.5, 13, 2.6)), dark, opacity=0.5, soften=3.5)
    chin = identity.chin_y + mouth.jaw_drop - 13
    paint.polygon(canvas, to_canvas(ellipse(-2, chin, 12, 7)), light, opacity=0.35, soften=6)


def _draw_mouth(canvas: np.ndarray, identity: Identity, mouth: Mouth) -> None:
    def band(top: np.ndarray, bottom: np.ndarray, start: int = 0) -> np.ndarray:
        stop = len(U) - start
        upper = np.stack([mouth.x, top], 1)[start:stop]
        return to_canvas(np.concatenate([upper, np.stack([mouth.x, bottom], 1)[start:stop][::-1]]))

    lips = identity.lips
    paint.polygon(canvas, band(mouth.outer_up, mouth.inner_up), shade(lips, 0.84), soften=0.7)
    paint.polygon(canvas, band(mouth.inner_low, mouth.outer_low), lips, soften=0.7)
    middle = mouth.inner_low + 0.45 * (mouth.outer_low - mouth.inner_low)
    gloss = np.stack([mouth.x - 1.5, middle], 1)[13:-13]
    paint.stroke(canvas, to_canvas(gloss), shade(lips, 1.3), width=4, opacity=0.45, soften=2.2)
    border = np.stack([mouth.x, mouth.outer_low - 0.8], 1)[4:-4]
    paint.stroke(canvas, to_canvas(border), shade(lips, 0.6), width=2, opacity=0.35, soften=1.4)
    paint.polygon(
        canvas, band(mouth.inner_up, mouth.inner_low), (46, 16, 18)
    )  # shut: the line between the lips
    lit = float(np.clip(mouth.gap_mm / 2.0, 0.0, 0.95))  # a slit leaves the teeth in the dark
    if lit > 0:
        _draw_inside(canvas, identity, mouth, band, lit)
    seam = (np.stack([mouth.x, (mouth.inner_up + mouth.inner_low) / 2], 1)[[0, -1]]).tolist()
    for x, y in seam:
        paint.polygon(canvas, to_canvas(ellipse(x, y, 1.8, 1.3, 12)), (70, 26, 28), opacity=0.6, soften=1.5)


def _draw_inside(
    canvas: np.ndarray, identity: Identity, mouth: Mouth, band: Callable[..., np.ndarray], lit: float
) -> None:
    """Tongue and upper teeth."""
    gap = mouth.inner_low - mouth.inner_up
    tongue = np.maximum(mouth.inner_low - 0.42 * gap * (1 - U**2) ** 0.5, mouth.inner_up + 0.3 * gap)
    paint.polygon(
        canvas, band(tongue, mouth.inner_low - 0.3, 7), (150, 70, 72), opacity=0.8 * lit, soften=1.5
    )
    edge = identity.mouth_y + 2.4 - 3.0 * U**2  # upper teeth hang from the skull, not from the lip
    bottom = np.clip(edge, mouth.inner_up, mouth.inner_up + 0.72 * gap)
    seen = lit * (1.0 - 0.5 * mouth.pucker)  # rounded lips stand in front of them
    paint.polygon(canvas, band(mouth.inner_up, bottom, 5), (236, 230, 218), opacity=seen, soften=0.6)
    for x in (-13.5, -7.5, 0.0, 7.5, 13.5):
        k = int(np.argmin(np.abs(mouth.x - x)))
        between = np.array([[x, mouth.inner_up[k]], [x, bottom[k] - 0.4]])
        paint.stroke(canvas, to_canvas(between), (150, 130, 120), width=1, opacity=0.4 * seen, soften=0.4)
    lip_shadow = np.stack([mouth.x, mouth.inner_up], 1)
    paint.stroke(canvas, to_canvas(lip_shadow), (40, 14, 16), width=2, opacity=0.3, soften=0.8)


def _place(canvas: np.ndarray, background: np.ndarray, pose: Pose, stage: Stage) -> np.ndarray:
    """Lay the oversampled head over the background with its pose."""
    pixels_per_mm = stage.pixels_per_mm * pose.scale
    zoom = SCALE / pixels_per_mm
    if zoom > 1.5:  # the canvas holds more samples than the picture's pixels: remove what these cannot hold
        canvas = cv2.blur(canvas, (2, 2))
    cosine, sine = np.float32(np.cos(pose.roll) * zoom), np.float32(np.sin(pose.roll) * zoom)
    centre_x, centre_y = stage.eyes_px[0] + pose.x_px * stage.zoom, stage.eyes_px[1] + pose.y_px * stage.zoom
    reach_x = (WIDTH_MM / 2 + abs(pose.roll) * HEIGHT_MM) * pixels_per_mm + 2
    tilt = abs(pose.roll) * WIDTH_MM / 2
    columns = _span(centre_x - reach_x, centre_x + reach_x, stage.width)
    rows = _span(
        centre_y + (TOP_MM - tilt) * pixels_per_mm - 2,
        centre_y + (TOP_MM + HEIGHT_MM + tilt) * pixels_per_mm + 2,
        stage.height,
    )
    down_px, across_px = np.mgrid[rows, columns].astype(np.float32)
    x = across_px - np.float32(centre_x)
    y = down_px - np.float32(centre_y)
    map_x, map_y = cosine * x + sine * y, cosine * y - sine * x
    if pose.yaw_mm:  # a turning head: what is nearer to the viewer moves further
        across, down = map_x / np.float32(52 * SCALE), map_y / np.float32(75 * SCALE) - np.float32(0.4)
        map_x -= np.float32(pose.yaw_mm * SCALE) * np.exp(-across * across - down * down)
    map_x -= np.float32(LEFT_MM * SCALE)
    map_y -= np.float32(TOP_MM * SCALE)
    head = cv2.remap(
        canvas, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=_CLEAR
    )
    weight = head[..., 3] * np.float32(1 / 255)
    picture = background.copy()
    behind = np.ascontiguousarray(background[rows, columns])
    picture[rows, columns] = cv2.blendLinear(np.ascontiguousarray(head[..., :3]), behind, weight, 1 - weight)
    return picture


def _span(first: float, last: float, size: int) -> slice:
    return slice(max(0, int(first)), min(size, int(last) + 1))


_CLEAR = (0, 0, 0, 0)
