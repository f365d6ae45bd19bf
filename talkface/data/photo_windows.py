"""Windows of speaking faces for the renderers that start from the photo: what is drawn, and how it is varied.

A window is some consecutive frames of a clip, of which a few are rendered, with its sound, a photo of the
clip, and further sounds from which action units alone are learned. Photo, true frames and landmarks are
varied alike, the sound by itself.

Shape legend: B windows, S sounds heard for each, T frames of a window, M of them rendered, F pictures of a
window (its photo, then the M frames), N rendered frames of all windows, A action units, P landmarks, K hops,
C cepstra, W hops of a sound window, H and W of the crop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from talkface.artifacts.schemas import AU_NAMES, AUS, LANDMARKS, MEL
from talkface.config import Mfcc, PhotoFused
from talkface.data.augmentation import (
    PictureChange,
    change_sound,
    draw_pictures,
    moves,
    recolour,
    silent_sound,
)
from talkface.data.clip_store import ClipStore
from talkface.data.face_shapes import crop_points, inner_mouth, point_weights
from talkface.data.frames import Frames, to_pictures
from talkface.data.regions import mouth_box, region_weight
from talkface.data.rows import vectors
from talkface.data.sequences import WindowIndex, cepstra
from talkface.data.stores import identity_store
from talkface.data.windows import hop_indices

PARTING = [AU_NAMES.index(name) for name in ("AU25", "AU26")]
"""The action units that part the lips."""


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
    parted_T = au_TA[:, PARTING].sum(1) + (~valid_T) * au_TA.numel()
    return Labels(au_TA, valid_T, int(parted_T.argmin()))


def landmarks_of(rows: pa.Table, crop_size: int) -> Tensor:
    """A clip's LANDMARKS rows as points (x, y) in [-1, 1] of the crop, [T, P, 2]; half precision, to save
    memory."""
    return crop_points(vectors(rows, "points"), crop_size).half()


class PhotoClips:
    """The training clips: crops, log-mel frames, true action units, landmarks, and AU-Attention's masks.

    Args:
        lengths: the clips that are drawn from, with their frames.
        appearance: further clips, of which the pictures alone are learned.
        frames: the crops of both.
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
        appearance: Mapping[str, int],
        frames: Frames,
        mel: Iterable[Path],
        aus: Iterable[Path],
        landmarks: Iterable[Path],
        identities: Iterable[Path],
        mfcc: Mfcc,
        crop_size: int,
    ):
        self.lengths, self.appearance = dict(lengths), dict(appearance)
        self.pictured = self.lengths | self.appearance
        self.frames, self.mfcc, self.crop_size = frames, mfcc, crop_size
        self.mel: ClipStore[np.ndarray] = ClipStore(mel, MEL, lambda rows: vectors(rows, "mel"))
        self.labels = ClipStore(aus, AUS, labels_of)
        self.landmarks: ClipStore[Tensor] = ClipStore(
            landmarks, LANDMARKS, partial(landmarks_of, crop_size=crop_size)
        )
        self.identities = identity_store(identities, crop_size)
        self.mel.require(self.lengths)
        for store in (self.labels, self.landmarks):
            store.require(self.pictured)


class SoundWindow(NamedTuple):
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
    au_BMA: Tensor  # true action units of the rendered frames
    labelled_BM: Tensor  # bool: where those may drive the frame
    at_BM: Tensor  # positions in the window that are rendered
    truth_BMHW3: Tensor  # uint8, the true frames there
    photo_BHW3: Tensor  # uint8
    points_BMP2: Tensor  # landmarks of the true frames
    photo_points_BP2: Tensor
    found_BM: Tensor  # bool: those of the frame and of the photo were found
    mask_B1HW: Tensor  # AU-Attention's; none without ``disentangled``: [B, 0, H, W]
    true_aus_B: Tensor  # bool: driven by the true action units
    by_token_B: Tensor  # bool: driven by the token too
    change: PictureChange

    def __len__(self) -> int:
        return len(self.mfcc_BSTCW)

    def __getitem__(self, rows: slice) -> Batch:
        return Batch(*(getattr(self, field.name)[rows] for field in fields(self)))

    def to(self, device: torch.device) -> Batch:
        """On a device."""
        return Batch(*(getattr(self, field.name).to(device, non_blocking=True) for field in fields(self)))

    def pin_memory(self) -> Batch:
        """In memory from which a GPU copies while it works."""
        return Batch(*(getattr(self, field.name).pin_memory() for field in fields(self)))


class Varied(NamedTuple):
    """What a batch shows, after its change."""

    photo_B3HW: Tensor
    mask_B1HW: Tensor
    truth_N3HW: Tensor
    weight_N1HW: Tensor  # of the true frames' pixels
    points_NP2: Tensor
    photo_points_BP2: Tensor
    point_weight_NP: Tensor  # 0 where they are not known


