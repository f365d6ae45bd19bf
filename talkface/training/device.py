"""Where and in which precision a network runs."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import torch
from torch import nn

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

    That is every CUDA device of today and a CPU with AMX or AVX512_BF16; elsewhere it is emulated. The demo's
    networks on one core, float32 and bfloat16, samples/s: with AMX, autoencoder 24 and 43, AU-Attention 20
    and 53; with AVX512_BF16 alone (AMD Zen 5), autoencoder 44 and 63, AU-Attention 33 and 56.
    """
    if compute.precision != "auto":
        return compute.precision
    multiplies = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    native = device.type == "cuda" or multiplies
    return "bfloat16" if native else "float32"


def autocast(device: torch.device, precision: str) -> AbstractContextManager[None]:
    """Mixed precision for the forward pass; weights, optimiser and EMA stay float32."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


Network = TypeVar("Network", bound=nn.Module)


def laid_out(network: Network, device: torch.device) -> Network:
    """A frozen convolutional network for float32: on a CPU with channels last, in about half the time.

    Its values change by rounding. Measured with the demo's autoencoder on a core with AMX: encoding 43 to 100
    frames/s (with batches of 16), decoding 25 to 41. In bfloat16 it makes no difference.
    """
    if device.type == "cpu":
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def prepare(compute: Compute) -> torch.device:
    """Apply the section to this process (threads, deterministic kernels) and return its device."""
    torch.set_num_threads(compute.threads)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    return pick_device(compute)
