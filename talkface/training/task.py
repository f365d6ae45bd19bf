"""What passes between a stage and the loop: the task, the context of a step, the finished training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn
from torch.optim import Optimizer

from talkface.config import Training
from talkface.training.device import autocast
from talkface.training.schedule import learning_rate

Values = Mapping[str, "float | torch.Tensor"]


class TrainingError(ValueError):
    """A training that cannot go on: a loss or gradient that is not finite, a collapsed network."""


class Task(Protocol):
    """What a stage hands to the loop; subclass it for the defaults."""

    modules: dict[str, nn.Module]  # the first is averaged, warm-started and published
    optimizers: dict[str, Optimizer]
    size: int
    samples_per_item: int = 1

    def step(self, indices: list[int], context: StepContext) -> Values:
        """Learn from a batch; returns 0-d quantities, averaged over each logging interval."""
        ...

    def validate(self, context: StepContext) -> Values:
        """Quantities measured at every log line, without gradients; name them ``validation/...``."""
        return {}


@dataclass
class StepContext:
    """What one step may use beside its batch."""

    what: str
    samples: int  # seen before this step
    training: Training
    device: torch.device
    precision: str
    optimizers: Mapping[str, Optimizer]
    network: nn.Module  # the published module: its average in `validate`, itself in `step`
    generator: torch.Generator  # on the CPU
    rng: np.random.Generator

    def autocast(self) -> AbstractContextManager:
        """Mixed precision of the ``compute`` section."""
        return autocast(self.device, self.precision)

    def update(self, loss: torch.Tensor, optimizer: str | None = None, clip: float | None = None) -> None:
        """One descent step: zero_grad, backward, clip (default: ``gradient_clip``), scheduled rate, step.

        ``optimizer`` may be left out where there is one.

        Raises ``TrainingError`` before any weight changes when the loss or its gradient is not finite.
        """
        if optimizer is None:
            (optimizer,) = self.optimizers
        chosen = self.optimizers[optimizer]
        chosen.zero_grad(set_to_none=True)
        loss.backward()
        gradients = [p.grad for group in chosen.param_groups for p in group["params"] if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        if not bool(torch.isfinite(norm) & torch.isfinite(loss.detach())):
            raise TrainingError(
                f"{self.what}: at {self.samples} samples the loss is {loss.item():g} with a gradient of norm "
                f"{norm.item():g} ('{optimizer}'); lower training.learning_rate or set training.gradient_clip"
            )
        limit = self.training.gradient_clip if clip is None else clip
        if limit is not None:
            shrink = torch.clamp(limit / (norm + 1e-6), max=1.0)
            for gradient in gradients:
                gradient.mul_(shrink)
        rate = learning_rate(self.training, self.samples)
        for group in chosen.param_groups:
            group["lr"] = rate * group.get("lr_scale", 1.0)
        chosen.step()


@dataclass
class Finished:
    """A training at its end, handed to ``publish``."""

    module: nn.Module  # final weights (the average where one is kept), in evaluation mode
    samples: int
    device: torch.device
    metadata: dict[str, Any]  # for the header of model.safetensors
    record: Callable[[str, float], None]  # add a closing row to the history
