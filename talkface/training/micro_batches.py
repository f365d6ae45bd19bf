"""Splits a share of a batch into parts that fit the device's memory, and adds up their gradients."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping

import torch
from torch import nn
from torch.optim import Optimizer

from talkface.training import parallel, seeding
from talkface.training.batch_part import as_whole
from talkface.training.errors import TrainingError

logger = logging.getLogger(__name__)

Quantities = Callable[[slice], Mapping[str, torch.Tensor]]


class MicroBatches:
    """How many items go through the networks at once: all, until memory runs out, then half as many.

    One process halves by itself and takes the step again from the same samples. Of several processes all have
    to cut alike: there the error is raised, and the launcher starts all of them with less.

    Args:
        at_once: items; ``None``: all.
        batch_size: items of the whole batch, for the log.
        samples_per_item: samples of an item, for the log.
        what: the stage.
    """

    def __init__(self, at_once: int | None, batch_size: int, samples_per_item: int, what: str):
        self.at_once = at_once
        self._batch_size, self._samples_per_item, self._what = batch_size, samples_per_item, what

    def accumulate(
        self,
        items: int,
        quantities_of: Quantities,
        optimizer: Optimizer,
        modules: Iterable[nn.Module],
        device: torch.device,
    ) -> dict[str, torch.Tensor]:
        """Leave the gradient of the items' mean loss in the parameters; returns the quantities' means."""
        generators = seeding.generator_states(device)
        buffers = [(buffer, buffer.clone()) for module in modules for buffer in module.buffers()]
        while True:
            try:
                return self._attempt(items, quantities_of, optimizer, generators, device)
            except torch.OutOfMemoryError:
                if parallel.size() > 1:
                    raise
            # Outside of the handler: the exception holds on to the failed pass's tensors.
            at_once = min(self.at_once or items, items)
            self.at_once = halved(at_once, self._batch_size, self._what, self._samples_per_item)
            optimizer.zero_grad(set_to_none=True)
            for buffer, value in buffers:
                buffer.copy_(value)
            if device.type == "cuda":
                torch.cuda.empty_cache()

    def _attempt(
        self,
        items: int,
        quantities_of: Quantities,
        optimizer: Optimizer,
        generators: list[torch.Tensor],
        device: torch.device,
    ) -> dict[str, torch.Tensor]:
        optimizer.zero_grad(set_to_none=True)
        at_once = min(self.at_once or items, items)
        means: dict[str, torch.Tensor] = {}
        for begin in range(0, items, at_once):
            rows = slice(begin, min(begin + at_once, items))
            seeding.set_generator_states(generators, device)
            with as_whole(rows, items):
                quantities = quantities_of(rows)
            weight = (rows.stop - rows.start) / items  # 1 for the whole: nothing is rounded
            (weight * quantities["loss"]).backward()
            for name, value in quantities.items():
                part = weight * value.detach()
                means[name] = means[name] + part if name in means else part
        return means


def halved(at_once: int, batch_size: int, what: str, samples_per_item: int | None = None) -> int:
    """Half as many items at once, said in the log; ``TrainingError`` where there is nothing left to halve.

    The log counts samples, or items where it is not known how many samples one has.
    """
    if at_once == 1:
        each = "" if samples_per_item is None else f" ({samples_per_item} samples)"
        raise TrainingError(
            f"{what}: out of memory with a single item{each} at once: use a device with more memory, more "
            "compute.processes, or a smaller network or window"
        )
    half, each_samples = (at_once + 1) // 2, samples_per_item or 1
    logger.warning(
        "%s: out of memory with %d %s at once: continuing with %d at once, the effective batch stays %d",
        what,
        at_once * each_samples,
        "items" if samples_per_item is None else "samples",
        half * each_samples,
        batch_size * each_samples,
    )
    return half
