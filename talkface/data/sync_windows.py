"""Windows of lips and sound for training the sync evaluator: groups of clips, several windows of each.

Legend: B groups, G clips of a group, W windows of a clip, F frames and K hops of a window, M mel bands, h and
w of the mouth region.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from talkface.artifacts.schemas import MEL
from talkface.config import PictureAugmentation, SoundAugmentation, SoundChange
from talkface.data.augmentation import change_sound, draw_pictures
from talkface.data.clip_store import ClipStore
from talkface.data.mouth_clips import MouthClips
from talkface.data.rows import speaker_of, vectors
from talkface.data.windows import HOPS_PER_FRAME


@dataclass(frozen=True)
class SyncBatch:
    """B groups of clips; of each clip W windows, all changed alike."""

    grey_BGWFhw: Tensor  # uint8
    mel_BGWKM: Tensor
    affine_BG23: Tensor
    gamma_BG: Tensor

    def __getitem__(self, share: slice) -> SyncBatch:
        """Some of the groups."""
        return SyncBatch(*(getattr(self, field.name)[share] for field in fields(self)))

    def __len__(self) -> int:
        return len(self.mel_BGWKM)

    def to(self, device: torch.device) -> SyncBatch:
        """On a device."""
        parts = (getattr(self, field.name) for field in fields(self))
        return SyncBatch(*(part.to(device, non_blocking=True) for part in parts))

    def pin_memory(self) -> SyncBatch:
        """In memory from which a GPU copies while it works."""
        return SyncBatch(*(getattr(self, field.name).pin_memory() for field in fields(self)))


def sound_change(change: SoundChange) -> SoundAugmentation:
    """An evaluator's settings as those of renderers."""
    return SoundAugmentation(silence_share=0, **change.model_dump())


class SyncGroups:
    """Groups of clips, drawn around each clip in turn: the others are of its speaker where there are any.

    So neither face nor voice tells which lips and which sound belong together. Clips that are too short for
    two windows are left out.

    Args:
        faces, mel: tables of all shards.
        lengths: frames of each clip that is used.
        crop_size: side of a crop in pixels.
        see: from uint8 crops [N, H, W, 3] to what the network is shown of them, uint8 [N, h, w].
        window: F and K.
        clips, windows: G and W.
        picture, sound: how they are varied.
        scratch: folder for the decoded crops.

    Raises ``ValueError`` where fewer than two clips are left.
    """

    def __init__(
        self,
        faces: Sequence[Path],
        mel: Sequence[Path],
        lengths: Mapping[str, int],
        crop_size: int,
        *,
        see: Callable[[Tensor], Tensor],
        window: tuple[int, int],
        clips: int,
        windows: int,
        picture: PictureAugmentation,
        sound: SoundAugmentation,
        scratch: Path | None = None,
    ):
        self._frames_per_window, self._hops = window
        fitting = {clip: length for clip, length in lengths.items() if length > self._frames_per_window}
        if len(fitting) < 2:
            raise ValueError(
                f"{len(fitting)} training clips have more than {self._frames_per_window} frames: an "
                "evaluator of lips and sound needs at least two (metrics.evaluators.sync_evaluator)"
            )
        self._lengths = fitting
        self.clips = list(fitting)
        self._mouths = MouthClips(faces, fitting, crop_size, see, scratch)
        self.mel: ClipStore[np.ndarray] = ClipStore(mel, MEL, lambda rows: vectors(rows, "mel"))
        self.mel.require(self.clips)
        self._of_speaker: dict[str, list[str]] = {}
        for clip in self.clips:
            self._of_speaker.setdefault(speaker_of(clip), []).append(clip)
        self._per_group, self._per_clip = clips, windows
        self._picture, self._sound = picture, sound

    def __len__(self) -> int:
        return len(self.clips)

    def draw(self, indices: Sequence[int], rng: np.random.Generator, changed: bool = True) -> SyncBatch:
        """A group around each of the clips; ``changed``: pictures and sound are varied."""
        groups = [self._group(self.clips[index], rng) for index in indices]
        shown = [[self._clip(clip, rng, changed) for clip in group] for group in groups]
        grey_BGWFhw, mel_BGWKM = (
            torch.stack([torch.stack([clip[part] for clip in group]) for group in shown]) for part in (0, 1)
        )
        change = draw_pictures(self._picture, len(groups) * self._per_group, rng)
        affine_BG23 = change.affine_B23.unflatten(0, (len(groups), -1))
        gamma_BG = change.gamma_B.unflatten(0, (len(groups), -1))
        if not changed:
            affine_BG23, gamma_BG = torch.eye(2, 3).expand_as(affine_BG23), torch.ones_like(gamma_BG)
        return SyncBatch(grey_BGWFhw, mel_BGWKM, affine_BG23, gamma_BG)

    def _group(self, clip: str, rng: np.random.Generator) -> list[str]:
        near = [other for other in self._of_speaker[speaker_of(clip)] if other != clip]
        others = near or [other for other in self.clips if other != clip]
        few = len(others) < self._per_group - 1
        return [clip, *rng.choice(others, self._per_group - 1, replace=few).tolist()]

    def _clip(self, clip: str, rng: np.random.Generator, changed: bool) -> tuple[Tensor, Tensor]:
        """What is seen of the crops [W, F, h, w] and log-mel frames [W, K, M] of windows of a clip."""
        mel_KM = self.mel[clip]
        if changed:
            mel_KM = change_sound(mel_KM, self._sound, rng)
        starts = min(
            self._lengths[clip] - self._frames_per_window, (len(mel_KM) - self._hops) // HOPS_PER_FRAME
        )
        first_W = np.sort(rng.choice(starts + 1, self._per_clip, replace=starts + 1 < self._per_clip))
        frames_WF = first_W[:, None] + np.arange(self._frames_per_window)
        grey_WFhw = self._mouths[clip][torch.from_numpy(frames_WF)]
        hops_WK = HOPS_PER_FRAME * first_W[:, None] + np.arange(self._hops)
        return grey_WFhw, torch.from_numpy(mel_KM[hops_WK].astype(np.float32))
