"""Task: the renderer of papers B and C (E_a, identity encoder, fusion, decoder of frames) and its relatives.

Loss = 1.5 L1 + 0.07 perceptual + 1.5 identity + 0.02 AU (paper B); paper C adds 0.002 adversarial by a critic
of frames in the second half of the training, CRAN a critic of sequences besides. A term of weight 0 is not
computed. A sample is one rendered frame; the fusion always sees the whole window around it. [own]: the mouth
region may weigh more in the L1 term.

Shape legend: B windows, T frames of a window, N rendered frames (M of each window), A action units, H and W
of the crop.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn

from talkface.artifacts.weights import load_model
from talkface.config import FrameRenderer as FrameRendererConfig
from talkface.config import Fused, Mfcc
from talkface.data.conditions import Conditions
from talkface.data.frames import Frames, to_tensor
from talkface.data.presence_labels import PresenceLabels, presence_labels
from talkface.data.regions import mouth_box, region_weight
from talkface.data.sequences import WindowIndex
from talkface.data.subsets import clip_lengths
from talkface.losses.frames import identity_loss, perceptual_loss
from talkface.losses.gan import critic_loss, generator_loss
from talkface.losses.presence_loss import PresenceLoss, inverse_rate_weights
from talkface.models.au_classifier import AuClassifier
from talkface.models.critics import FrameCritic, VideoCritic
from talkface.models.frame_renderer import FrameRenderer
from talkface.training import parallel
from talkface.training.given import Given
from talkface.training.loop import StepContext, Task
from talkface.training.pretrained import perceptual_features
from talkface.training.schedule import build_optimizer

_NOT_OF_THE_NETWORK = {
    "training", "window_frames", "frames_per_window", "mouth_weight", "audio_hops", "critic_width", "losses",
    "balance_speakers", "perceptual_patch",
}  # fmt: skip


class Judges:
    """The frozen networks and labels behind the perceptual and the AU loss."""

    def __init__(
        self, au_classifier: AuClassifier | None, features: nn.Module | None, presence: PresenceLabels | None
    ):
        self.au_classifier, self.features, self.presence = au_classifier, features, presence
        if presence is not None:
            rate_A = presence.presence_NA[presence.valid_N].float().mean(0)
            self.presence_loss = PresenceLoss(inverse_rate_weights(rate_A))

    def to(self, device: torch.device) -> None:
        """Move the networks to where the training runs."""
        for network in (self.au_classifier, self.features):
            if network is not None:
                network.to(device)


@dataclass(frozen=True)
class _Made:
    """A window's frames as the renderer made them, and the true ones: what critics learn from."""

    frame_M3HW: torch.Tensor
    truth_M3HW: torch.Tensor


