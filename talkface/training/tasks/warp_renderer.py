"""Task: the renderer that warps the photo (E_a, Audio-to-AU's feature, fusion, flow, mask and residual).

A sample is one rendered frame; the fusion always sees the whole window around it, and the head that reads
action units off the token learns from all frames of the window. What a window shows is varied: photo and true
frames in the same way, and the sound. The photo is the clip's first frame or any other.

Loss = L1 (the mouth weighs more) + L1 of the error's gradient + how far the flow misses the landmarks + total
variation of the flow + the head's error, in value and in course; optionally a critic of the mouth region.
The landmarks say at once where each point of the photo has gone, which pixels alone teach slowly; what shows
between the lips weighs most of the pixels, since no warp can show it.

Shape legend: B windows, S sounds heard for each, T frames of a window, M of them rendered, N rendered frames
of all windows, A action units, P landmarks, K hops, C cepstra, W hops of a sound window, H and W of
the crop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.artifacts.schemas import AUS, LANDMARKS, MEL
from talkface.artifacts.weights import load_model
from talkface.config import Fused, Mfcc
from talkface.config import WarpRenderer as WarpRendererConfig
from talkface.data.augmentation import (
    PictureChange,
    change_sound,
    draw_pictures,
    moves,
    recolour,
    silent_sound,
)
from talkface.data.clip_store import ClipStore
from talkface.data.face_shapes import crop_points, face_shapes, lip_gap, point_weights
from talkface.data.frames import Frames, to_pictures
from talkface.data.regions import inner_mouth, mouth_box, region_weight
from talkface.data.rows import vectors
from talkface.data.sequences import WindowIndex, cepstra, sound_statistics
from talkface.data.stores import identity_store
from talkface.data.subsets import clip_lengths
from talkface.data.windows import hop_indices
from talkface.losses.gan import critic_loss, generator_loss
from talkface.losses.warping import course_loss, edge_loss, landmark_loss, variation
from talkface.models.audio_to_au import AudioToAu
from talkface.models.critics import FrameCritic
from talkface.models.warp_renderer import WarpRenderer
from talkface.training.given import Given
from talkface.training.loop import StepContext, Task
from talkface.training.schedule import build_optimizer

_NOT_OF_THE_NETWORK = {
    "training", "window_frames", "frames_per_window", "sound_windows", "mouth_weight", "inner_mouth_weight",
    "audio_hops", "critic_width", "losses",
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


def landmarks_of(rows: pa.Table, crop_size: int) -> Tensor:
    """A clip's LANDMARKS rows as points (x, y) in [-1, 1] of the crop, [T, P, 2]; half precision, to save
    memory."""
    return crop_points(vectors(rows, "points"), crop_size).half()


class WarpData:
    """The training clips: crops, log-mel frames, true action units, landmarks, and AU-Attention's masks.

    Args:
        lengths: the clips that are drawn from, with their frames.
        frames: their crops.
        mel: MEL of the speakers.
        aus: AUS of the speakers.
        landmarks: LANDMARKS of the speakers.
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
        landmarks: Iterable[Path],
        identities: Iterable[Path],
        mfcc: Mfcc,
        crop_size: int,
    ):
        self.lengths, self.frames, self.mfcc, self.crop_size = dict(lengths), frames, mfcc, crop_size
        self.mel: ClipStore[np.ndarray] = ClipStore(mel, MEL, lambda rows: vectors(rows, "mel"))
        self.labels = ClipStore(aus, AUS, labels_of)
        self.landmarks: ClipStore[Tensor] = ClipStore(
            landmarks, LANDMARKS, partial(landmarks_of, crop_size=crop_size)
        )
        self.identities = identity_store(identities, crop_size)
        for store in (self.mel, self.labels, self.landmarks):
            store.require(lengths)


class Heard(NamedTuple):
    """The sound of a window, with the action units that it tells."""

    mfcc_TCW: Tensor
    au_TA: Tensor
    valid_T: Tensor
    silent: bool


@dataclass(frozen=True)
class Batch:
    """Windows as they come from the disk, and what is done to them."""

    mfcc_BSTCW: Tensor  # of the varied sound; the first of each window's sounds is the rendered one
    au_BSTA: Tensor  # true action units; with a silent sound those of the clip's shut mouth
    valid_BST: Tensor  # where they are known
    at_BM: Tensor  # positions in the window that are rendered
    truth_BMHW3: Tensor  # uint8, the true frames there
    photo_BHW3: Tensor  # uint8
    points_BMP2: Tensor  # landmarks of the true frames
    photo_points_BP2: Tensor
    seen_BM: Tensor  # bool: those of the frame and of the photo were found
    mask_B1HW: Tensor  # AU-Attention's; none without ``disentangled``: [B, 0, H, W]
    true_aus_B: Tensor  # bool: driven by the true action units
    heard_B: Tensor  # bool: driven by the token too
    change: PictureChange

    def __len__(self) -> int:
        return len(self.mfcc_BSTCW)

    def __getitem__(self, rows: slice) -> Batch:
        return Batch(*(getattr(self, field.name)[rows] for field in fields(self)))

    def to(self, device: torch.device) -> Batch:
        """On a device."""
        return Batch(*(getattr(self, field.name).to(device) for field in fields(self)))


