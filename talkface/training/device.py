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
            "compute.device: 'cuda' was requested but torch finds no CUDA device; use 'auto' or 'cpu'"
        )
    return torch.device("cuda" if present and compute.device != "cpu" else "cpu")


def check_processes(compute: Compute) -> None:
    """Raise ``ConfigError`` where there is not a GPU for each process of a training on GPUs."""
    present = torch.cuda.device_count()
    if pick_device(compute).type == "cuda" and compute.processes > present:
        raise ConfigError(
            f"compute.processes: {compute.processes} processes need as many GPUs, and torch finds {present}; "
            "lower it, or ask the cluster for more GPUs (docs/distributed.md)"
        )


def pick_precision(compute: Compute, device: torch.device) -> str:
    """``float32`` or ``bfloat16``; ``auto`` is bfloat16 where the device multiplies it natively.

    That is every CUDA device of today and a CPU with AMX (1.7 times as fast there; elsewhere it is emulated).
    """
    if compute.precision != "auto":
        return compute.precision
    native = device.type == "cuda" or torch.cpu._is_amx_tile_supported()
    return "bfloat16" if native else "float32"


def autocast(device: torch.device, precision: str) -> AbstractContextManager[None]:
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
