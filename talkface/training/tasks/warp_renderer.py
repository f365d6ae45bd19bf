"""Task: the renderer that warps the photo (E_a, Audio-to-AU's feature, fusion, flow, mask and residual).

A sample is one rendered frame; the fusion always sees the whole window around it, and the head that reads
action units off the token learns from all frames of the window. What a window shows is varied: photo and true
frames in the same way, and the sound. The photo is the clip's first frame or any other.

Loss = L1 (the mouth weighs more) + L1 of the error's gradient + total variation of the flow + the head's
error, in value and in course; optionally a critic of the mouth region.

Shape legend: B windows, T frames of a window, N rendered frames (M of each window), A action units, K hops,
C cepstra, W hops of a sound window, H and W of the crop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.artifacts.schemas import AUS, MEL
from talkface.artifacts.weights import load_model
from talkface.config import Fused, Mfcc
from talkface.config import WarpRenderer as WarpRendererConfig
from talkface.data.augmentation import (
    PictureChange,
    change_pictures,
    change_sound,
    draw_pictures,
    silent_sound,
)
from talkface.data.clip_store import ClipStore
from talkface.data.frames import Frames, to_pictures
from talkface.data.regions import mouth_box, region_weight
from talkface.data.rows import vectors
from talkface.data.sequences import WindowIndex, cepstra, sound_statistics
from talkface.data.stores import identity_store
from talkface.data.subsets import clip_lengths
from talkface.data.windows import hop_indices
from talkface.losses.gan import critic_loss, generator_loss
from talkface.losses.warping import course_loss, edge_loss, variation
from talkface.models.audio_to_au import AudioToAu
from talkface.models.critics import FrameCritic
from talkface.models.warp_renderer import WarpRenderer
from talkface.training.given import Given
from talkface.training.loop import StepContext, Task
from talkface.training.schedule import build_optimizer

_NOT_OF_THE_NETWORK = {
    "training", "window_frames", "frames_per_window", "mouth_weight", "audio_hops", "critic_width", "losses",
    "balance_speakers", "first_frame_share", "true_aus_share", "token_dropout", "pictures", "sound",
}  # fmt: skip


_CRITIC_SIZE = 64


@dataclass(frozen=True)
class Labels:
    """A clip's true action units."""

    au_TA: Tensor  # normalised intensity / 5
    valid_T: Tensor  # bool: a face was found
    shut: int  # the frame whose lips are nearest to shut

    @property
    def nbytes(self) -> int:
        """Bytes of all parts."""
        return self.au_TA.nbytes + self.valid_T.nbytes


def labels_of(rows: pa.Table) -> Labels:
    """A clip's AUS rows as tensors."""
    au_TA = torch.from_numpy(vectors(rows, "normalised")) / 5
    valid_T = torch.from_numpy(rows["detected"].to_numpy().astype(np.bool_))
    parted_T = au_TA[:, 3:].sum(1) + (~valid_T) * au_TA.numel()
    return Labels(au_TA, valid_T, int(parted_T.argmin()))


class WarpData:
    """The training clips: crops, log-mel frames, true action units, and AU-Attention's masks.

    Args:
        lengths: the clips that are drawn from, with their frames.
        frames: their crops.
        mel: MEL of the speakers.
        aus: AUS of the speakers.
        identities: IDENTITIES of the speakers, for AU-Attention's masks; none without them.
        mfcc: what the networks hear.
        crop_size: side of the crops.
    """

    def __init__(
        self,
        lengths: Mapping[str, int],
        frames: Frames,
        mel: Iterable[Path],
        aus: Iterable[Path],
        identities: Iterable[Path],
        mfcc: Mfcc,
        crop_size: int,
    ):
        self.lengths, self.frames, self.mfcc, self.crop_size = dict(lengths), frames, mfcc, crop_size
        self.mel: ClipStore[np.ndarray] = ClipStore(mel, MEL, lambda rows: vectors(rows, "mel"))
        self.labels = ClipStore(aus, AUS, labels_of)
        self.identities = identity_store(identities, crop_size)
        for store in (self.mel, self.labels):
            store.require(lengths)


@dataclass(frozen=True)
class Batch:
    """Windows as they come from the disk, and what is done to them."""

    mfcc_BTCW: Tensor  # of the varied sound
    au_BTA: Tensor  # true action units; with a silent sound those of the clip's shut mouth
    valid_BT: Tensor  # where they are known
    at_BM: Tensor  # positions in the window that are rendered
    truth_BMHW3: Tensor  # uint8, the true frames there
    photo_BHW3: Tensor  # uint8
    mask_B1HW: Tensor  # AU-Attention's; none without ``disentangled``: [B, 0, H, W]
    true_aus_B: Tensor  # bool: driven by the true action units
    heard_B: Tensor  # bool: driven by the token too
    change: PictureChange

    def __len__(self) -> int:
        return len(self.mfcc_BTCW)

    def __getitem__(self, rows: slice) -> Batch:
        return Batch(*(getattr(self, field.name)[rows] for field in fields(self)))

    def to(self, device: torch.device) -> Batch:
        """On a device."""
        return Batch(*(getattr(self, field.name).to(device) for field in fields(self)))