class FrameRendererTask(Task):
    """Data, networks and losses, as the training loop asks for them."""

    def __init__(
        self,
        lengths: dict[str, int],
        frames: Frames,
        conditions: Conditions,
        judges: Judges,
        config: FrameRendererConfig,
        mfcc: Mfcc,
        crop_size: int,
    ):
        self._frames, self._conditions, self._judges, self._config = frames, conditions, judges, config
        self._windows = WindowIndex(lengths, config.window_frames, config.balance_speakers)
        self._box, self._crop_size = mouth_box(crop_size), crop_size
        self.network = build_frame_renderer(config, mfcc, crop_size)
        if self.network.audio_encoder is not None:
            self.network.audio_encoder.sound_norm.set(*conditions.sound_statistics())
        self.modules: dict[str, nn.Module] = {"renderer": self.network}
        weights, width = config.losses, config.critic_width
        if weights.adversarial:
            self.modules["frame_critic"] = FrameCritic(width)
        if weights.video_adversarial:
            self.modules["video_critic"] = VideoCritic(width)
        self.optimizers = {
            name: build_optimizer(module.parameters(), config.training)
            for name, module in self.modules.items()
        }
        self.size, self.samples_per_item = len(self._windows), config.frames_per_window

    @property
    def turns(self) -> dict[str, float]:
        """The critics join after a share of the training."""
        start = self._config.losses.adversarial_start
        return {"losses.adversarial_start": start} if start and len(self.modules) > 1 else {}

    def step(self, indices: list[int], context: StepContext) -> dict[str, torch.Tensor]:
        """One update on some frames of each drawn window, then one of each critic that has joined."""
        self._judges.to(context.device)
        drawn = self._windows.draw(indices, context.rng)
        picks = [self._pick(len(frames), context.rng) for _, frames in drawn]
        patch = self._patch(context.rng) if self._judges.features is not None else None
        share, made = context.share(len(drawn)), dict[int, _Made]()
        drawn, picks = drawn[share], picks[share]
        losses_of = partial(self._renderer_losses, drawn, picks, patch, made, context)
        values = context.descend(len(drawn), losses_of, "renderer")
        for name in self._joined(context):
            own = context.descend(len(drawn), partial(self._critic_losses, name, made, context), name)
            values[f"loss/{name}_own"] = own["loss"]
        return values

    def pictures(self, context: StepContext) -> dict[str, torch.Tensor]:
        """Frames of one training window, as they are made and as they were."""
        self._judges.to(context.device)
        drawn = self._windows.draw([0], context.rng)
        picks = [self._pick(len(frames), context.rng) for _, frames in drawn]
        patch, made = self._patch(context.rng), dict[int, _Made]()
        self._renderer_losses(drawn, picks, patch, made, context, slice(0, 1))
        return {"true": made[0].truth_M3HW, "made": made[0].frame_M3HW}

    def _renderer_losses(
        self,
        drawn: list[tuple[str, np.ndarray]],
        picks: list[np.ndarray],
        patch: tuple[slice, slice] | None,
        made: dict[int, _Made],
        context: StepContext,
        rows: slice,
    ) -> dict[str, torch.Tensor]:
        """The losses of some windows; the frames made for them are left in ``made`` for the critics."""
        device, drawn, picks = context.device, drawn[rows], picks[rows]
        shown = [(clip, frames[pick]) for (clip, frames), pick in zip(drawn, picks, strict=True)]
        truth_N3HW = to_tensor(
            np.concatenate([self._frames.of_clip(clip, frames) for clip, frames in shown]), device
        )
        faces = self._conditions.identities(drawn)
        image_N3HW, identity_B3HW = (
            torch.stack([getattr(face, name) for face in faces]).to(device)
            for name in ("image", "identity_face")
        )
        per_window = self._config.frames_per_window
        image_N3HW = image_N3HW.repeat_interleave(per_window, 0)
        condition = self._conditions.batch(drawn, device)
        with context.autocast():
            levels = self.network.skips(condition.face_B3HW, identity_B3HW)
            token_BTC = self.network.fuse(
                condition.mfcc_BTCW,
                condition.face_B3HW,
                condition.au_BTF,
                levels=None if self._config.disentangled else levels,
            )
            window_N = torch.arange(len(drawn)).repeat_interleave(per_window)
            token_NC = token_BTC[window_N.to(device), torch.from_numpy(np.concatenate(picks)).to(device)]
            frame_N3HW = self.network.decode(
                token_NC, [level.repeat_interleave(per_window, 0) for level in levels]
            )
            losses = self._losses(frame_N3HW, truth_N3HW, image_N3HW, shown, patch)
            for name in self._joined(context):
                losses[name] = generator_loss(self.modules[name](self._seen_by(name, frame_N3HW)))
        loss = sum(
            (self._weight(name) * value for name, value in losses.items()), torch.zeros((), device=device)
        )
        pairs = zip(frame_N3HW.detach().split(per_window), truth_N3HW.split(per_window), strict=True)
        made.update(zip(range(rows.start, rows.stop), (_Made(*pair) for pair in pairs), strict=True))
        return {"loss": loss, **{f"loss/{name}": value for name, value in losses.items()}}

    def _critic_losses(
        self, name: str, made: dict[int, _Made], context: StepContext, rows: slice
    ) -> dict[str, torch.Tensor]:
        critic, windows = self.modules[name], [made[row] for row in range(rows.start, rows.stop)]
        frame_N3HW = torch.cat([window.frame_M3HW for window in windows])
        truth_N3HW = torch.cat([window.truth_M3HW for window in windows])
        with context.autocast():
            scores = (critic(self._seen_by(name, images)) for images in (truth_N3HW, frame_N3HW))
            return {"loss": critic_loss(*scores)}

    def _pick(self, window: int, rng: np.random.Generator) -> np.ndarray:
        """Some frames of a window, or a run of them where a critic looks at sequences."""
        count = self._config.frames_per_window
        if "video_critic" in self.modules:
            return np.arange(count) + rng.integers(0, window - count + 1)
        return np.sort(rng.choice(window, size=count, replace=False))

    def _losses(
        self,
        frame_N3HW: torch.Tensor,
        truth_N3HW: torch.Tensor,
        image_N3HW: torch.Tensor,
        shown: list[tuple[str, np.ndarray]],
        patch: tuple[slice, slice] | None,
    ) -> dict[str, torch.Tensor]:
        weights, judges = self._config.losses, self._judges
        region_HW = region_weight(self._box, truth_N3HW, self._config.mouth_weight)
        losses = {"reconstruction": ((frame_N3HW.float() - truth_N3HW).abs() * region_HW).mean()}
        if weights.identity:
            losses["identity"] = identity_loss(frame_N3HW, image_N3HW)
        if judges.features is not None and patch is not None:
            losses["perceptual"] = perceptual_loss(
                judges.features, frame_N3HW[..., *patch], truth_N3HW[..., *patch], parallel.average
            )
        if judges.au_classifier is not None and judges.presence is not None:
            labels = [(judges.presence[clip], torch.from_numpy(frames)) for clip, frames in shown]
            presence_NA = torch.cat([label.presence_TA[frames] for label, frames in labels])
            valid_N = torch.cat([label.valid_T[frames] for label, frames in labels])
            logit_NA = judges.au_classifier(frame_N3HW)
            # Dice and the number of valid frames are the whole batch's
            presence_NA, valid_N = (
                parallel.whole(values_N.to(logit_NA.device, torch.float32))
                for values_N in (presence_NA, valid_N)
            )
            losses["aus"] = judges.presence_loss(parallel.whole(logit_NA), presence_NA, valid_N)
        return losses

    def _patch(self, rng: np.random.Generator) -> tuple[slice, slice]:
        """Where the perceptual loss looks: the whole frame, or one square of all frames of the step."""
        side = self._config.perceptual_patch or self._crop_size
        top, left = (int(corner) for corner in rng.integers(0, self._crop_size - side + 1, 2))
        return slice(top, top + side), slice(left, left + side)

    def _joined(self, context: StepContext) -> list[str]:
        start = self._config.losses.adversarial_start * context.training.samples
        return [name for name in self.modules if name != "renderer" and context.samples >= start]

    def _weight(self, name: str) -> float:
        weights = self._config.losses
        return {"frame_critic": weights.adversarial, "video_critic": weights.video_adversarial}.get(
            name
        ) or getattr(weights, name)

    def _seen_by(self, critic: str, frame_N3HW: torch.Tensor) -> torch.Tensor:
        """Frames one by one, or as sequences [B, 3, M, H, W]."""
        if critic == "frame_critic":
            return frame_N3HW
        return frame_N3HW.unflatten(0, (-1, self._config.frames_per_window)).transpose(1, 2)


