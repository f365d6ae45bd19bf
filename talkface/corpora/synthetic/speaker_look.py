"""Who a synthetic speaker is: face shape, colours and hair, by seed. Lengths in mm, colours RGB 0-255."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RGB = tuple[float, float, float]

_SKINS: tuple[RGB, ...] = (
    (236, 194, 168), (146, 98, 70), (214, 160, 122), (244, 208, 188), (182, 128, 94), (112, 74, 54),
    (228, 182, 140),
)  # fmt: skip
_HAIRS: tuple[RGB, ...] = (
    (88, 58, 36), (28, 24, 24), (52, 36, 28), (196, 154, 92), (40, 30, 30), (24, 22, 26),
    (132, 66, 34), (150, 146, 142),
)  # fmt: skip
_IRISES: tuple[RGB, ...] = (
    (84, 120, 150),
    (72, 46, 28),
    (96, 110, 66),
    (60, 84, 116),
    (104, 72, 40),
    (46, 32, 24),
)
_CLOTHES: tuple[RGB, ...] = (
    (70, 84, 110), (148, 58, 60), (60, 104, 84), (90, 90, 96), (180, 160, 110), (96, 70, 120), (40, 46, 60),
)  # fmt: skip
_BACKGROUNDS: tuple[RGB, ...] = (
    (70, 96, 168), (122, 136, 150), (150, 132, 112), (88, 124, 116), (168, 164, 160), (96, 88, 128),
    (60, 110, 140),
)  # fmt: skip
HAIR_STYLES = ("short", "long", "parted", "bob", "receding", "fringe")


@dataclass(frozen=True)
class Identity:
    """One drawn face. Lengths in mm on the face (origin between the eyes, y down), colours RGB 0-255."""

    skin: RGB
    hair: RGB
    iris: RGB
    lips: RGB
    clothes: RGB
    background: RGB
    hair_style: str
    stubble: float  # 0-1: darkness of a shaven beard
    cheek_width: float  # half width of the face at the cheekbones
    jaw_width: float  # half width at the jaw's angle
    chin_width: float  # half width of the chin
    chin_y: float  # below the eyes
    mouth_y: float
    mouth_width: float  # half width at rest
    upper_lip: float  # thickness
    lower_lip: float
    cupid_bow: float  # 0-1
    nose_width: float  # half width of the wings
    nose_y: float  # base of the nose
    eye_height: float
    brow_y: float
    brow_thickness: float
    brow_tilt: float  # mm by which the outer end is lower
    grain_seed: int


def make_identity(seed: int, speaker: int) -> Identity:
    """The face of speaker number ``speaker`` (1-based) in a corpus of this seed.

    Tones and hair are dealt from palettes shuffled by the seed, so that neighbours never look alike; shapes
    are drawn at random.
    """
    deal = np.random.default_rng([seed, 101])
    index = speaker - 1

    def dealt(palette: tuple[RGB, ...]) -> RGB:
        order = deal.permutation(len(palette))
        return palette[order[index % len(palette)]]

    rng = np.random.default_rng([seed, speaker, 102])
    skin, hair, iris = dealt(_SKINS), dealt(_HAIRS), dealt(_IRISES)
    clothes, background = dealt(_CLOTHES), dealt(_BACKGROUNDS)
    style = HAIR_STYLES[deal.permutation(len(HAIR_STYLES))[index % len(HAIR_STYLES)]]
    skin = _shifted(skin, rng, 6)
    if sum(skin) < 330:  # very dark skin with very light hair reads as a negative
        hair = (hair[0] * 0.5, hair[1] * 0.5, hair[2] * 0.5) if sum(hair) > 260 else hair
    cheek = rng.uniform(64, 74)
    jaw = cheek * rng.uniform(0.76, 0.88)
    short = style in ("short", "receding", "parted")
    return Identity(
        skin=skin,
        hair=_shifted(hair, rng, 6),
        iris=_shifted(iris, rng, 8),
        lips=_lip_colour(skin, rng),
        clothes=_shifted(clothes, rng, 10),
        background=_shifted(background, rng, 10),
        hair_style=style,
        stubble=float(rng.uniform(0.1, 0.55)) if short else 0.0,
        cheek_width=cheek,
        jaw_width=jaw,
        chin_width=float(rng.uniform(19, 27)),
        chin_y=float(rng.uniform(103, 111)),
        mouth_y=float(rng.uniform(66, 71)),
        mouth_width=float(rng.uniform(23.5, 28.0)),
        upper_lip=float(rng.uniform(6.0, 9.0)),
        lower_lip=float(rng.uniform(8.0, 11.5)),
        cupid_bow=float(rng.uniform(0.3, 1.0)),
        nose_width=float(rng.uniform(15, 19)),
        nose_y=float(rng.uniform(44, 48)),
        eye_height=float(rng.uniform(10.5, 13.0)),
        brow_y=float(rng.uniform(-23, -19)),
        brow_thickness=float(rng.uniform(3.0, 6.0)),
        brow_tilt=float(rng.uniform(-1.0, 3.0)),
        grain_seed=int(rng.integers(1 << 30)),
    )


def _shifted(colour: RGB, rng: np.random.Generator, amount: float) -> RGB:
    moved = np.clip(np.array(colour) + rng.uniform(-amount, amount, 3), 0, 255)
    return float(moved[0]), float(moved[1]), float(moved[2])


def _lip_colour(skin: RGB, rng: np.random.Generator) -> RGB:
    """Redder and darker than the skin, so that the vermilion border is visible on every tone."""
    red = rng.uniform(0.35, 0.7)
    base = np.array(skin) * np.array([0.86, 0.62, 0.64])
    mixed = (1 - red * 0.5) * base + red * 0.5 * np.array([178.0, 70.0, 78.0])
    return float(mixed[0]), float(mixed[1]), float(mixed[2])
