"""Task: the renderer that warps the photo (E_a, Audio-to-AU's feature, fusion, flow, mask and residual).

A sample is one rendered frame; the fusion always sees the whole window around it, and the head that reads
action units off the token learns from all frames of the window. ``talkface/data/warp_windows.py`` draws the
windows and varies them.

Loss = L1 (the mouth weighs more, and what shows between the lips more still) + L1 of the error's gradient +
how far the photo's landmarks, once moved, are from the true ones + total variation of the flow + the head's
error, in value and in course; optionally a critic of the mouth region. Landmarks say at once where each point
of the photo has gone, which pixels alone teach slowly.

Shape legend: B windows, S sounds heard for each, T frames of a window, M of them rendered, N rendered frames
of all windows, C channels or cepstra, W hops of a sound window, A action units, F channels of Audio-to-AU's
feature, H and W of the crop.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.artifacts.weights import load_model
from talkface.config import Fused, Mfcc
from talkface.config import WarpRenderer as WarpRendererConfig
from talkface.data.face_shapes import face_shapes, lip_gap
from talkface.data.frames import Frames
from talkface.data.regions import mouth_box
from talkface.data.sequences import cepstra, sound_statistics
from talkface.data.subsets import clip_lengths
from talkface.data.warp_windows import Batch, WarpClips, WarpWindows
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


class WarpRendererTask(Task):
    """Windows, networks and losses, as the training loop asks for them.

    Args:
        clips: what is trained on.
        audio_to_au: frozen, where the fusion gets its feature; it hears the varied sound.
        config: the section.
    """

    def __init__(self, clips: WarpClips, audio_to_au: AudioToAu | None, config: WarpRendererConfig):
        self._audio_to_au, self._config = audio_to_au, config
        self.windows = WarpWindows(clips, config)
        self._box = mouth_box(clips.crop_size)
        self.network = build_warp_renderer(config, clips.mfcc, clips.crop_size)
        moving = (clips.landmarks[clip][clips.labels[clip].valid_T] for clip in clips.lengths)
        self.network.set_shapes(*face_shapes(moving, config.shapes))
        if self.network.audio_encoder is not None:
            sound = (cepstra(clips.mel[clip], clips.mfcc) for clip in clips.lengths)
            self.network.audio_encoder.sound_norm.set(*sound_statistics(sound))
        self.modules: dict[str, nn.Module] = {"renderer": self.network}
        if config.losses.adversarial:
            self.modules["critic"] = FrameCritic(config.critic_width)
        self.optimizers = {
            name: build_optimizer(module.parameters(), config.training)
            for name, module in self.modules.items()
        }
        self.size, self.samples_per_item = len(self.windows), config.frames_per_window

    def step(self, indices: list[int], context: StepContext) -> dict[str, Tensor]:
        """One update on some frames of each drawn window, then one of the critic once it has joined."""
        batch = self.windows.draw(indices, context.rng)
        batch = batch[context.share(len(batch))]
        mouths: dict[int, tuple[Tensor, Tensor]] = {}
        losses = partial(self._losses, batch, mouths, context)
        values = context.descend(len(batch), losses, "renderer")
        if self._judged(context):
            own = context.descend(len(batch), partial(self._critic_losses, mouths, context), "critic")
            values["loss/critic_own"] = own["loss"]
        return values

    def _losses(
        self, batch: Batch, mouths: dict[int, tuple[Tensor, Tensor]], context: StepContext, rows: slice
    ) -> dict[str, Tensor]:
        batch = batch[rows].to(context.device)
        at_BM, window_B1 = batch.at_BM, torch.arange(len(batch.at_BM), device=context.device)[:, None]
        varied = self.windows.vary(batch)
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
                batch.by_token_B.float(),
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
    clips = WarpClips(
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
    return WarpRendererTask(clips, audio_to_au, config)


def build_warp_renderer(config: WarpRendererConfig, mfcc: Mfcc, crop_size: int) -> WarpRenderer:
    """The network of a configuration; ``WarpRenderer(**settings)`` rebuilds it from a saved model."""
    return WarpRenderer(
        **config.model_dump(exclude=_NOT_OF_THE_NETWORK),
        crop_size=crop_size,
        window_hops=config.audio_hops or mfcc.window_hops,
        coefficients=mfcc.coefficients,
    )
