"""The optimiser of a training section and its learning rate as a function of the samples seen."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch

from talkface.config import Training


def learning_rate(training: Training, samples: int) -> float:
    """Linear warm-up, then constant, linear or half-cosine decay to zero from ``decay_start`` on."""
    warmup = (
        min(1.0, (samples + training.batch_size) / training.warmup_samples)
        if training.warmup_samples
        else 1.0
    )
    begin = training.decay_start * training.samples
    through = min(1.0, max(0.0, (samples - begin) / max(training.samples - begin, 1.0)))
    if training.decay == "linear":
        left = 1.0 - through
    elif training.decay == "cosine":
        left = 0.5 * (1.0 + math.cos(math.pi * through))
    else:
        left = 1.0
    return training.learning_rate * warmup * left


def turns(training: Training) -> dict[str, float]:
    """The setting that ties the rate to the training's length, and the share until which it does not."""
    if training.decay == "constant":
        return {}
    return {f"training.decay ({training.decay})": training.decay_start}


def build_optimizer(
    parameters: Iterable[torch.nn.Parameter] | Iterable[dict[str, Any]], training: Training
) -> torch.optim.Optimizer:
    """AdamW of the section (equal to Adam without weight decay).

    A parameter group may carry ``lr_scale``: a factor on the scheduled learning rate.
    """
    return torch.optim.AdamW(
        parameters,
        lr=training.learning_rate,
        betas=(training.beta1, training.beta2),
        weight_decay=training.weight_decay,
        fused=True,
    )