class Varied(NamedTuple):
    """What a batch shows, after its change."""

    photo_B3HW: Tensor
    mask_B1HW: Tensor
    truth_N3HW: Tensor
    weight_N1HW: Tensor  # of the true frames' pixels, of mean about one
    points_NP2: Tensor
    photo_points_BP2: Tensor
    point_weight_NP: Tensor  # 0 where they are not known


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
        self._point_weight_P = point_weights()
        self.network = build_warp_renderer(config, data.mfcc, data.crop_size)
        moving = (data.landmarks[clip][data.labels[clip].valid_T] for clip in data.lengths)
        self.network.set_shapes(*face_shapes(moving, config.shapes))
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
        labels = data.labels[clip]
        at_M = np.sort(rng.choice(len(frames_T), size=config.frames_per_window, replace=False))
        found = np.flatnonzero(labels.valid_T.numpy())
        found = found if len(found) else np.arange(data.lengths[clip])
        first, other = int(found[0]), int(rng.choice(found))
        photo = first if rng.random() < config.first_frame_share else other
        heard = self._hear(clip, frames_T, rng)
        more = self._windows.draw(rng.integers(self.size, size=config.sound_windows - 1).tolist(), rng)
        windows = [heard, *(self._hear(*window, rng) for window in more)]
        true_aus, by_token = rng.random() < config.true_aus_share, rng.random() >= config.token_dropout
        if heard.silent:
            frames_T = np.full_like(frames_T, labels.shut)
            true_aus, by_token = False, True
        size, frames_M = data.crop_size, frames_T[at_M]
        mask = data.identities[clip].mask if config.disentangled else torch.empty(0, size, size)
        points_TP2 = data.landmarks[clip]
        return (
            *map(torch.stack, zip(*((w.mfcc_TCW, w.au_TA, w.valid_T) for w in windows), strict=True)),
            torch.from_numpy(at_M),
            torch.from_numpy(data.frames.of_clip(clip, frames_M)),
            torch.from_numpy(data.frames.of_clip(clip, np.array([photo]))[0]),
            points_TP2[torch.from_numpy(frames_M)].float(),
            points_TP2[photo].float(),
            labels.valid_T[torch.from_numpy(frames_M)] & labels.valid_T[photo],
            mask,
            torch.tensor(true_aus),
            torch.tensor(by_token),
        )

    def _hear(self, clip: str, frames_T: np.ndarray, rng: np.random.Generator) -> Heard:
        """A window's sound, varied or silent, and the action units that go with it."""
        labels, mel_KM, sound = self._data.labels[clip], self._data.mel[clip], self._config.sound
        hops_TW = hop_indices(frames_T, len(mel_KM), self._hops)
        mel_KM = mel_KM[hops_TW.min() : hops_TW.max() + 1]
        silent = rng.random() < sound.silence_share
        if silent:
            mel_KM, frames_T = silent_sound(mel_KM.shape, rng), np.full_like(frames_T, labels.shut)
        else:
            mel_KM = change_sound(mel_KM, sound, rng)
        mfcc_TWC = cepstra(mel_KM, self._data.mfcc)[torch.from_numpy(hops_TW - hops_TW.min())]
        at_T = torch.from_numpy(frames_T)
        return Heard(mfcc_TWC.transpose(1, 2), labels.au_TA[at_T], labels.valid_T[at_T], silent)

    def _losses(
        self, batch: Batch, mouths: dict[int, tuple[Tensor, Tensor]], context: StepContext, rows: slice
    ) -> dict[str, Tensor]:
        batch = batch[rows].to(context.device)
        at_BM, window_B1 = batch.at_BM, torch.arange(len(batch.at_BM), device=context.device)[:, None]
        varied = self._vary(batch)
        with context.autocast():
            token_BSTC = self._fuse(batch.mfcc_BSTCW, varied.photo_B3HW)
            told_BSTA = self.network.action_units(token_BSTC).float()
            true_BM = batch.true_aus_B[:, None] & batch.valid_BST[window_B1, 0, at_BM]
            driving_BMA = torch.where(
                true_BM[..., None], batch.au_BSTA[window_B1, 0, at_BM], told_BSTA[window_B1, 0, at_BM]
            )
            painted = self.network.decode(
                token_BSTC[window_B1, 0, at_BM],
                driving_BMA,
                self.network.look(
                    varied.photo_B3HW,
                    varied.photo_points_BP2,
                    lip_gap(varied.photo_points_BP2),
                    varied.mask_B1HW,
                ),
                batch.heard_B.float(),
            )
        truth_N3HW, weight_N1HW = varied.truth_N3HW, varied.weight_N1HW
        error_N3HW = painted.frame_N3HW - truth_N3HW
        losses = {
            "reconstruction": (error_N3HW.abs() * weight_N1HW).mean(),
            "edges": edge_loss(error_N3HW, weight_N1HW),
            "flow_variation": variation(painted.flow_N2hw),
            "aus": ((told_BSTA - batch.au_BSTA).square().mean(-1) * batch.valid_BST).mean(),
            "landmarks": landmark_loss(
                painted.moved_NP2,
                varied.points_NP2,
                varied.photo_points_BP2.repeat_interleave(batch.at_BM.shape[1], dim=0),
                varied.point_weight_NP,
            ),
            "course": course_loss(
                told_BSTA.flatten(0, 1), batch.au_BSTA.flatten(0, 1), batch.valid_BST.flatten(0, 1)
            ),
        }
        if self._judged(context):
            own_N3HW, true_N3HW = self._mouth(painted.frame_N3HW), self._mouth(truth_N3HW)
            with context.autocast():
                losses["adversarial"] = generator_loss(self.modules["critic"](own_N3HW))
            pairs = zip(own_N3HW.detach().split(at_BM.shape[1]), true_N3HW.split(at_BM.shape[1]), strict=True)
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

    def _vary(self, batch: Batch) -> Varied:
        """Photo, mask, true frames, the weights of their pixels, and landmarks, all varied alike."""
        B, M = batch.at_BM.shape
        photo_B3HW, truth_N3HW = to_pictures(batch.photo_BHW3), to_pictures(batch.truth_BMHW3.flatten(0, 1))
        size = photo_B3HW.shape[-1]
        weight_HW = region_weight(self._box, photo_B3HW, self._config.mouth_weight)
        maps = [
            photo_B3HW,
            truth_N3HW.view(B, 3 * M, size, size),
            weight_HW.expand(B, 1, -1, -1),
            batch.mask_B1HW,
        ]
        moved = moves(batch.change, size)
        picture_BCHW, weight_B1HW, mask_B1HW = moved.pictures(torch.cat(maps, dim=1)).split(
            [3 + 3 * M, 1, batch.mask_B1HW.shape[1]], dim=1
        )
        picture_BF3HW = recolour(picture_BCHW.unflatten(1, (1 + M, 3)), batch.change)
        point_BFP2 = torch.cat([batch.photo_points_BP2[:, None], batch.points_BMP2], dim=1)
        known_BMP = (self._point_weight_P.to(point_BFP2) * batch.seen_BM[..., None]).expand(
            *batch.points_BMP2.shape[:3]
        )
        point_BFP2 = moved.points(point_BFP2.flatten(1, 2)).view(point_BFP2.shape)
        points_NP2 = point_BFP2[:, 1:].flatten(0, 1)
        weight_N1HW = weight_B1HW.repeat_interleave(M, dim=0)
        if self._config.inner_mouth_weight > 1:
            more = self._config.inner_mouth_weight - 1
            known_N111 = batch.seen_BM.flatten()[:, None, None, None]
            weight_N1HW = weight_N1HW * (1 + more * known_N111 * inner_mouth(points_NP2, size))
        return Varied(
            picture_BF3HW[:, 0],
            mask_B1HW,
            picture_BF3HW[:, 1:].flatten(0, 1),
            weight_N1HW,
            points_NP2,
            point_BFP2[:, 0],
            known_BMP.flatten(0, 1),
        )

    def _fuse(self, mfcc_BSTCW: Tensor, photo_B3HW: Tensor) -> Tensor:
        """The tokens of all sounds; where the fusion sees a face, there is one sound a photo."""
        mfcc_NTCW = mfcc_BSTCW.flatten(0, 1)
        token_NTC = self.network.fuse(mfcc_NTCW, photo_B3HW, self._told(mfcc_NTCW))
        return token_NTC.unflatten(0, mfcc_BSTCW.shape[:2])

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
    data = WarpData(
        lengths,
        frames,
        given.mel,
        given.labels,
        given.landmarks,
        given.identities,
        given.mfcc,
        given.crop_size,
    )
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