class PhotoWindows:
    """Draws windows of the training clips and varies them.

    Args:
        clips: what is drawn from.
        config: the section.
    """

    def __init__(self, clips: PhotoClips, config: PhotoFused):
        self._clips, self._config = clips, config
        appearance = {} if config.sees_face else clips.appearance  # a face that is seen goes with its sound
        self._index, self._appearance = (
            WindowIndex(lengths, config.window_frames, config.balance_speakers)
            for lengths in (clips.lengths, appearance)
        )
        if config.disentangled:
            clips.identities.require(clips.pictured)
        self._hops = config.audio_hops or clips.mfcc.window_hops
        self._box = mouth_box(clips.crop_size)
        self._point_weight_P = point_weights()

    def __len__(self) -> int:
        return len(self._index)

    def draw(self, indices: list[int], rng: np.random.Generator) -> Batch:
        """A batch's windows; all that is random about a step but dropout."""
        rows = [self._draw(window, rng) for window in self._index.draw(indices, rng)]
        change = draw_pictures(self._config.pictures, len(rows), rng)
        return Batch(**{name: torch.stack([row[name] for row in rows]) for name in rows[0]}, change=change)

    def _draw(self, heard: tuple[str, np.ndarray], rng: np.random.Generator) -> dict[str, Tensor]:
        """A window, by the names of ``Batch``: heard and seen, or heard while another speaker is seen."""
        config, clips = self._config, self._clips
        another = len(self._appearance) > 0 and rng.random() < config.appearance_share
        clip, frames_T = heard
        if another:
            clip, frames_T = self._appearance.draw([int(rng.integers(len(self._appearance)))], rng)[0]
        labels = clips.labels[clip]
        at_M = np.sort(rng.choice(len(frames_T), size=config.frames_per_window, replace=False))
        found = np.flatnonzero(labels.valid_T.numpy())
        found = found if len(found) else np.arange(clips.pictured[clip])
        first, other = int(found[0]), int(rng.choice(found))
        photo = first if rng.random() < config.first_frame_share else other
        own = self._hear(*heard, rng)
        more = self._index.draw(rng.integers(len(self), size=config.sound_windows - 1).tolist(), rng)
        sounds = [own, *(self._hear(*window, rng) for window in more)]
        true_aus, by_token = rng.random() < config.true_aus_share, rng.random() >= config.token_dropout
        if another:
            true_aus, by_token = True, False
        elif own.silent:
            frames_T = np.full_like(frames_T, labels.shut)
            true_aus, by_token = False, True
        size, frames_M = clips.crop_size, torch.from_numpy(frames_T[at_M])
        points_TP2 = clips.landmarks[clip]
        return {
            "mfcc_BSTCW": torch.stack([sound.mfcc_TCW for sound in sounds]),
            "au_BSTA": torch.stack([sound.au_TA for sound in sounds]),
            "valid_BST": torch.stack([sound.valid_T for sound in sounds]),
            "au_BMA": labels.au_TA[frames_M],
            "labelled_BM": labels.valid_T[frames_M] | another,  # bridged ones are better than another's sound
            "at_BM": torch.from_numpy(at_M),
            "truth_BMHW3": torch.from_numpy(clips.frames.of_clip(clip, frames_M.numpy())),
            "photo_BHW3": torch.from_numpy(clips.frames.of_clip(clip, np.array([photo]))[0]),
            "points_BMP2": points_TP2[frames_M].float(),
            "photo_points_BP2": points_TP2[photo].float(),
            "found_BM": labels.valid_T[frames_M] & labels.valid_T[photo],
            "mask_B1HW": clips.identities[clip].mask if config.disentangled else torch.empty(0, size, size),
            "true_aus_B": torch.tensor(true_aus),
            "by_token_B": torch.tensor(by_token),
        }

    def _hear(self, clip: str, frames_T: np.ndarray, rng: np.random.Generator) -> SoundWindow:
        """A window's sound, varied or silent, and the action units that go with it."""
        labels, mel_KM, sound = self._clips.labels[clip], self._clips.mel[clip], self._config.sound
        hops_TW = hop_indices(frames_T, len(mel_KM), self._hops)
        mel_KM = mel_KM[hops_TW.min() : hops_TW.max() + 1]
        silent = rng.random() < sound.silence_share
        if silent:
            mel_KM, frames_T = silent_sound(mel_KM.shape, rng), np.full_like(frames_T, labels.shut)
        else:
            mel_KM = change_sound(mel_KM, sound, rng)
        mfcc_TWC = cepstra(mel_KM, self._clips.mfcc)[torch.from_numpy(hops_TW - hops_TW.min())]
        at_T = torch.from_numpy(frames_T)
        return SoundWindow(mfcc_TWC.transpose(1, 2), labels.au_TA[at_T], labels.valid_T[at_T], silent)

    def vary(self, batch: Batch) -> Varied:
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
        known_BMP = self._point_weight_P.to(point_BFP2) * batch.found_BM[..., None]
        point_BFP2 = moved.points(point_BFP2.flatten(1, 2)).view(point_BFP2.shape)
        points_NP2 = point_BFP2[:, 1:].flatten(0, 1)
        weight_N1HW = weight_B1HW.repeat_interleave(M, dim=0)
        if self._config.inner_mouth_weight > 1:
            more = self._config.inner_mouth_weight - 1
            known_N111 = batch.found_BM.flatten()[:, None, None, None]
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
