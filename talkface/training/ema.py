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
        # All tensors in one call: on a GPU a call each costs more than what it does.
        torch._foreach_lerp_(list(self.module.parameters()), list(module.parameters()), weight)
        if buffers := list(self.module.buffers()):
            torch._foreach_copy_(buffers, list(module.buffers()))
