"""The denoiser's loss: the nearer point of consistency tuning, its distance, and what the tuning is for."""

import math

import pytest
import torch
from torch import nn

from talkface.config import Renderer, Training
from talkface.generation.samplers import find
from talkface.models.noise_schedule import NoiseSchedule
from talkface.training.denoising import DenoisingLoss, nearer_timesteps, noise_levels

SCHEDULE = NoiseSchedule()
ALL = torch.arange(SCHEDULE.timesteps)


def loss_of(samples=1000, **settings):
    config = Renderer(
        training=Training(samples=samples, batch_size=1, learning_rate=1e-3),
        preconditioned=True,
        even_timesteps=True,
        **settings,
    )
    return DenoisingLoss(SCHEDULE, config, torch.ones(1, 1), samples)


@pytest.mark.parametrize("stage", [0, 1, 3, 7])
def test_the_nearer_point_has_the_noise_that_ect_says(stage):
    levels, nearer = noise_levels(SCHEDULE.alpha_bar_K), nearer_timesteps(SCHEDULE.alpha_bar_K, ALL, stage)
    for timestep in range(0, SCHEDULE.timesteps, 37):
        level = float(levels[timestep])
        wanted = level * max(0.0, 1 - (1 + 8 / (1 + math.exp(level))) / 2 ** (stage + 1))
        found = int(nearer[timestep])
        assert -1 <= found < timestep
        assert found == -1 or float(levels[found]) <= wanted * (1 + 1e-6)
        assert found == timestep - 1 or float(levels[found + 1]) > wanted * (1 - 1e-6)


def test_points_come_closer_stage_by_stage():
    stages = torch.stack([nearer_timesteps(SCHEDULE.alpha_bar_K, ALL, stage) for stage in range(8)])
    assert (stages.diff(dim=0) >= 0).all() and (stages[-1] > stages[0]).any()
    assert stages[0, 0] == -1 and stages[0, 100] == -1  # little noise is compared with the clean latents


def test_the_tuning_takes_the_last_share_in_equal_stages():
    loss = loss_of(consistency_share=0.4, consistency_stages=4)
    seen = [0, 599, 600, 699, 700, 999, 1200]
    assert [loss.stage(samples) for samples in seen] == [None, None, 0, 0, 1, 3, 3]
    assert loss.turns == {"consistency_share": 0.6}
    assert loss_of().stage(999) is None and loss_of().turns == {}


def test_a_denoiser_that_knows_the_clean_latents_is_consistent():
    clean, noise = torch.full((5, 1, 1, 1), 0.3), torch.randn(5, 1, 1, 1)

    def exact(noisy, timestep):
        alpha = SCHEDULE.alpha_bar_K[timestep][:, None, None, None]
        return (noisy - alpha.sqrt() * 0.3) / (1 - alpha).sqrt()

    loss = loss_of(consistency_share=0.5)
    tuned = loss(exact, clean, noise, torch.tensor([300, 500, 700, 900, 999]), seen=900)
    assert float(tuned["consistency"]) < 1e-2 and float(tuned["noise"]) < 1e-6

    def wrong(noisy, timestep):
        return exact(noisy, timestep) + 0.1

    worse = loss(wrong, clean, noise, torch.tensor([300, 500, 700, 900, 999]), seen=900)
    assert float(worse["consistency"]) > 5 * float(tuned["consistency"])


class Small(nn.Module):
    """A preconditioned denoiser of single numbers."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1)
        )

    def forward(self, noisy, timestep):
        level = noise_levels(SCHEDULE.alpha_bar_K)[timestep].log()
        out = self.layers(torch.cat([noisy.flatten(1), level[:, None] / 4], 1))
        return SCHEDULE.noise_of(out[..., None, None], noisy, timestep)


def test_tuning_makes_one_step_choose_where_the_noise_alone_gives_the_mean():
    """Clean latents are -1 or 1; the best single guess from pure noise is 0, a consistent one is either."""
    torch.manual_seed(0)
    steps, share = 1500, 0.6
    network, loss = Small(), loss_of(steps, consistency_share=share, consistency_stages=6)
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    pure = torch.randn(1, 512, 1, 1, 1, generator=torch.Generator().manual_seed(1))

    def off():
        """Distance of one-step samples from the nearer of the two."""
        with torch.no_grad():
            made = find("consistency")(network, pure, SCHEDULE.alpha_bar_K, steps=1, eta=0.0)
        return float((made.abs() - 1).abs().mean())

    before = 0.0
    for step in range(steps):
        if step == int((1 - share) * steps):
            before = off()
        clean = torch.randint(0, 2, (256, 1, 1, 1)) * 2.0 - 1
        timestep = torch.randint(0, SCHEDULE.timesteps, (256,))
        values = loss(network, clean, torch.randn_like(clean), timestep, step)
        optimizer.zero_grad()
        values["descended"].backward()
        optimizer.step()
        schedule.step()
    assert before > 0.7 and off() < before / 2, (before, off())
