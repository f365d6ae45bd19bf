"""MS-SSIM against its definition, written out with scipy."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter, uniform_filter
from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

from talkface.metrics.clip import Clip
from talkface.metrics.families.detail import ms_ssim, scales, score

RNG = np.random.default_rng(0)
BETAS = np.array([0.0448, 0.2856, 0.3001, 0.2363])


def pictures(count=2, side=112):
    smooth = gaussian_filter(RNG.normal(size=(count, side, side, 3)), (0, 4, 4, 0))
    return np.clip(128 + 300 * smooth, 0, 255).astype(np.uint8)


def by_hand(first_HW, second_HW):
    """Wang et al. 2003 on one channel: contrast and structure on each scale, luminance on the last."""
    first, second = first_HW.astype(float), second_HW.astype(float)
    found = 1.0
    for number, beta in enumerate(BETAS / BETAS.sum()):

        def mean(values):
            return gaussian_filter(values, 1.5, truncate=3.5)[5:-5, 5:-5]

        one, two = mean(first), mean(second)
        variances = mean(first**2) - one**2 + mean(second**2) - two**2
        contrast = (2 * (mean(first * second) - one * two) + (0.03 * 255) ** 2) / (
            variances + (0.03 * 255) ** 2
        )
        light = (2 * one * two + (0.01 * 255) ** 2) / (one**2 + two**2 + (0.01 * 255) ** 2)
        last = number == len(BETAS) - 1
        found *= (contrast * light if last else contrast).mean() ** beta
        first, second = (
            values[: len(values) // 2 * 2, : len(values) // 2 * 2]
            .reshape(len(values) // 2, 2, len(values) // 2, 2)
            .mean(axis=(1, 3))
            for values in (first, second)
        )
    return found


def test_it_is_wangs_definition_on_four_scales():
    true = np.repeat(pictures()[..., :1], 3, axis=-1)
    noisy = np.clip(true + RNG.normal(0, 20, true.shape[:3])[..., None], 0, 255).astype(np.uint8)
    expected = [by_hand(a[..., 0], b[..., 0]) for a, b in zip(noisy, true, strict=True)]
    assert ms_ssim(noisy, true) == pytest.approx(expected, abs=2e-3)
    assert ms_ssim(noisy, true).max() < 0.95


@pytest.mark.parametrize("side", [112, 64, 31])
def test_it_is_that_of_torchmetrics(side):
    true = pictures(side=side)
    noisy = np.clip(true + RNG.normal(0, 20, true.shape), 0, 255).astype(np.uint8)
    betas = np.array([0.0448, 0.2856, 0.3001, 0.2363])[: scales(side)]
    first, second = (
        torch.from_numpy(frames.transpose(0, 3, 1, 2).copy()).double() for frames in (noisy, true)
    )
    expected = multiscale_structural_similarity_index_measure(
        first, second, data_range=255.0, reduction="none", betas=tuple(betas / betas.sum()), normalize="relu"
    )
    assert ms_ssim(noisy, true) == pytest.approx(expected.numpy(), abs=1e-6)


def test_equal_frames_score_one_and_both_directions_are_alike():
    true, other = pictures(), pictures()
    assert ms_ssim(true, true) == pytest.approx(1)
    assert ms_ssim(true, other) == pytest.approx(ms_ssim(other, true), abs=1e-6)
    clip = Clip("s1/a", 2, frames=true, true_frames=true)
    assert score(clip)["ms_ssim"] == (pytest.approx(1), 2)


def test_a_blur_costs_more_the_stronger_it_is():
    true = pictures()
    soft = [uniform_filter(true, (0, size, size, 0)) for size in (3, 9)]
    assert 1 > ms_ssim(soft[0], true).mean() > ms_ssim(soft[1], true).mean()


def test_a_small_picture_has_room_for_fewer_scales():
    assert [scales(side) for side in (11, 32, 112, 176, 512)] == [1, 2, 4, 5, 5]
    small = pictures(side=32)
    assert ms_ssim(small, small) == pytest.approx(1)


def test_a_single_frame_will_do_and_no_frame_is_refused():
    true = pictures(1)
    assert score(Clip("s1/a", 1, frames=true, true_frames=true))["ms_ssim"] == (pytest.approx(1), 1)
    with pytest.raises(ValueError, match="no frames"):
        Clip("s1/a", 0, frames=true[:0], true_frames=true[:0])
    with pytest.raises(ValueError, match="uint8 of one shape"):
        ms_ssim(true, pictures(2))