class WarpRendererTask(Task):
    """Data, networks and losses, as the training loop asks for them.

    Args:
        data: what is trained on.
        audio_to_au: frozen, where the fusion gets its feature; it hears the varied sound.
        config: the section.
    """

    def __init__(self, data: WarpData, audio_to_au: AudioToAu | None, config: WarpRendererConfig):
        self._data, self._audio_to_au, self._config = data, audio_to_au, config
        self._windows = WindowIndex(data.lengths, config.window_frames, config.balance_speakers)
        self._hops = config.audio_hops or data.mfcc.window_hops
        self._box = mouth_box(data.crop_size)
        self.network = build_warp_renderer(config, data.mfcc, data.crop_size)
        if self.network.audio_encoder is not None:
            sound = (cepstra(data.mel[clip], data.mfcc) for clip in data.lengths)
            self.network.audio_encoder.sound_norm.set(*sound_statistics(sound))
        self.modules: dict[str, nn.Module] = {"renderer": self.network}
        if config.losses.adversarial:
            self.modules["critic"] = FrameCritic(config.critic_width)
        self.optimizers = {
            name: build_optimizer(module.parameters(), config.training)
            for name, module in self.modules.items()
        }
        self.size, self.samples_per_item = len(self._windows), config.frames_per_window

    def step(self, indices: list[int], context: StepContext) -> dict[str, Tensor]:
        """One update on some frames of each drawn window, then one of the critic once it has joined."""
        batch = self.draw(indices, context.rng)
        batch = batch[context.share(len(batch))]
        mouths: dict[int, tuple[Tensor, Tensor]] = {}
        losses = partial(self._losses, batch, mouths, context)
        values = context.descend(len(batch), losses, "renderer")
        if self._judged(context):
            own = context.descend(len(batch), partial(self._critic_losses, mouths, context), "critic")
            values["loss/critic_own"] = own["loss"]
        return values

    def draw(self, indices: list[int], rng: np.random.Generator) -> Batch:
        """A batch's windows; all that is random about a step but dropout."""
        rows = [self._draw(clip, frames, rng) for clip, frames in self._windows.draw(indices, rng)]
        change = draw_pictures(self._config.pictures, len(rows), rng)
        return Batch(*cast(Any, [*map(torch.stack, zip(*rows, strict=True)), change]))

    def _draw(self, clip: str, frames_T: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, ...]:
        config, data = self._config, self._data
        labels, mel_KM = data.labels[clip], data.mel[clip]
        at_M = np.sort(rng.choice(len(frames_T), size=config.frames_per_window, replace=False))
        first, other = rng.random() < config.first_frame_share, int(rng.integers(data.lengths[clip]))
        silent = rng.random() < config.sound.silence_share
        true_aus, heard = rng.random() < config.true_aus_share, rng.random() >= config.token_dropout
        hops_TW = hop_indices(frames_T, len(mel_KM), self._hops)
        mel_KM = mel_KM[hops_TW.min() : hops_TW.max() + 1]
        if silent:
            mel_KM, frames_T = silent_sound(mel_KM.shape, rng), np.full_like(frames_T, labels.shut)
            true_aus, heard = False, True
        else:
            mel_KM = change_sound(mel_KM, config.sound, rng)
        size = data.crop_size
        mask = data.identities[clip].mask if config.disentangled else torch.empty(0, size, size)
        return (
            cepstra(mel_KM, data.mfcc)[torch.from_numpy(hops_TW - hops_TW.min())].transpose(1, 2),
            labels.au_TA[torch.from_numpy(frames_T)],
            labels.valid_T[torch.from_numpy(frames_T)],
            torch.from_numpy(at_M),
            torch.from_numpy(data.frames.of_clip(clip, frames_T[at_M])),
            torch.from_numpy(data.frames.of_clip(clip, np.array([0 if first else other]))[0]),
            mask,
            torch.tensor(true_aus),
            torch.tensor(heard),
        )

    def _losses(
        self, batch: Batch, mouths: dict[int, tuple[Tensor, Tensor]], context: StepContext, rows: slice
    ) -> dict[str, Tensor]:
        batch = batch[rows].to(context.device)
        windows, per_window = batch.at_BM.shape
        window_N = torch.arange(windows, device=context.device).repeat_interleave(per_window)
        at_N = batch.at_BM.flatten()
        photo_B3HW, mask_B1HW = self._photos(batch)
        truth_N3HW, weight_N1HW = self._truth(batch, window_N)
        with context.autocast():
            token_BTC = self.network.fuse(batch.mfcc_BTCW, photo_B3HW, self._told(batch.mfcc_BTCW))
            told_BTA = self.network.action_units(token_BTC).float()
            levels = self.network.skips(photo_B3HW, mask_B1HW)
            true_N = batch.true_aus_B[window_N] & batch.valid_BT[window_N, at_N]
            driving_NA = torch.where(true_N[:, None], batch.au_BTA[window_N, at_N], told_BTA[window_N, at_N])
            painted = self.network.decode(
                token_BTC[window_N, at_N],
                driving_NA,
                [level_BCHW[window_N] for level_BCHW in levels],
                batch.heard_B[window_N].float(),
            )
        error_N3HW = painted.frame_N3HW - truth_N3HW
        losses = {
            "reconstruction": (error_N3HW.abs() * weight_N1HW).mean(),
            "edges": edge_loss(error_N3HW, weight_N1HW),
            "flow_variation": variation(painted.flow_N2hw),
            "aus": ((told_BTA - batch.au_BTA).square().mean(-1) * batch.valid_BT).mean(),
            "course": course_loss(told_BTA, batch.au_BTA, batch.valid_BT),
        }
        if self._judged(context):
            own_N3HW, true_N3HW = self._mouth(painted.frame_N3HW), self._mouth(truth_N3HW)
            with context.autocast():
                losses["adversarial"] = generator_loss(self.modules["critic"](own_N3HW))
            pairs = zip(own_N3HW.detach().split(per_window), true_N3HW.split(per_window), strict=True)
            mouths.update(zip(range(rows.start, rows.stop), pairs, strict=True))
        weighted = [getattr(self._config.losses, name) * value for name, value in losses.items()]
        return {
            "loss": torch.stack(weighted).sum(),
            **{f"loss/{name}": value for name, value in losses.items()},
        }

    def _critic_losses(
        self, mouths: dict[int, tuple[Tensor, Tensor]], context: StepContext, rows: slice
    ) -> dict[str, Tensor]:
        critic, pairs = self.modules["critic"], [mouths[row] for row in range(rows.start, rows.stop)]
        with context.autocast():
            own, true = (critic(torch.cat(side)) for side in zip(*pairs, strict=True))
            return {"loss": critic_loss(true, own)}

    def _judged(self, context: StepContext) -> bool:
        start = self._config.losses.adversarial_start * context.training.samples
        return "critic" in self.modules and context.samples >= start

    def _photos(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The varied photos [B, 3, H, W], and AU-Attention's masks moved with them."""
        seen_BCHW = torch.cat([to_pictures(batch.photo_BHW3), batch.mask_B1HW], dim=1)
        changed_BCHW = change_pictures(seen_BCHW, batch.change)
        return changed_BCHW[:, :3], changed_BCHW[:, 3:]

    def _truth(self, batch: Batch, window_N: Tensor) -> tuple[Tensor, Tensor]:
        """The varied true frames [N, 3, H, W], and the weights of their pixels [N, 1, H, W]."""
        truth_N3HW = to_pictures(batch.truth_BMHW3.flatten(0, 1))
        weight_HW = region_weight(self._box, truth_N3HW, self._config.mouth_weight)
        weight_N1HW = weight_HW.expand(len(truth_N3HW), 1, -1, -1)
        changed_N4HW = change_pictures(torch.cat([truth_N3HW, weight_N1HW], dim=1), batch.change[window_N])
        return changed_N4HW[:, :3], changed_N4HW[:, 3:]

    @torch.no_grad()
    def _told(self, mfcc_BTCW: Tensor) -> Tensor | None:
        if self._audio_to_au is None:
            return None
        feature_BTF, _, _ = self._audio_to_au.to(mfcc_BTCW.device)(mfcc_BTCW)
        return feature_BTF

    def _mouth(self, frame_N3HW: Tensor) -> Tensor:
        """The mouth region, enlarged to what the critic looks at."""
        top, bottom, left, right = self._box
        mouth_N3hw = frame_N3HW[:, :, top:bottom, left:right]
        return F.interpolate(mouth_N3hw, size=(_CRITIC_SIZE, _CRITIC_SIZE), mode="bilinear")


def build(given: Given, config: Fused) -> WarpRendererTask:
    """The task on the split's training clips."""
    assert isinstance(config, WarpRendererConfig)
    lengths = clip_lengths(given.split, "train")
    frames = Frames(given.faces, lengths, given.crop_size, scratch=given.scratch)
    data = WarpData(lengths, frames, given.mel, given.labels, given.identities, given.mfcc, given.crop_size)
    audio_to_au = None if given.audio_to_au is None else load_model(given.audio_to_au, AudioToAu)
    return WarpRendererTask(data, audio_to_au, config)


def build_warp_renderer(config: WarpRendererConfig, mfcc: Mfcc, crop_size: int) -> WarpRenderer:
    """The network of a configuration; ``WarpRenderer(**settings)`` rebuilds it from a saved model."""
    return WarpRenderer(
        **config.model_dump(exclude=_NOT_OF_THE_NETWORK),
        crop_size=crop_size,
        window_hops=config.audio_hops or mfcc.window_hops,
        coefficients=mfcc.coefficients,
    )
