"""Makes a part of a batch behave like the whole batch: in several processes, or in micro-batches.

Dropout draws for the whole batch and keeps the part's rows, so that an item meets the same mask however the
batch is cut. Batch norm and the autoencoder's codebook look at the same rows of all processes together.
Micro-batches run one after another, and neither can look ahead: their statistics are the micro-batch's
(docs/distributed.md). Whole batches of one process never pass through here.

Legend: N items times what each has, C channels, H and W a map's rows and columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from talkface.models.autoencoder import Codebook
from talkface.training import parallel


def as_whole(rows: slice, own: int) -> AbstractContextManager[None]:
    """For the forward pass of ``rows`` of this process's ``own`` items."""
    if parallel.size() == 1 and rows == slice(0, own):
        return nullcontext()
    return _Part(rows, own)


class _Part(TorchFunctionMode):
    """Takes the place of the two functions of torch.nn that mix or draw for the items of a batch."""

    def __init__(self, rows: slice, own: int):
        super().__init__()
        begin = parallel.rank() * own
        self._begin, self._count = begin + rows.start, rows.stop - rows.start
        self._of, self._own = own * parallel.size(), own

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is F.dropout:
            return self._dropout(*args, **(kwargs or {}))
        if func is F.batch_norm:
            return self._batch_norm(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))

    def _dropout(self, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        if not training or p == 0:
            return F.dropout(input, p, training, inplace)
        each, rest = divmod(len(input), self._count)
        assert not rest, "dropout on a tensor whose rows are not the batch's items"
        # in the layout of the input: the order in which the numbers are drawn follows it
        order = sorted(range(input.ndim), key=input.stride, reverse=True)
        shape = [each * self._of, *input.shape[1:]]
        mask = F.dropout(input.new_ones([shape[axis] for axis in order]), p)
        mask = mask.permute([order.index(axis) for axis in range(input.ndim)])
        return input * mask[each * self._begin : each * (self._begin + self._count)]

    def _batch_norm(
        self,
        input: Tensor,
        running_mean: Tensor | None,
        running_var: Tensor | None,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        training: bool = False,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> Tensor:
        if training:  # as many micro-batches as there are move the running statistics as far as one batch
            momentum = 1 - (1 - momentum) ** (self._count / self._own)
        if not training or parallel.size() == 1:
            return F.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)
        assert (
            running_mean is not None and running_var is not None and weight is not None and bias is not None
        )
        x = input.float()
        others = [axis for axis in range(x.ndim) if axis != 1]
        column = [-1 if axis == 1 else 1 for axis in range(x.ndim)]
        count = x.numel() // x.shape[1] * parallel.size()
        mean_C = parallel.total(x.sum(others)) / count
        centred = x - mean_C.view(column)
        variance_C = parallel.total(centred.square().sum(others)) / count
        with torch.no_grad():
            running_mean.lerp_(mean_C, momentum)
            running_var.lerp_(variance_C * (count / (count - 1)), momentum)
        scale_C = weight * torch.rsqrt(variance_C + eps)
        return (centred * scale_C.view(column) + bias.view(column)).to(input.dtype)


def share_codebooks(modules: Iterable[nn.Module]) -> None:
    """Let every codebook learn from the latents of all processes: it sees the whole batch on each."""
    if parallel.size() == 1:
        return
    for module in modules:
        for part in module.modules():
            if isinstance(part, Codebook):
                part.register_forward_pre_hook(_all_latents)
                part.register_forward_hook(_own_latents)


def _all_latents(codebook: nn.Module, arguments: tuple[Tensor]) -> tuple[Tensor] | None:
    return (parallel.whole(arguments[0].float()),) if codebook.training else None


def _own_latents(
    codebook: nn.Module, _: Any, results: tuple[Tensor, Tensor, Tensor]
) -> tuple[Tensor, Tensor, Tensor] | None:
    if not codebook.training:
        return None
    quantised_N, commitment, index_N = results
    own = parallel.share(len(quantised_N))
    return quantised_N[own], commitment, index_N[own]
