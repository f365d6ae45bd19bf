"""Consistency sampling: algorithm 1 written out, and the noise that is put on again."""

import pytest
import torch

from talkface.generation.samplers import find
from talkface.generation.samplers.euler import euler_timesteps
from talkface.models.noise_schedule import NoiseSchedule

SHAPE = (2, 3, 4, 4)
SCHEDULE = NoiseSchedule()
consistency = find("consistency")


def all_noise(draws):
    return torch.randn(draws, *SHAPE, generator=torch.Generator().manual_seed(0))


def clean_of(x_NCHW, timestep):
    """Any function of point and time."""
    return torch.tanh(x_NCHW) + timestep / 1000


def noise_of(x_NCHW, timestep_N):
    """The noise prediction that implies ``clean_of``."""
    alpha = SCHEDULE.alpha_bar_K[timestep_N[0]]
    return (x_NCHW - alpha.sqrt() * clean_of(x_NCHW, timestep_N[0])) / (1 - alpha).sqrt()


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_it_is_the_published_algorithm_with_fresh_noise(steps):
    noise = all_noise(1 + steps)
    timesteps = euler_timesteps(1000, steps)[::-1]
    clean = clean_of(noise[0], timesteps[0])
    for draw, timestep in enumerate(timesteps[1:], 1):
        alpha = SCHEDULE.alpha_bar_K[timestep]
        clean = clean_of(alpha.sqrt() * clean + (1 - alpha).sqrt() * noise[draw], timestep)
    found = consistency(noise_of, noise, SCHEDULE.alpha_bar_K, steps=steps, eta=1.0)
    assert torch.allclose(found, clean, atol=1e-3)


def test_without_fresh_noise_the_first_is_taken_again():
    noise = all_noise(1)
    same = noise.expand(4, *SHAPE)
    taken = consistency(noise_of, noise, SCHEDULE.alpha_bar_K, steps=3, eta=0.0)
    assert torch.allclose(taken, consistency(noise_of, same, SCHEDULE.alpha_bar_K, steps=3, eta=1.0))


def test_known_latents_are_kept():
    kept = torch.zeros(1, 4, 4, dtype=torch.bool)
    kept[:, :2] = True
    clean = torch.full(SHAPE, 0.7)
    found = consistency(noise_of, all_noise(1), SCHEDULE.alpha_bar_K, steps=3, eta=0.0, known=(clean, kept))
    assert torch.equal(found[:, :, :2], clean[:, :, :2]) and not torch.equal(found, clean)
