import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, laplace
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from talkface.data.regions import mouth_box
from talkface.metrics.lips import (
    correlation,
    deviation_ratio,
    hold_missed,
    landmark_distance,
    spoken_frames,
)
from talkface.metrics.pixels import crop, mean_finite, psnr, ssim
from talkface.metrics.presence_scores import (
    Counts,
    count_presence,
    mean_defined,
    pooled_accuracy,
    pooled_f1,
)
from talkface.metrics.sharpness import laplacian_variance, sharpness_ratio

BOX = mouth_box(112)


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def pictures(random):
    noise = random.uniform(0, 255, (3, 112, 112, 3))
    return gaussian_filter(noise, (0, 1, 1, 0)).astype(np.uint8)


def test_equal_pictures_have_no_error(pictures):
    whole, mouth = ssim(pictures, pictures, BOX)
    assert np.all(np.isinf(psnr(pictures, pictures)))
    assert whole == pytest.approx(np.ones(3)) and mouth == pytest.approx(np.ones(3))
    assert mean_finite(psnr(pictures, pictures)) == (None, 0)


def test_psnr_is_that_of_scikit_image(pictures, random):
    other = np.clip(pictures + random.normal(0, 9, pictures.shape), 0, 255).astype(np.uint8)
    expected = [peak_signal_noise_ratio(a, b, data_range=255) for a, b in zip(pictures, other, strict=True)]
    assert psnr(other, pictures) == pytest.approx(expected)
    shifted = pictures.copy()
    shifted[0] = np.where(shifted[0] < 128, shifted[0] + 10, shifted[0] - 10)
    assert psnr(shifted, pictures)[0] == pytest.approx(20 * np.log10(25.5))
    mean, frames = mean_finite(psnr(shifted, pictures))  # two frames are equal: only the first counts
    assert frames == 1 and mean == pytest.approx(20 * np.log10(25.5))


def test_ssim_is_that_of_skimage(pictures, random):
    other = np.clip(pictures + random.normal(0, 20, pictures.shape), 0, 255).astype(np.uint8)
    whole, mouth = ssim(other, pictures, BOX)
    top, bottom, left, right = BOX
    for frame, pair in enumerate(zip(other, pictures, strict=True)):
        expected, shown = structural_similarity(
            *pair, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255,
            channel_axis=-1, full=True,
        )  # fmt: skip
        assert whole[frame] == pytest.approx(expected, abs=1e-12)
        assert mouth[frame] == pytest.approx(shown[top:bottom, left:right].mean(), abs=1e-12)


def test_ssim_by_its_own_formula(pictures, random):
    other = np.clip(pictures + random.normal(0, 20, pictures.shape), 0, 255).astype(np.uint8)

    def smooth(values):  # 11 x 11 Gaussian window, sigma 1.5
        return gaussian_filter(values, (0, 1.5, 1.5, 0), truncate=3.5)

    a, b = pictures.astype(float), other.astype(float)
    mean_a, mean_b = smooth(a), smooth(b)
    var_a, var_b, cov = smooth(a * a) - mean_a**2, smooth(b * b) - mean_b**2, smooth(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    full = (2 * mean_a * mean_b + c1) * (2 * cov + c2) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
    whole, mouth = ssim(other, pictures, BOX)
    assert whole == pytest.approx(full[:, 5:-5, 5:-5].mean(axis=(1, 2, 3)), abs=1e-6)
    assert mouth == pytest.approx(full[:, 62:104, 28:84].mean(axis=(1, 2, 3)), abs=1e-6)
    assert 0.1 < whole[0] < 0.95


def test_the_mouth_box_sees_only_the_mouth(pictures):
    other = pictures.copy()
    other[:, :40] = 255 - other[:, :40]  # far from the mouth
    assert np.all(np.isinf(psnr(crop(other, BOX), crop(pictures, BOX))))
    whole, mouth = ssim(other, pictures, BOX)
    assert mouth == pytest.approx(np.ones(3)) and np.all(whole < 0.9)
    assert crop(pictures, BOX).shape == (3, 42, 56, 3)


def test_pixel_metrics_refuse_what_is_not_a_picture(pictures):
    with pytest.raises(ValueError, match="uint8"):
        psnr(pictures / 255.0, pictures)
    with pytest.raises(ValueError, match="one shape"):
        ssim(pictures[:2], pictures, BOX)


def test_sharpness_is_the_variance_of_scipys_laplacian(pictures):
    luma = pictures @ np.array([0.299, 0.587, 0.114])
    expected = [laplace(frame)[1:-1, 1:-1].var() for frame in luma]
    assert laplacian_variance(pictures) == pytest.approx(expected, rel=1e-9)
    truth = np.array([4.0, 8.0, 12.0])
    assert sharpness_ratio(laplacian_variance(pictures), truth) == pytest.approx(np.mean(expected) / 8)


def test_sharpness_falls_with_blur(pictures):
    blurred = gaussian_filter(pictures.astype(float), (0, 2, 2, 0)).astype(np.uint8)
    sharp, soft = laplacian_variance(pictures), laplacian_variance(blurred)
    assert np.all(soft < 0.3 * sharp)
    assert sharpness_ratio(sharp, sharp) == 1.0 and sharpness_ratio(soft, sharp) < 0.3
    ramp = np.broadcast_to(np.arange(112, dtype=np.uint8)[None, :, None, None], (1, 112, 112, 3))
    assert laplacian_variance(ramp) == pytest.approx([0.0], abs=1e-12)  # a slope is no detail
    assert sharpness_ratio(sharp, laplacian_variance(ramp) * 0) is None


points = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).normal(60, 8, (6, 20, 2)))


