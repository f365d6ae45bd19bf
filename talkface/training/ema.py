"""Exponential moving average of weights, with its half-life counted in samples (Karras et al. 2024)."""

from __future__ import annotations

import copy

import torch
from torch import nn

_RAMP = 0.1


class Average:
    """A running average of a module's parameters; buffers (batch-norm statistics) are copied, never averaged.

    Early on the half-life is ``ramp * samples seen``, so that short runs forget the initial weights.
    """

    def __init__(self, module: nn.Module, halflife_samples: int, ramp: float = _RAMP):
        self.module = copy.deepcopy(module).eval().requires_grad_(False)
        self._halflife = halflife_samples
        self._ramp = ramp

    def decay(self, samples: int, step_samples: int) -> float:
        """Share of the old average that stays after a step of ``step_samples`` that ends at ``samples``."""
        halflife = max(min(self._halflife, self._ramp * samples), 1e-8)
        return 0.5 ** (step_samples / halflife)

    @torch.no_grad()
    def update(self, module: nn.Module, samples: int, step_samples: int) -> None:
        """Move towards ``module``, which has now seen ``samples``."""
        weight = 1.0 - self.decay(samples, step_samples)
        for mine, theirs in zip(self.module.parameters(), module.parameters(), strict=True):
            mine.lerp_(theirs, weight)
        for kept, current in zip(self.module.buffers(), module.buffers(), strict=True):
            kept.copy_(current)
