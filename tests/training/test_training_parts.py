"""Parts of a training: seeds, learning rate, precision, averaged weights, clipped gradients."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from talkface.config import Compute, ConfigError, Training
from talkface.training import seeding
from talkface.training.device import pick_device, pick_precision
from talkface.training.ema import Average
from talkface.training.micro_batches import MicroBatches
from talkface.training.schedule import learning_rate
from talkface.training.task import StepContext


def test_reseeding_repeats_every_generator():
    def draw():
        seeding.reseed(5, 1200)
        return torch.rand(3).tolist(), np.random.rand(3).tolist(), random.random()

    first = draw()
    torch.rand(7), random.random()
    assert draw() == first
    assert len({seeding.derive(0, samples) for samples in range(1000)}) == 1000


def test_learning_rate_schedule():
    training = Training(
        samples=1000, batch_size=10, learning_rate=2.0, warmup_samples=100, decay="linear", decay_start=0.5
    )
    assert learning_rate(training, 0) == pytest.approx(0.2)
    assert learning_rate(training, 300) == 2.0
    assert learning_rate(training, 750) == pytest.approx(1.0)
    assert learning_rate(training, 1000) == 0.0
    cosine = training.model_copy(update={"decay": "cosine", "decay_start": 0.0})
    assert learning_rate(cosine, 500) == pytest.approx(1.0)


def test_precision_is_a_choice_of_the_config():
    cpu = torch.device("cpu")
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    native = "bfloat16" if "amx_tile" in flags or "avx512_bf16" in flags else "float32"
    assert pick_precision(Compute(), cpu) == native
    assert pick_precision(Compute(), torch.device("cuda")) == "bfloat16"
    assert pick_precision(Compute(precision="bfloat16"), cpu) == "bfloat16"
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match=r"compute\.device"):
            pick_device(Compute(device="cuda"))


def test_ema_averages_parameters_and_copies_statistics():
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    average = Average(network, halflife_samples=100, ramp=1e9)
    start = network[0].weight.detach().clone()
    with torch.no_grad():
        network[0].weight.add_(1.0)
        network[1].running_mean.fill_(7.0)
        network[1].num_batches_tracked.fill_(3)
    average.update(network, samples=1000, step_samples=100)
    torch.testing.assert_close(average.module[0].weight, start + 0.5)
    assert average.module[1].running_mean.tolist() == [7.0, 7.0]
    assert average.module[1].num_batches_tracked == 3
    assert not average.module.training
    assert Average(network, 1000, ramp=0.1).decay(samples=100, step_samples=10) == pytest.approx(0.5)


def test_gradient_is_clipped_to_the_limit():
    weight = nn.Parameter(torch.tensor([3.0, 4.0]))
    training = Training(samples=10, batch_size=1, learning_rate=1.0, gradient_clip=0.5)
    context = StepContext(
        "tiny", 0, training, torch.device("cpu"), "float32", {}, {"sgd": torch.optim.SGD([weight], lr=9.0)},
        nn.Identity(), torch.Generator(), np.random.default_rng(0), MicroBatches(None, 1, 1, "tiny"),
    )  # fmt: skip
    context.descend(1, lambda rows: {"loss": 0.5 * weight.square().sum()})
    torch.testing.assert_close(weight.detach(), torch.tensor([3.0 - 0.3, 4.0 - 0.4]))