@settings(max_examples=20, deadline=None)
@given(points, st.floats(-30, 30), st.floats(0.1, 5))
def test_landmark_distance_ignores_position_and_scales_with_size(mouth, shift, scale):
    other = mouth[::-1]
    assert landmark_distance(mouth, mouth) == pytest.approx(np.zeros(6))
    assert landmark_distance(mouth + shift, mouth) == pytest.approx(np.zeros(6), abs=1e-9)
    assert landmark_distance(other, mouth) == pytest.approx(landmark_distance(mouth, other))
    assert landmark_distance(scale * other, scale * mouth) == pytest.approx(
        scale * landmark_distance(other, mouth)
    )


def test_landmark_distance_in_pixels():
    square = np.array([[[0.0, 0], [0, 2], [2, 0], [2, 2]]])
    wider = np.array([[[-3.0, 0], [-3, 2], [5, 0], [5, 2]]])  # each corner 3 px further from the same centre
    assert landmark_distance(wider, square) == pytest.approx([3.0])
    with pytest.raises(ValueError, match="shape"):
        landmark_distance(square[:, :2], square)


def test_lip_correlation():
    time = np.linspace(0, 7, 75)
    truth = np.sin(time)
    assert correlation(truth, truth) == pytest.approx(1.0)
    assert correlation(3 * truth + 2, truth) == pytest.approx(1.0)
    assert correlation(-truth, truth) == pytest.approx(-1.0)
    assert correlation(np.sin(time * 3 + 1), truth) == pytest.approx(
        np.corrcoef(np.sin(time * 3 + 1), truth)[0, 1]
    )
    held = np.full(75, 0.07, dtype=np.float32)
    held[3] = np.nextafter(held[3], np.float32(1))  # a held picture, but for the last bit
    assert correlation(held, truth) == 0.0 and correlation(truth, held) is None
    creeping = 0.07 + 0.007 * truth  # the mesh of a frozen picture
    assert correlation(creeping, truth) == correlation(-creeping, truth) == 0.0
    assert correlation(0.07 + 0.03 * truth, truth) == pytest.approx(1.0)
    assert correlation(truth[:2], truth[:2]) is None
    assert deviation_ratio(truth, truth) == pytest.approx(1.0)
    assert deviation_ratio(0.5 * truth + 1, truth) == pytest.approx(0.5)
    assert deviation_ratio(held, truth) == pytest.approx(0.0, abs=1e-6)
    assert deviation_ratio(truth, held) is None


def test_frames_within_the_words():
    spoken = spoken_frames([(0.1, 0.2), (0.25, 0.32)], 10, 25.0)  # frame centres at 0.02, 0.06, 0.10, ...
    assert np.flatnonzero(spoken).tolist() == [2, 3, 4, 5, 6, 7]
    assert spoken_frames([], 4, 25.0).tolist() == [True] * 4


def test_a_missed_frame_takes_the_static_value(random):
    points = random.normal(size=(4, 20, 2))
    still = random.normal(size=(20, 2))
    held = hold_missed(points, np.array([True, False, True, False]), still)
    assert np.array_equal(held[[0, 2]], points[[0, 2]])
    assert np.array_equal(held[1], still) and np.array_equal(held[3], still)


def test_presence_counts():
    truth = np.array([[1, 0], [1, 0], [0, 0], [0, 0]], dtype=bool)
    found = np.array([[1, 0], [0, 0], [1, 0], [0, 0]], dtype=bool)
    assert count_presence(found, truth) == [Counts(1, 1, 1, 1), Counts(0, 0, 0, 4)]
    same, empty = count_presence(truth, truth)
    assert same.f1 == 1.0 and same.accuracy == 1.0
    assert empty.f1 is None and empty.accuracy == 1.0
    assert Counts(0, 0, 0, 0).accuracy is None
    with pytest.raises(ValueError, match="bool"):
        count_presence(found.astype(int), truth)
    with pytest.raises(ValueError, match="one shape"):
        count_presence(found[:3], truth)


def test_pooled_f1_is_that_of_all_frames_together(random):
    clips = [(random.random((n, 2)) < 0.3, random.random((n, 2)) < 0.3) for n in (20, 75, 5)]
    for _, truth in clips:
        truth[:, 1] = False
    for found, _ in clips:
        found[:, 1] = False
    rows = [
        {"clip": f"s1/{number}", "metric": f"{au}_{name}", "value": float(getattr(counts, name))}
        for number, (found, truth) in enumerate(clips)
        for au, counts in zip(("au10", "au25"), count_presence(found, truth), strict=True)
        for name in ("tp", "fp", "fn", "tn")
    ]
    found = np.concatenate([found for found, _ in clips])[:, 0]
    truth = np.concatenate([truth for _, truth in clips])[:, 0]
    precision, recall = truth[found].mean(), found[truth].mean()
    f1 = pooled_f1(pd.DataFrame(rows), ("AU10", "AU25"))
    assert f1["AU10"] == pytest.approx(2 * precision * recall / (precision + recall))
    assert f1["AU25"] is None
    assert mean_defined(f1) == (f1["AU10"], ["AU25"])
    accuracy = pooled_accuracy(pd.DataFrame(rows), ("AU10", "AU25"))
    assert accuracy == {"AU10": pytest.approx((found == truth).mean()), "AU25": 1.0}
    assert mean_defined({"AU25": None}) == (None, ["AU25"])
