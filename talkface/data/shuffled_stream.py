"""The order in which a training sees its items: a pure function of a counter, so that it can be resumed."""

from __future__ import annotations

import numpy as np


class ShuffledStream:
    """An endless stream of item indices: epoch after epoch, each in an order drawn from ``(seed, epoch)``.

    Position ``p`` of the stream is item ``p % size`` in the order of epoch ``p // size``: nothing has to be
    saved to go on from any position.
    """

    def __init__(self, size: int, seed: int):
        if size < 1:
            raise ValueError("nothing to train on: the data set is empty")
        self.size = size
        self._seed = seed
        self._epoch = -1
        self._order = np.empty(0, np.int64)

    def items(self, start: int, count: int) -> list[int]:
        """The ``count`` item indices from position ``start`` (both in items, not in samples)."""
        taken: list[int] = []
        while len(taken) < count:
            epoch, offset = divmod(start + len(taken), self.size)
            taken.extend(self._permutation(epoch)[offset : offset + count - len(taken)].tolist())
        return taken

    def _permutation(self, epoch: int) -> np.ndarray:
        if epoch != self._epoch:  # the newest epoch alone is kept: the counter only grows
            self._order = np.random.default_rng([self._seed, epoch]).permutation(self.size)
            self._epoch = epoch
        return self._order