def build(given: Given, config: Fused) -> FrameRendererTask:
    """The task on the split's training clips, with the judges whose terms count.

    Raises:
        ValueError: an AU loss without the AU classifier or the true frames' labels.
    """
    assert isinstance(config, FrameRendererConfig)
    lengths, weights = clip_lengths(given.split, "train"), config.losses
    if weights.aus and (given.au_classifier is None or not given.labels):
        raise ValueError("the AU loss needs the trained AU classifier and the true frames' labels")
    vgg19, sha256 = given.perceptual.vgg19, given.perceptual.vgg19_sha256
    judges = Judges(
        au_classifier=load_model(given.au_classifier, AuClassifier)
        if weights.aus and given.au_classifier is not None
        else None,
        features=perceptual_features(vgg19, sha256, given.autoencoder) if weights.perceptual else None,
        presence=presence_labels(given.labels, lengths) if weights.aus else None,
    )
    conditions = Conditions(
        given.identities, given.aus, given.mel, lengths, config, given.mfcc, given.crop_size
    )
    frames = Frames(given.faces, lengths, given.crop_size, scratch=given.scratch)
    return FrameRendererTask(lengths, frames, conditions, judges, config, given.mfcc, given.crop_size)


def build_frame_renderer(config: FrameRendererConfig, mfcc: Mfcc, crop_size: int) -> FrameRenderer:
    """The network of a configuration; ``FrameRenderer(**settings)`` rebuilds it from a saved model."""
    return FrameRenderer(
        **config.model_dump(exclude=_NOT_OF_THE_NETWORK),
        crop_size=crop_size,
        window_hops=config.audio_hops or mfcc.window_hops,
        coefficients=mfcc.coefficients,
    )
