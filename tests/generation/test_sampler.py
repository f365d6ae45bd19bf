import numpy as np
import pytest
import torch

from talkface.generation.noise import frame_noise
from talkface.generation.samplers.ddim import ddim_timesteps
from talkface.generation.samplers.ddim import sample as ddim

SHAPE = (3, 7, 7)


def alpha_bars(timesteps=1000):
    beta = torch.linspace(0.0015**0.5, 0.0195**0.5, timesteps, dtype=torch.float64) ** 2
    return torch.cumprod(1 - beta, 0)


def oracle(clean_NCHW, alpha_bar_K, calls=None):
    """The noise that a perfect denoiser would find."""

    def denoise(x_NCHW, timestep_N):
        if calls is not None:
            calls.append(timestep_N.tolist())
        alpha_N111 = alpha_bar_K[timestep_N].float()[:, None, None, None]
        return (x_NCHW - alpha_N111.sqrt() * clean_NCHW) / (1 - alpha_N111).sqrt()

    return denoise


def noise(frames=2, steps=8, eta=0.0, **changes):
    settings = {"clip": "s1/bbaf2n", "seed": 0, "shared": False} | changes
    return frame_noise(SHAPE, range(frames), steps=steps, eta=eta, **settings)


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("steps", [1, 3, 8, 50])
def test_an_oracle_is_followed_to_the_clean_picture(steps, eta):
    clean = torch.randn(2, *SHAPE, generator=torch.Generator().manual_seed(1))
    alpha = alpha_bars()
    calls = []
    found = ddim(oracle(clean, alpha, calls), noise(steps=steps, eta=eta), alpha, steps=steps, eta=eta)
    assert torch.allclose(found, clean, atol=2e-3)
    assert calls == [[t, t] for t in reversed(ddim_timesteps(1000, steps).tolist())]


def test_ddim_is_its_own_equation():
    """One step of an arbitrary denoiser against equation 12 of Song et al., written out."""
    alpha = alpha_bars(10)
    low, high = ddim_timesteps(10, 2)

    def denoise(x, t):
        return 0.3 * x + 0.01 * t[:, None, None, None]

    eta = 0.7
    fresh = noise(steps=2, eta=eta)
    a, b = float(alpha[high]), float(alpha[low])
    x, e = fresh[0], denoise(fresh[0], torch.tensor([high, high]))
    sigma = eta * ((1 - b) / (1 - a)) ** 0.5 * (1 - a / b) ** 0.5
    y = b**0.5 * (x - (1 - a) ** 0.5 * e) / a**0.5 + (1 - b - sigma**2) ** 0.5 * e + sigma * fresh[1]
    expected = (y - (1 - b) ** 0.5 * denoise(y, torch.tensor([low, low]))) / b**0.5
    assert torch.allclose(ddim(denoise, fresh, alpha, steps=2, eta=eta), expected, atol=1e-5)


def test_timesteps_are_those_of_ldm_where_it_stays_within_the_schedule():
    assert ddim_timesteps(1000, 200).tolist() == list(range(1, 1000, 5))
    assert ddim_timesteps(1000, 8).tolist() == [1, 126, 251, 376, 501, 626, 751, 876]
    for steps in range(1, 38):
        spaced = ddim_timesteps(37, steps)
        assert len(spaced) == steps and np.all(np.diff(spaced) > 0) and spaced[0] >= 0 and spaced[-1] <= 36
    for steps in (0, 38):
        with pytest.raises(ValueError, match="steps"):
            ddim_timesteps(37, steps)


def test_noise_is_a_function_of_seed_clip_and_frame():
    first = noise(frames=4)
    assert first.shape == (1, 4, *SHAPE) and first.dtype == torch.float32
    assert torch.equal(first, noise(frames=4))
    parts = [
        frame_noise(SHAPE, frames, clip="s1/bbaf2n", seed=0, steps=8, eta=0.0, shared=False)
        for frames in (range(0, 3), range(3, 4))
    ]
    assert torch.equal(first, torch.cat(parts, dim=1))
    assert not torch.equal(first, noise(frames=4, seed=1))
    assert not torch.equal(first, noise(frames=4, clip="s1/x"))
    assert not torch.equal(first[:, 0], first[:, 1])
    assert abs(float(noise(frames=100).std()) - 1) < 0.02


def test_shared_noise_is_one_picture_for_all_frames():
    shared = noise(frames=5, shared=True, eta=0.5)
    assert shared.shape == (9, 5, *SHAPE)
    assert torch.equal(shared, shared[:, :1].expand(-1, 5, -1, -1, -1))
    assert not torch.equal(shared[0], shared[1])


def known_region(rows):
    """Clean pictures and a mask of their upper rows."""
    clean = torch.randn(2, *SHAPE, generator=torch.Generator().manual_seed(7))
    return clean, (torch.arange(SHAPE[1]) < rows)[None, :, None].expand(1, SHAPE[1], SHAPE[2])


def mixing(x, t):
    """A denoiser in which every position looks at all others, as a network does."""
    return 0.3 * x + 0.2 * x.mean((2, 3), keepdim=True) + 1e-4 * t[:, None, None, None]


@pytest.mark.parametrize("eta", [0.0, 0.5])
def test_the_known_region_is_kept_exactly(eta):
    alpha, fresh = alpha_bars(), noise(eta=eta)
    clean, mask = known_region(3)
    found = ddim(mixing, fresh, alpha, steps=8, eta=eta, known=(clean, mask))
    free = ddim(mixing, fresh, alpha, steps=8, eta=eta)
    assert torch.equal(found[:, :, :3], clean[:, :, :3])
    assert not torch.isclose(free[:, :, :3], clean[:, :, :3]).all()
    assert not torch.allclose(found[:, :, 3:], free[:, :, 3:])  # the rest is drawn beside what is known


def test_nothing_known_changes_nothing():
    alpha, fresh = alpha_bars(), noise()
    found = ddim(mixing, fresh, alpha, steps=8, known=known_region(0))
    assert torch.allclose(found, ddim(mixing, fresh, alpha, steps=8), rtol=1e-3, atol=1e-4)


def test_the_denoiser_meets_the_known_region_at_each_steps_noise():
    alpha, fresh = alpha_bars(), noise()
    clean, mask = known_region(7)
    met = []

    def denoise(x, t):
        met.append((int(t[0]), x))
        return mixing(x, t)

    ddim(denoise, fresh, alpha, steps=8, known=(clean, mask))
    for step, x in met[1:]:  # the first is the noise itself
        left = (x - alpha[step].float().sqrt() * clean) / (1 - alpha[step].float()).sqrt()
        assert 0.8 < left.std() < 1.25
