"""The interface between a stage and the loop: the task, the context of a step, the finished training."""

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
from talkface.training import parallel
from talkface.training.device import autocast
from talkface.training.errors import TrainingError
from talkface.training.micro_batches import MicroBatches
from talkface.training.schedule import learning_rate

Values = Mapping[str, "float | torch.Tensor"]


class Task(Protocol):
    """What a stage hands to the loop; subclass it for the defaults."""

    modules: dict[str, nn.Module]  # the first is averaged, warm-started and published
    optimizers: dict[str, Optimizer]
    size: int
    samples_per_item: int = 1

    @property
    def turns(self) -> Mapping[str, float]:
        """Setting -> the share of the training up to which it acts the same, however long the training."""
        return {}

    def draw(self, indices: list[int], rng: np.random.Generator) -> Any:
        """What a step learns from; by default the items themselves.

        On a GPU other processes call this ahead of the step, with the numbers that ``context.rng`` has there.
        So a task that draws here leaves ``context.rng`` alone, and gives CPU tensors; an object with
        ``pin_memory()`` is moved to where a GPU can copy it from while it works.
        """
        return indices

    def step(self, drawn: Any, context: StepContext) -> Values:
        """Learn from what was drawn; returns 0-d quantities, averaged over each logging interval."""
        ...

    def validate(self, context: StepContext) -> Values:
        """Quantities measured at every log line, without gradients; name them ``validation/...``."""
        return {}

    def pictures(self, context: StepContext) -> Mapping[str, torch.Tensor]:
        """Rows of sample pictures [N, 3, H, W] in [-1, 1] by name, for TensorBoard, without gradients."""
        return {}


@dataclass
class StepContext:
    """What one step may use beside its batch."""

    what: str
    samples: int  # seen before this step
    training: Training
    device: torch.device
    precision: str
    modules: Mapping[str, nn.Module]
    optimizers: Mapping[str, Optimizer]
    network: nn.Module  # the published module: its average in `validate`, itself in `step`
    generator: torch.Generator  # on the CPU
    rng: np.random.Generator
    micro: MicroBatches

    def autocast(self) -> AbstractContextManager[None]:
        """Mixed precision of the ``compute`` section."""
        return autocast(self.device, self.precision)

    def share(self, items: int) -> slice:
        """This process's items of the batch: all of them, unless several processes share the training.

        Draw for the whole batch first, then take these: so every item meets the same random numbers.
        """
        return parallel.share(items)

    def descend(
        self,
        items: int,
        quantities_of: Callable[[slice], Mapping[str, torch.Tensor]],
        optimizer: str | None = None,
        clip: float | None = None,
    ) -> dict[str, torch.Tensor]:
        """One descent step on ``items`` items, this process's share: zero_grad, forward, backward, the mean
        gradient of all processes, clip (default: ``gradient_clip``), scheduled rate, step.

        ``quantities_of(rows)`` computes 0-d quantities of some of the items, each a mean over them; the one
        named "loss" is descended. It is called for all items at once, or, where memory is short, for one
        micro-batch after another and, after a want of memory, again: it draws no numbers but those of dropout
        and keeps nothing but by row. ``optimizer`` may be left out where there is one.

        Returns the quantities' means over this process's items. Raises ``TrainingError`` before any weight
        changes when the loss or its gradient is not finite.
        """
        if optimizer is None:
            (optimizer,) = self.optimizers
        chosen = self.optimizers[optimizer]
        values = self.micro.accumulate(items, quantities_of, chosen, self.modules.values(), self.device)
        gradients = [p.grad for group in chosen.param_groups for p in group["params"] if p.grad is not None]
        parallel.average_gradients(gradients)
        norm, loss = torch.nn.utils.get_total_norm(gradients), values["loss"]
        if not bool(torch.isfinite(norm) & torch.isfinite(loss)):
            raise TrainingError(
                f"{self.what}: at {self.samples} samples the loss is {loss.item():g} with a gradient of norm "
                f"{norm.item():g} ('{optimizer}'); lower training.learning_rate or set training.gradient_clip"
            )
        limit = self.training.gradient_clip if clip is None else clip
        if limit is not None:
            shrink = torch.clamp(limit / (norm + 1e-6), max=1.0)
            torch._foreach_mul_(gradients, shrink)
        rate = learning_rate(self.training, self.samples)
        for group in chosen.param_groups:
            group["lr"] = rate * group.get("lr_scale", 1.0)
        chosen.step()
        return values


@dataclass
class Finished:
    """A training at its end, handed to ``publish``."""

    module: nn.Module  # final weights (the average where one is kept), in evaluation mode
    samples: int
    device: torch.device
    metadata: dict[str, Any]  # for the header of model.safetensors
    record: Callable[[str, float], None]  # add a closing row to the history
