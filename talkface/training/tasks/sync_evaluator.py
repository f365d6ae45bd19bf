"""Task: the sync evaluator, two towers that tell which sound belongs to which lips.

SyncNet (Chung and Zisserman 2016), [own]: trained with InfoNCE. Among the windows of a group of clips of one
speaker each window's partner is to be found, so the negatives are the same clip shifted in time, and other
clips with the same face and voice. Pictures and sounds are varied. Only training clips are seen.

A network that pairs them no better than chance stops the training: half way through, and at the end, its
loss has to be below ln N by ``least_gain``.

Shape legend: B groups, G clips of a group, W windows of a clip, F frames, K hops, M mel bands, N = G W.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from talkface.config import SyncEvaluator as SyncEvaluatorConfig
from talkface.data.mouth_clips import picture_change
from talkface.data.rows import speaker_of
from talkface.data.sequences import sound_statistics
from talkface.data.subsets import clip_lengths
from talkface.data.sync_windows import SyncBatch, SyncGroups, sound_change
from talkface.losses.contrastive import chance, info_nce
from talkface.models.mouth_view import mouth_and_chin
from talkface.models.sync_evaluator import FRAMES, HOPS, SyncEvaluator
from talkface.training import seeding
from talkface.training.errors import TrainingError
from talkface.training.loop import StepContext, Task
from talkface.training.schedule import build_optimizer

logger = logging.getLogger(__name__)

_CHECKED_GROUPS = 32
_LARGEST_SCALE = 50.0


class SyncEvaluatorTask(Task):
    """Windows, network and loss, as the training loop asks for them; a sample is a window."""

    def __init__(
        self,
        split: Path,
        faces: Sequence[Path],
        mel: Sequence[Path],
        crop_size: int,
        config: SyncEvaluatorConfig,
        scratch: Path | None = None,
    ):
        seeding.reseed(config.seed)
        self._groups = SyncGroups(
            faces, mel, clip_lengths(split, "train"), crop_size,
            see=mouth_and_chin, window=(FRAMES, HOPS),
            clips=config.clips_per_group, windows=config.windows_per_clip,
            picture=picture_change(config.picture), sound=sound_change(config.sound), scratch=scratch,
        )  # fmt: skip
        bands = self._groups.mel[self._groups.clips[0]].shape[1]
        self.network = SyncEvaluator(config.width, config.embedding, bands)
        sounds = (torch.from_numpy(self._groups.mel[clip]) for clip in self._groups.clips)
        self.network.sound_norm.set(*sound_statistics(sounds))
        self.modules = {"sync_evaluator": self.network}
        self.optimizers = {"sync_evaluator": build_optimizer(self.network.parameters(), config.training)}
        self._config = config
        self.size = len(self._groups)
        self.samples_per_item = config.clips_per_group * config.windows_per_clip
        self._chance = chance(self.samples_per_item)
        speakers = len({speaker_of(clip) for clip in self._groups.clips})
        logger.info(
            "%d clips of %d speakers; chance is a loss of ln %d = %.2f",
            self.size, speakers, self.samples_per_item, self._chance,
        )  # fmt: skip

    def draw(self, indices: list[int], rng: np.random.Generator) -> SyncBatch:
        """A group of clips around each of the drawn ones."""
        return self._groups.draw(indices, rng)

    def step(self, drawn: SyncBatch, context: StepContext) -> dict[str, Tensor]:
        """One update on the drawn groups."""
        own = drawn[context.share(len(drawn))].to(context.device)

        def losses(rows: slice) -> dict[str, Tensor]:
            with context.autocast():
                loss, accuracy = self._loss(self.network, own[rows])
            return {"loss": loss, "accuracy": accuracy}

        return context.descend(len(own), losses)

    def validate(self, context: StepContext) -> dict[str, float]:
        """The same of unvaried groups of training clips; a loss at chance is an error from half way on."""
        values = self.checked(context.network, context.device)
        if 2 * context.samples >= context.training.samples:
            self.refuse_chance(values["validation/loss"], context.samples)
        return values

    @torch.no_grad()
    def checked(self, network: torch.nn.Module, device: torch.device) -> dict[str, float]:
        """Loss and accuracy on some groups of training clips, the same every time."""
        assert isinstance(network, SyncEvaluator)
        rng = np.random.default_rng(self._config.seed)
        found = []
        for _ in range(_CHECKED_GROUPS):
            group = self._groups.draw([int(rng.integers(self.size))], rng, changed=False)
            found.append([float(value) for value in self._loss(network, group.to(device))])
        loss, accuracy = np.mean(found, axis=0).tolist()
        return {"validation/loss": loss, "validation/accuracy": accuracy}

    def refuse_chance(self, loss: float, samples: int) -> None:
        """Raise ``TrainingError`` for a loss that is not below chance by ``least_gain``."""
        least = self._config.least_gain
        if least and loss > (1 - least) * self._chance:
            raise TrainingError(
                f"sync_evaluator: after {samples} samples the loss is {loss:.3f}, and ln "
                f"{self.samples_per_item} = {self._chance:.3f} is chance: it does not tell which sound "
                "belongs to which lips. Check that the clips' sound belongs to their picture (the offset in "
                "the log), give it more clips or metrics.evaluators.sync_evaluator.training.samples, or "
                "leave it out (enabled: false)"
            )

    def _loss(self, network: SyncEvaluator, batch: SyncBatch) -> tuple[Tensor, Tensor]:
        B, _, W = batch.grey_BGWFhw.shape[:3]
        grey_NFhw = batch.grey_BGWFhw.flatten(0, 2).float() / 255
        gamma_N = batch.gamma_BG.flatten().repeat_interleave(W)
        affine_N23 = batch.affine_BG23.flatten(0, 1).repeat_interleave(W, dim=0)
        lips_NE = network.lips(grey_NFhw ** gamma_N[:, None, None, None], affine_N23)
        sound_NE = network.sound(batch.mel_BGWKM.flatten(0, 2))
        scale = network.log_scale.exp().clamp(max=_LARGEST_SCALE)
        return info_nce(lips_NE.unflatten(0, (B, -1)), sound_NE.unflatten(0, (B, -1)), scale)
