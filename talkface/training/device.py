"""Where and in which precision a network runs."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from talkface.config import Compute, ConfigError


def pick_device(compute: Compute) -> torch.device:
    """The device of the section; ``auto`` is CUDA where there is one. Raises ``ConfigError`` without it."""
    present = torch.cuda.is_available()
    if compute.device == "cuda" and not present:
        raise ConfigError(
            "compute.device: 'cuda' was asked for but torch finds no CUDA device; use 'auto' or 'cpu'"
        )
    return torch.device("cuda" if present and compute.device != "cpu" else "cpu")


def pick_precision(compute: Compute, device: torch.device) -> str:
    """``float32`` or ``bfloat16``; ``auto`` is bfloat16 on CUDA and float32 on the CPU.

    bfloat16 on the CPU has to be asked for: it pays only where the processor multiplies it natively.
    """
    if compute.precision == "auto":
        return "bfloat16" if device.type == "cuda" else "float32"
    return compute.precision


def autocast(device: torch.device, precision: str) -> AbstractContextManager:
    """Mixed precision for the forward pass; weights, optimiser and EMA stay float32."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def prepare(compute: Compute) -> torch.device:
    """Apply the section to this process (threads, deterministic kernels) and return its device."""
    torch.set_num_threads(compute.threads)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    return pick_device(compute)
