"""Random numbers as a function of (seed, samples seen): a resumed run draws the same ones."""

from __future__ import annotations

import random

import numpy as np
import torch


def derive(*entropy: int) -> int:
    """A 63-bit seed mixed from non-negative integers."""
    return int(np.random.SeedSequence(list(entropy)).generate_state(1, np.uint64)[0] >> np.uint64(1))


def reseed(*entropy: int) -> None:
    """Re-seed the global generators of torch (all devices), numpy and Python.

    Dropout draws from torch's global generator; saving its state would tie a run to one device and version.
    """
    mixed = derive(*entropy)
    torch.manual_seed(mixed)
    np.random.seed(mixed % 2**32)
    random.seed(mixed)


def torch_generator(*entropy: int) -> torch.Generator:
    """A CPU generator of its own: draw on the CPU and move, so that devices see the same numbers."""
    return torch.Generator().manual_seed(derive(1, *entropy))


def numpy_generator(*entropy: int) -> np.random.Generator:
    """A numpy generator of its own."""
    return np.random.default_rng([2, *entropy])


def generator_states(device: torch.device) -> list[torch.Tensor]:
    """Where torch's global generators are: the CPU's and, where the network runs on one, the device's."""
    states = [torch.get_rng_state()]
    return [*states, torch.cuda.get_rng_state(device)] if device.type == "cuda" else states


def set_generator_states(states: list[torch.Tensor], device: torch.device) -> None:
    """Put them back, so that the same numbers are drawn once more."""
    torch.set_rng_state(states[0])
    for state in states[1:]:
        torch.cuda.set_rng_state(state, device)
