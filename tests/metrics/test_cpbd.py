"""CPBD against its definition by loops, and by what it is for: blur lowers it."""

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.data import astronaut
from skimage.feature import canny
from skimage.transform import resize

from talkface.metrics.clip import Clip
from talkface.metrics.families import cpbd as family
from talkface.metrics.sharpness import cpbd


@pytest.fixture(scope="module")
def face():
    """The astronaut's head, uint8 [128, 128, 3]."""
    return (255 * resize(astronaut()[:256, 96:352], (128, 128), anti_aliasing=True)).round().astype(np.uint8)


def by_loops(image_HW3):
    """Narvekar and Karam 2011, pixel by pixel, for sides that are multiples of 64."""
    luma = np.round(image_HW3 @ np.array([0.299, 0.587, 0.114]))
    height, width = luma.shape
    edge, strength = canny(luma), np.zeros_like(luma)
    bordered = np.pad(luma, 1, mode="symmetric")
    for y in range(height):
        for x in range(width):
            around = bordered[y : y + 3, x : x + 3]
            strength[y, x] = ((around[:, 2] - around[:, 0]) @ [1, 2, 1] / 8) ** 2
    strength[strength <= 2 * math.sqrt(strength.mean())] = 0
    down, right = np.gradient(luma)
    buckets = []
    for top in range(0, height, 64):
        for left in range(0, width, 64):
            block = (slice(top, top + 64), slice(left, left + 64))
            if edge[block].sum() <= 0.002 * 64 * 64:
                continue
            just_noticed = 5 if luma[block].max() - luma[block].min() <= 50 else 3
            for y in range(max(top, 1), min(top + 64, height - 1)):
                for x in range(max(left, 1), min(left + 64, width - 1)):
                    own = strength[y, x]
                    in_row = own > strength[y, x - 1] and own > strength[y, x + 1]
                    in_column = own > strength[y - 1, x] and own > strength[y + 1, x]
                    turn = round(math.degrees(math.atan2(down[y, x], right[y, x])) / 45)
                    if not (in_row or in_column) or turn not in (0, 4, -4):
                        continue
                    sign, reach = (1 if turn == 0 else -1), 0
                    for step in (-1, 1):
                        at = x + step
                        while 0 <= at + step < width and sign * step * (luma[y, at + step] - luma[y, at]) > 0:
                            at += step
                        reach += abs(at - x)
                    buckets.append(round(100 * (1 - math.exp(-((reach / just_noticed) ** 3.6)))))
    return np.mean(np.array(buckets) <= 63) if buckets else 0.0


@pytest.mark.parametrize("blur", [0, 0.7, 1.5, 4])
def test_it_is_its_definition_where_blocks_fill_the_picture(face, blur):
    picture = gaussian_filter(face.astype(float), (blur, blur, 0)).round().astype(np.uint8)
    assert cpbd(picture) == pytest.approx(by_loops(picture), abs=1e-12)


def test_it_is_its_definition_on_noise_and_faint_pictures():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (64, 128, 3), dtype=np.uint8)
    faint = (100 + 40 * gaussian_filter(rng.random((64, 64, 3)), (2, 2, 0))).astype(np.uint8)
    for picture in (noise, faint):
        assert cpbd(picture) == pytest.approx(by_loops(picture), abs=1e-12)
    assert cpbd(noise) > 0.5


def test_blur_lowers_it_and_nothing_to_see_is_nought(face):
    crop = face[:112, :112]  # blocks overlap
    values = [
        cpbd(gaussian_filter(crop.astype(float), (blur, blur, 0)).astype(np.uint8)) for blur in (0, 1, 2)
    ]
    assert values[0] > values[1] + 0.1 > values[2] + 0.1 and values[0] <= 1
    assert cpbd(np.full((112, 112, 3), 128, np.uint8)) == 0
    assert 0 <= cpbd(face[:40, :40]) <= 1, "smaller than a block"


def test_a_clip_has_the_mean_of_every_fifth_frame(face):
    frames = np.stack([face if number < 5 else np.zeros_like(face) for number in range(10)])
    assert family.score(Clip("s1/a", 10, frames=frames)) == {"cpbd": (pytest.approx(cpbd(face) / 2), 2)}
