"""Task: the five Audio-to-AU nets (paper A, section 3; papers B and C, equation of L_au).

Sound windows of consecutive frames -> presence of each AU in each frame. Labels come from ``label_aus`` on
the speaker's own statistics; the loss is weighted BCE + Dice, the weights inverse to each AU's rate. [own]:
beside presence each net may regress the intensity: presence alone says little of how far a mouth opens.

Shape legend: B windows, T frames, C cepstral coefficients, K hops, A action units, N frames of all clips.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from talkface.artifacts.schemas import AU_NAMES, AUS
from talkface.config import AudioToAu as AudioToAuConfig
from talkface.config import Mfcc
from talkface.data.rows import each_clip, starts, vectors
from talkface.data.sequences import WindowIndex, load_sound, sound_statistics, sound_windows
from talkface.data.subsets import clip_lengths
from talkface.losses.presence_loss import PresenceLoss, inverse_rate_weights
from talkface.models.audio_to_au import AudioToAu
from talkface.training import parallel, seeding
from talkface.training.loop import StepContext, Task
from talkface.training.schedule import build_optimizer

logger = logging.getLogger(__name__)


class AudioToAuTask(Task):
    """Data, nets and loss, as the training loop asks for them."""

    def __init__(
        self, split: Path, mel: list[Path], aus: list[Path], config: AudioToAuConfig, mfcc: Mfcc, seed: int
    ):
        seeding.reseed(seed)
        self.network = AudioToAu(
            dropout=config.dropout, coefficients=mfcc.coefficients, window_hops=mfcc.window_hops
        )
        self.modules = {"audio_to_au": self.network}
        self.optimizers = {"audio_to_au": build_optimizer(self.network.parameters(), config.training)}
        self._config, self._mfcc = config, mfcc
        lengths = clip_lengths(split, "train")
        self._train = _LabelledSound(lengths, mel, aus, mfcc)
        self._windows = WindowIndex(lengths, config.window_frames)
        self.size, self.samples_per_item = len(self._windows), config.window_frames
        self.network.sound_norm.set(*sound_statistics(self._train.sound[clip] for clip in lengths))
        self._presence_loss = PresenceLoss(inverse_rate_weights(self._train.rate_A))
        for name, rate in zip(AU_NAMES, self._train.rate_A.tolist(), strict=True):
            logger.info("%s is present in %.1f %% of the training frames", name, 100 * rate)
        held_back = _optional_lengths(split, "seen_test")
        self._held_back = _LabelledSound(held_back, mel, aus, mfcc) if held_back else None

    def step(self, indices: list[int], context: StepContext) -> dict[str, torch.Tensor]:
        """One update on the drawn windows."""
        own = self._windows.draw(indices, context.rng)[context.share(len(indices))]

        def losses(rows: slice) -> dict[str, torch.Tensor]:
            mfcc_BTCK, presence_BTA, intensity_BTA = (
                torch.stack([read(clip, frames) for clip, frames in own[rows]]).to(context.device)
                for read in (self._train.windows, self._train.presence, self._train.intensity)
            )
            with context.autocast():
                _, logit_BTA, predicted_BTA = self.network(mfcc_BTCK)
            # Dice is the whole batch's
            losses = {"presence": self._presence_loss(*map(parallel.whole, (logit_BTA, presence_BTA)))}
            loss = losses["presence"]
            if self._config.intensity_weight:
                losses["intensity"] = F.mse_loss(predicted_BTA.float(), intensity_BTA)
                loss = loss + self._config.intensity_weight * losses["intensity"]
            return {"loss": loss, **{f"loss/{name}": value for name, value in losses.items()}}

        return context.descend(len(own), losses)

    def validate(self, context: StepContext) -> dict[str, float]:
        """F1 of presence and correlation of intensity on held-back clips of seen speakers."""
        if self._held_back is None:
            return {}
        logits, intensities = [], []
        for clip, length in self._held_back.lengths.items():
            windows = self._held_back.windows(clip, np.arange(length))[None]
            _, logit_BTA, intensity_BTA = self.network(windows.to(context.device))
            logits.append(logit_BTA[0].float().cpu())
            intensities.append(intensity_BTA[0].float().cpu())
        truth, target = self._held_back.presence_NA, self._held_back.intensity_NA
        found, predicted = torch.cat(logits) > 0, torch.cat(intensities)
        values = {}
        for a, name in enumerate(AU_NAMES):
            hits = (found[:, a] & truth[:, a]).sum().item()
            marked = found[:, a].sum().item() + truth[:, a].sum().item()
            values[f"validation/f1/{name}"] = 2 * hits / marked if marked else float("nan")
            values[f"validation/pcc/{name}"] = torch.corrcoef(torch.stack([predicted[:, a], target[:, a]]))[
                0, 1
            ].item()
        return {name: value for name, value in values.items() if value == value}


class _LabelledSound:
    """Sound of clips as it is asked for, and their AU labels in memory: 25 bytes a frame."""

    def __init__(self, lengths: dict[str, int], mel: list[Path], aus: list[Path], mfcc: Mfcc):
        self.lengths = lengths
        self._window_hops = mfcc.window_hops
        self.sound = load_sound(mel, lengths, mfcc)
        self._begin, count = starts(lengths), sum(lengths.values())
        self.presence_NA = torch.zeros(count, len(AU_NAMES), dtype=torch.bool)
        self.intensity_NA = torch.zeros(count, len(AU_NAMES))
        for clip, table in each_clip(aus, AUS, lengths):
            if len(table) != lengths[clip]:
                raise ValueError(f"clip '{clip}': {len(table)} AU labels for {lengths[clip]} frames")
            frames = slice(self._begin[clip], self._begin[clip] + lengths[clip])
            self.presence_NA[frames] = torch.from_numpy(vectors(table, "presence") != 0)
            self.intensity_NA[frames] = torch.from_numpy(vectors(table, "normalised"))
        self.rate_A = self.presence_NA.float().mean(0).clamp(0.01, 0.99)

    def presence(self, clip: str, frames_T: np.ndarray) -> torch.Tensor:
        """Presence [T, A] in the given frames, 0 or 1."""
        return self.presence_NA[torch.from_numpy(self._begin[clip] + frames_T)].float()

    def intensity(self, clip: str, frames_T: np.ndarray) -> torch.Tensor:
        """Normalised intensity [T, A] in the given frames."""
        return self.intensity_NA[torch.from_numpy(self._begin[clip] + frames_T)]

    def windows(self, clip: str, frames_T: np.ndarray) -> torch.Tensor:
        """Sound windows [T, C, K] of the given frames."""
        return sound_windows(self.sound[clip], frames_T, self._window_hops)


def _optional_lengths(split: Path, subset: str) -> dict[str, int]:
    try:
        return clip_lengths(split, subset)
    except ValueError:
        return {}
