"""DPM-Solver++(2M) against a denoiser whose exact solution is known."""

import pytest
import torch

from talkface.generation.samplers import find
from talkface.generation.samplers.ddim import ddim_timesteps

ALPHA_BAR = torch.cumprod(1 - torch.linspace(0.04, 0.14, 1000, dtype=torch.float64) ** 2, 0)
NOISE = torch.randn(1, 2, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
VARIANCE = 2.0


def variance_at(timestep):
    return ALPHA_BAR[timestep] * VARIANCE + 1 - ALPHA_BAR[timestep]


def of_gaussian(x, timestep):
    """The best prediction of the noise where clean latents are normal with this variance."""
    return x * ((1 - ALPHA_BAR[timestep]).sqrt() / variance_at(timestep))[:, None, None, None]


def error(kind, steps):
    """Largest distance from the exact solution, which scales the noise."""
    last, *_, first = ddim_timesteps(len(ALPHA_BAR), steps)
    exact = NOISE[0] * (variance_at(last) / variance_at(first)).sqrt()
    clean = exact * ALPHA_BAR[last].sqrt() * VARIANCE / variance_at(last)  # predicted in the last step
    found = find(kind)(of_gaussian, NOISE, ALPHA_BAR, steps=steps, eta=0.0)
    return float((found - clean).abs().max())


def test_it_is_of_second_order():
    assert error("ddim", 100) < 2.5 * error("ddim", 200)
    assert error("dpmpp_2m", 100) > 3 * error("dpmpp_2m", 200)
    assert error("dpmpp_2m", 50) < error("ddim", 50) / 3


def test_known_latents_are_kept():
    upper = (torch.arange(4) < 2)[None, :, None]
    known = (torch.ones_like(NOISE[0]), upper)
    found = find("dpmpp_2m")(of_gaussian, NOISE, ALPHA_BAR, steps=5, eta=0.0, known=known)
    assert torch.equal(found[:, :, :2], known[0][:, :, :2])


def test_fresh_noise_is_refused():
    with pytest.raises(ValueError, match=r"sampler\.eta"):
        find("dpmpp_2m")(of_gaussian, NOISE, ALPHA_BAR, steps=5, eta=0.5)
