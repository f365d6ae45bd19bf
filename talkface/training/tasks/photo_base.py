"""What the tasks of the renderers that start from the photo share: windows, driving, and what it costs.

A sample is one rendered frame; the fusion always sees the whole window around it, and the head that reads
action units off the token learns from all frames of the window. ``talkface/data/photo_windows.py`` draws the
windows and varies them.

Shape legend: B windows, S sounds heard for each, T frames of a window, M of them rendered, N rendered frames
of all windows, C channels or cepstra, W hops of a sound window, A action units, E code, F channels of
Audio-to-AU's feature, H and W of the crop.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from talkface.config import PhotoFused
from talkface.data.face_shapes import face_shapes, lip_gap
from talkface.data.frames import Frames
from talkface.data.photo_windows import Batch, PhotoClips, PhotoWindows, Varied
from talkface.data.sequences import cepstra, sound_statistics
from talkface.data.subsets import appearance_lengths, clip_lengths
from talkface.losses.warping import course_loss, landmark_loss
from talkface.models.audio_to_au import AudioToAu
from talkface.models.photo_trunk import Looked, Moved, PhotoTrunk
from talkface.training.given import Given
from talkface.training.loop import Task

OF_TRAINING = {
    "training", "losses", "window_frames", "frames_per_window", "sound_windows", "mouth_weight",
    "inner_mouth_weight", "audio_hops", "balance_speakers", "first_frame_share", "true_aus_share",
    "token_dropout", "appearance_share", "pictures", "sound",
}  # fmt: skip
"""Settings of the section that say how it is trained."""


class Driven(NamedTuple):
    """What drives a batch's frames."""

    told_BSTA: Tensor  # action units that the tokens tell
    code_NE: Tensor
    looked: Looked


class PhotoTask(Task):
    """Windows and the speech's part of network and losses.

    Args:
        clips: what is trained on.
        audio_to_au: frozen, where the fusion gets its feature; it hears the varied sound.
        config: the section.
        network: fresh; it is told how the clips' faces move and sound.
    """

    network: PhotoTrunk

    def __init__(
        self, clips: PhotoClips, audio_to_au: AudioToAu | None, config: PhotoFused, network: PhotoTrunk
    ):
        self._audio_to_au = audio_to_au
        self.windows, self.network = PhotoWindows(clips, config), network
        moving = (clips.landmarks[clip][clips.labels[clip].valid_T] for clip in clips.pictured)
        network.set_shapes(*face_shapes(moving, config.shapes))
        if network.audio_encoder is not None:
            sound = (cepstra(clips.mel[clip], clips.mfcc) for clip in clips.lengths)
            network.audio_encoder.sound_norm.set(*sound_statistics(sound))
        self.size, self.samples_per_item = len(self.windows), config.frames_per_window

    def draw(self, indices: list[int], rng: np.random.Generator) -> Batch:
        """Windows of the items."""
        return self.windows.draw(indices, rng)

    def drive(self, batch: Batch, varied: Varied) -> Driven:
        """Tokens, action units and codes of a batch's rendered frames, by the true action units or those
        told; and what is seen of the photos."""
        window_B1 = torch.arange(len(batch), device=batch.at_BM.device)[:, None]
        token_BSTC = self._fuse(batch.mfcc_BSTCW, varied.photo_B3HW)
        told_BSTA = self.network.action_units(token_BSTC).float()
        true_BM1 = (batch.true_aus_B[:, None] & batch.labelled_BM)[..., None]
        driving_BMA = torch.where(true_BM1, batch.au_BMA, told_BSTA[window_B1, 0, batch.at_BM])
        looked = self.network.look(
            varied.photo_B3HW, varied.photo_points_BP2, lip_gap(varied.photo_points_BP2), varied.mask_B1HW
        )
        token_BMC = token_BSTC[window_B1, 0, batch.at_BM]
        code_NE = self.network.code_of(token_BMC, driving_BMA, looked.gap_B, batch.by_token_B.float())
        return Driven(told_BSTA, code_NE, looked)

    def driving_losses(
        self, batch: Batch, varied: Varied, told_BSTA: Tensor, moved: Moved
    ) -> dict[str, Tensor]:
        """How wrong the action units are that the tokens tell, and where landmarks go."""
        frames = batch.at_BM.shape[1]
        return {
            "aus": ((told_BSTA - batch.au_BSTA).square().mean(-1) * batch.valid_BST).mean(),
            "landmarks": landmark_loss(
                moved.moved_NP2,
                varied.points_NP2,
                varied.photo_points_BP2.repeat_interleave(frames, dim=0),
                varied.point_weight_NP,
            ),
            "course": course_loss(
                told_BSTA.flatten(0, 1), batch.au_BSTA.flatten(0, 1), batch.valid_BST.flatten(0, 1)
            ),
        }

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


def weighted(losses: dict[str, Tensor], weights: object) -> dict[str, Tensor]:
    """The sum of losses by their weights, which have their names, and each loss itself."""
    parts = [getattr(weights, name) * value for name, value in losses.items()]
    return {"loss": torch.stack(parts).sum(), **{f"loss/{name}": value for name, value in losses.items()}}


def open_clips(given: Given) -> PhotoClips:
    """The training clips of the given files."""
    lengths, appearance = clip_lengths(given.split, "train"), appearance_lengths(given.split)
    return PhotoClips(
        lengths,
        appearance,
        Frames(given.faces, lengths | appearance, given.crop_size, scratch=given.scratch),
        given.mel,
        given.labels,
        given.landmarks,
        given.identities,
        given.mfcc,
        given.crop_size,
    )
