"""Communication between the processes of one training. With one process every function returns its input.

Each process has an even share of the batch's items, in their order. Losses are means over items, so the mean
of the processes' gradients is the whole batch's. Where a loss or a layer is no mean over items, ``total``,
``average`` and ``whole`` make it see the whole batch; their gradients pass between the processes too.

Legend: N items of a share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

# The others wait while the first validates and saves; a death is seen by the launcher at once.
_PATIENCE = timedelta(hours=12)


def join(rank: int, processes: int, store: Path, cuda: bool) -> None:
    """Become process ``rank`` of ``processes``; they meet through the file ``store``."""
    if cuda:
        torch.cuda.set_device(rank)
    dist.init_process_group(
        "nccl" if cuda else "gloo",
        init_method=f"file://{store}",
        rank=rank,
        world_size=processes,
        timeout=_PATIENCE,
    )


def leave() -> None:
    """From here on this process is alone."""
    if dist.is_initialized():
        dist.destroy_process_group()


def size() -> int:
    """How many processes share the training."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """This process's number; 0 alone writes files."""
    return dist.get_rank() if dist.is_initialized() else 0


def wait() -> None:
    """Until all are here."""
    if size() > 1:
        dist.barrier()


def share(items: int) -> slice:
    """This process's items of a batch; ``items`` is a multiple of the number of processes."""
    own, rest = divmod(items, size())
    assert not rest, f"{items} items among {size()} processes"
    return slice(rank() * own, (rank() + 1) * own)


def total(value: Tensor) -> Tensor:
    """The sum over the processes."""
    return value if size() == 1 else _Sum.apply(value)  # type: ignore[no-untyped-call]


def average(value: Tensor) -> Tensor:
    """The mean over the processes."""
    return value if size() == 1 else _Sum.apply(value) / size()  # type: ignore[no-untyped-call]


def whole(rows_N: Tensor) -> Tensor:
    """The rows of all processes, in the batch's order."""
    return rows_N if size() == 1 else _Rows.apply(rows_N)  # type: ignore[no-untyped-call]


def average_gradients(gradients: list[Tensor]) -> None:
    """Put the mean over the processes in the place of each gradient."""
    if size() == 1 or not gradients:
        return
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    flat /= size()
    for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))


def average_values(
    values: Mapping[str, float], stop: bool, device: torch.device
) -> tuple[dict[str, float], bool]:
    """Each quantity's mean over the processes, and whether any of them was asked to stop."""
    if size() == 1:
        return dict(values), stop
    told = torch.tensor([*values.values(), float(stop)], dtype=torch.float64, device=device)
    dist.all_reduce(told)
    *sums, stops = told.tolist()
    return {name: value / size() for name, value in zip(values, sums, strict=True)}, stops > 0


def same_start(modules: Iterable[nn.Module]) -> None:
    """Give all processes the first one's weights and buffers."""
    if size() > 1:
        for module in modules:
            for tensor in module.state_dict().values():
                told = tensor.to(torch.uint8 if tensor.dtype == torch.bool else tensor.dtype).contiguous()
                dist.broadcast(told, 0)
                tensor.copy_(told)


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        summed = value.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(summed)
        return summed

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _Sum.apply(gradients[0])  # type: ignore[no-untyped-call]


class _Rows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows_N: Tensor) -> Tensor:
        parts = [torch.empty_like(rows_N, memory_format=torch.contiguous_format) for _ in range(size())]
        dist.all_gather(parts, rows_N.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _Sum.apply(gradients[0])[share(len(gradients[0]))]  # type: ignore[no-untyped-call]
