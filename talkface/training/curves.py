"""A training's curves and sample pictures for TensorBoard, on request (``compute.tensorboard``).

Shape legend: N pictures, H and W of the crop.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from talkface.training.errors import TrainingError

FOLDER = "tensorboard"
"""Below a training's folder in ``work/``, so that ``tensorboard --logdir work`` shows all of them."""


class Curves:
    """Event files of one training; points after the state that it goes on from are replaced."""

    def __init__(self, work: Path, seen: int):
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise TrainingError(
                "compute.tensorboard: the package tensorboard is missing: pip install '.[tensorboard]', or "
                f"set it to false ({error})"
            ) from error
        self._writer = SummaryWriter(str(work / FOLDER), purge_step=seen + 1)

    def add(
        self, samples: int, values: Mapping[str, float], pictures_N3HW: Mapping[str, torch.Tensor]
    ) -> None:
        """One point of every curve, and rows of pictures in [-1, 1] by their name."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, samples)
        for name, row_N3HW in pictures_N3HW.items():
            shown_N3HW = ((row_N3HW.detach().float().cpu() + 1) / 2).clamp(0, 1)
            self._writer.add_image(name, torch.cat(list(shown_N3HW), dim=2), samples)
        self._writer.flush()

    def close(self) -> None:
        """Close the event file."""
        self._writer.close()
