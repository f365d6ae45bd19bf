"""Task: the AU classifier of papers B and C, five AUs' presence on the lower half of a face.

It judges generated frames in the AU loss; its own accuracy on real frames has a table. Loss: weighted BCE +
Dice, as for Audio-to-AU. [own]: small shifts of the picture, so that it judges generated frames by their
shape and not by their place.

Shape legend: N frames, A action units, H and W of the crop.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import torch

from talkface.artifacts.schemas import AU_NAMES
from talkface.config import AuClassifier as AuClassifierConfig
from talkface.data.frames import Frames, to_tensor
from talkface.data.presence_labels import presence_labels
from talkface.data.subsets import picture_lengths
from talkface.losses.presence_loss import PresenceLoss, inverse_rate_weights
from talkface.models.au_classifier import AuClassifier
from talkface.training import parallel, seeding
from talkface.training.loop import StepContext, Task
from talkface.training.schedule import build_optimizer

logger = logging.getLogger(__name__)

_SHIFT_PX = 3


class AuClassifierTask(Task):
    """Frames, labels, network and loss, as the training loop asks for them."""

    def __init__(
        self,
        split: Path,
        faces: list[Path],
        aus: list[Path],
        crop_size: int,
        config: AuClassifierConfig,
        seed: int,
        scratch: Path | None = None,
    ):
        seeding.reseed(seed)
        self.network = AuClassifier(config.width, crop_size)
        self.modules = {"au_classifier": self.network}
        self.optimizers = {"au_classifier": build_optimizer(self.network.parameters(), config.training)}
        lengths = picture_lengths(split)
        self._frames = Frames(faces, lengths, crop_size, scratch=scratch)
        labels = presence_labels(aus, lengths)
        self._presence_NA, self._valid_N = labels.presence_NA, labels.valid_N
        rate_A = self._presence_NA[self._valid_N].float().mean(0)
        self._loss = PresenceLoss(inverse_rate_weights(rate_A))
        self.size = len(self._frames)
        for name, rate in zip(AU_NAMES, rate_A.tolist(), strict=True):
            logger.info("%s is present in %.1f %% of the training frames", name, 100 * rate)

    def step(self, indices: list[int], context: StepContext) -> dict[str, torch.Tensor]:
        """One update on the drawn frames."""
        own = indices[context.share(len(indices))]
        vertical, horizontal = (int(shift) for shift in context.rng.integers(-_SHIFT_PX, _SHIFT_PX + 1, 2))

        def losses(rows: slice) -> dict[str, torch.Tensor]:
            image_N3HW = to_tensor(self._frames.images(own[rows]), context.device)
            image_N3HW = image_N3HW.roll((vertical, horizontal), (2, 3))
            chosen = torch.from_numpy(np.asarray(own[rows]))
            presence_NA, valid_N = (
                parallel.whole(values[chosen].to(context.device, torch.float32)).bool()
                for values in (self._presence_NA, self._valid_N)
            )
            with context.autocast():
                logit_NA = self.network(image_N3HW)
            logit_NA = parallel.whole(logit_NA)  # Dice and the number of valid frames are the whole batch's
            loss = self._loss(logit_NA, presence_NA, valid_N)
            agreed = ((logit_NA > 0) == presence_NA)[valid_N].float()
            return {"loss": loss, "accuracy": agreed.mean() if len(agreed) else torch.ones(())}

        return context.descend(len(own), losses)
