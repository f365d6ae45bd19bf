"""What the steps of a training learn from, drawn in their order: by the training itself, or ahead of it.

What a step draws is a function of the seed and of the samples seen, so who draws it, and when, changes
nothing. On a GPU, processes of torch's ``DataLoader`` draw while the card works.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from talkface.data.shuffled_stream import ShuffledStream
from talkface.training import seeding
from talkface.training.task import Task

_KEPT_READY = 2
"""Steps that each process draws ahead."""


class _Draws(Dataset[Any]):
    """What is drawn for the step that begins at a number of samples."""

    def __init__(self, task: Task, seed: int, batch_size: int):
        self._task, self._seed, self._batch_size = task, seed, batch_size
        self._stream = ShuffledStream(task.size, seed)

    def __getitem__(self, samples: int) -> Any:
        items = self._stream.items(samples // self._task.samples_per_item, self._batch_size)
        return self._task.draw(items, seeding.numpy_generator(self._seed, samples))


def draws(
    task: Task, seed: int, batch_size: int, steps: range, *, loaders: int, pinned: bool
) -> Iterator[Any]:
    """What ``task.draw`` gives for each step.

    Args:
        task: the training's.
        seed: the training's.
        batch_size: items of a step.
        steps: samples seen before each step.
        loaders: processes that draw ahead; 0: it is drawn when it is asked for.
        pinned: hand it on in memory from which a GPU copies while it works.
    """
    return iter(
        DataLoader(
            _Draws(task, seed, batch_size),
            sampler=steps,
            batch_size=None,  # a draw is a whole batch
            collate_fn=_as_it_is,
            num_workers=loaders,
            prefetch_factor=_KEPT_READY if loaders else None,
            multiprocessing_context="fork" if loaders else None,  # the task goes along without being copied
            pin_memory=pinned,
            generator=torch.Generator(),  # its own draw of a seed leaves the global one alone
        )
    )


def _as_it_is(drawn: Any) -> Any:
    return drawn
