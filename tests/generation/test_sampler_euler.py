"""Euler steps: flow matching written out, and the diffusion from its last timestep on."""

import pytest
import torch

from talkface.generation.samplers import find
from talkface.generation.samplers.euler import euler_timesteps
from talkface.models.noise_schedule import NoiseSchedule, flow_times

SHAPE = (2, 3, 4, 4)
NOISE = torch.randn(1, *SHAPE, generator=torch.Generator().manual_seed(0))
euler = find("euler")


def test_timesteps_begin_at_pure_noise_and_are_even():
    assert euler_timesteps(1000, 1).tolist() == [999]
    assert euler_timesteps(1000, 4).tolist() == [249, 499, 749, 999]
    assert euler_timesteps(3, 3).tolist() == [0, 1, 2]
    for steps in (0, 4):
        with pytest.raises(ValueError, match=rf"sampler.steps: {steps} is not between 1 and .* 3 timesteps"):
            euler_timesteps(3, steps)


def test_fresh_noise_is_refused():
    with pytest.raises(ValueError, match=r"sampler\.eta: 0\.5, but euler takes no fresh noise"):
        euler(lambda x, t: x, NOISE, NoiseSchedule().alpha_bar_K, steps=2, eta=0.5)


@pytest.mark.parametrize("steps", [1, 2, 5, 8])
def test_on_the_straight_path_its_steps_are_those_of_flow_matching(steps):
    """x + (t' - t) velocity in flow matching's own scale, with an arbitrary network that gives velocities."""
    schedule = NoiseSchedule(path="flow")
    times_K = flow_times(schedule.timesteps)

    def velocity(x_NCHW, time):
        return torch.sin(3 * x_NCHW) + time * x_NCHW.roll(1, 3) - 0.3

    x = NOISE[0].double() * ((1 - times_K[-1]) ** 2 + times_K[-1] ** 2).sqrt()
    times = [times_K[t] for t in euler_timesteps(schedule.timesteps, steps)]
    for time, earlier in zip(reversed(times), [*reversed(times[:-1]), 0.0], strict=True):
        x = x + (earlier - time) * velocity(x, time)

    def denoise(scaled_NCHW, timestep_N):
        time = times_K[timestep_N[0]]
        own = scaled_NCHW.double() * ((1 - time) ** 2 + time**2).sqrt()
        return (own + (1 - time) * velocity(own, time)).float()  # noise = x + (1 - t) velocity

    found = euler(denoise, NOISE, schedule.alpha_bar_K, steps=steps, eta=0.0)
    assert torch.allclose(found.double(), x, atol=2e-3)


def test_known_latents_are_kept():
    schedule, kept = NoiseSchedule(path="flow"), torch.zeros(1, 4, 4, dtype=torch.bool)
    kept[:, :2] = True
    clean = torch.full(SHAPE, 0.7)
    found = euler(lambda x, t: 0.5 * x, NOISE, schedule.alpha_bar_K, steps=3, eta=0.0, known=(clean, kept))
    assert torch.equal(found[:, :, :2], clean[:, :, :2]) and not torch.equal(found, clean)
