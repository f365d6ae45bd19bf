"""Identity over time, on pictures whose distance from the photo is known."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

from talkface.metrics.clip import Clip, Mesh
from talkface.metrics.families.person import score

BOX = (30, 50, 16, 48)
FACE = gaussian_filter(np.random.default_rng(0).uniform(40, 215, (64, 64, 3)), (1, 1, 0)).astype(np.uint8)


def scored(frames, true, found=None):
    found = np.ones(len(true), dtype=bool) if found is None else found
    mesh = Mesh(np.zeros((len(true), 478, 3), np.float32), found)
    clip = Clip("s1/a", len(true), frames=frames, true_frames=true, true_landmarks=mesh, mouth_box=BOX)
    return score(clip)


def test_each_second_is_compared_with_the_photo():
    true = np.repeat(FACE[None], 60, 0)
    frames = true.copy()
    frames[40:] += 10  # an error of 10 grey levels in the last 20 frames
    found = scored(frames, true)
    assert found["photo_psnr_first"] == (None, 0) and found["photo_ssim_first"] == (pytest.approx(1), 25)
    assert found["photo_psnr_last"] == (pytest.approx(20 * np.log10(25.5)), 20)  # 5 of the 25 are the photo
    assert found["photo_ssim_last"][0] < 1


def test_the_mouth_does_not_count():
    true = np.repeat(FACE[None], 30, 0)
    frames = true.copy()
    frames[:, 30:50, 16:48] = 255 - frames[:, 30:50, 16:48]
    found = scored(frames, true)
    assert found["photo_psnr_first"] == found["photo_psnr_last"] == (None, 0)
    assert found["photo_ssim_first"][0] == pytest.approx(1) == found["photo_ssim_last"][0]
    frames[:, 29] += 10  # one row above it, of 64 * 64 - 20 * 32 pixels 64
    psnr = 10 * np.log10(255**2 / (100 * 64 / (64 * 64 - 20 * 32)))
    assert scored(frames, true)["photo_psnr_first"] == (pytest.approx(psnr), 25)


def test_ssim_is_scikit_images_where_no_window_sees_the_mouth_or_the_edge():
    true = np.repeat(FACE[None], 6, 0)
    noise = np.random.default_rng(1).normal(0, 12, true.shape)
    frames = np.clip(true + noise, 0, 255).astype(np.uint8)
    counted = np.zeros((64, 64), dtype=bool)
    counted[5:59, 5:59] = True
    counted[25:55, 11:53] = False  # the mouth box and five pixels around it
    expected = []
    for frame in frames:
        _, shown = structural_similarity(
            frame, FACE, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255,
            channel_axis=-1, full=True,
        )  # fmt: skip
        expected.append(shown[counted].mean())
    found = scored(frames, true)
    assert found["photo_ssim_first"] == found["photo_ssim_last"] == (pytest.approx(np.mean(expected)), 6)
    assert np.mean(expected) < 0.9


def test_the_photo_is_the_first_frame_with_a_face():
    true = np.stack([FACE // 2, *[FACE] * 9])
    found = np.arange(10) > 0
    frames = np.repeat((FACE + 10)[None], 10, 0)
    short = scored(frames, true, found)
    assert short["photo_psnr_first"] == short["photo_psnr_last"] == (pytest.approx(20 * np.log10(25.5)), 10)
