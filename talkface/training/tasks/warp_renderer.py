"""Task: the renderer that warps the photo (E_a, Audio-to-AU's feature, fusion, flow, mask and residual).

Loss = L1 (the mouth weighs more, and what shows between the lips more still) + L1 of the error's gradient +
how far the photo's landmarks, once moved, are from the true ones + total variation of the flow + the head's
error, in value and in course; optionally a critic of the mouth region. Landmarks say at once where each point
of the photo has gone, which pixels alone teach slowly.

Shape legend: B windows, M rendered frames of each, N of all windows, H and W of the crop.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.artifacts.weights import load_model
from talkface.config import Fused, Mfcc
from talkface.config import WarpRenderer as WarpRendererConfig
from talkface.data.face_shapes import mouth_place
from talkface.data.photo_windows import Batch, PhotoClips
from talkface.data.regions import mouth_box
from talkface.losses.gan import critic_loss, generator_loss
from talkface.losses.warping import edge_loss, variation
from talkface.models.audio_to_au import AudioToAu
from talkface.models.critics import FrameCritic
from talkface.models.warp_renderer import WarpRenderer
from talkface.training.given import Given
from talkface.training.loop import StepContext
from talkface.training.schedule import build_optimizer
from talkface.training.tasks.photo_base import OF_TRAINING, PhotoTask, open_clips, weighted

_NOT_OF_THE_NETWORK = OF_TRAINING | {"critic_width"}

_CRITIC_SIZE = 64


class WarpRendererTask(PhotoTask):
    """Windows, networks and losses, as the training loop asks for them.

    Args:
        clips, audio_to_au, config: see ``PhotoTask``.
    """

    network: WarpRenderer

    def __init__(self, clips: PhotoClips, audio_to_au: AudioToAu | None, config: WarpRendererConfig):
        network = build_warp_renderer(config, clips.mfcc, clips.crop_size)
        super().__init__(clips, audio_to_au, config, network)
        if network.mouth is not None:
            network.mouth.place(*mouth_place(network.mean_P2))
        self._config, self._box = config, mouth_box(clips.crop_size)
        self.modules: dict[str, nn.Module] = {"renderer": self.network}
        if config.losses.adversarial:
            self.modules["critic"] = FrameCritic(config.critic_width)
        self.optimizers = {
            name: build_optimizer(module.parameters(), config.training)
            for name, module in self.modules.items()
        }

    @property
    def turns(self) -> dict[str, float]:
        """The critic joins after a share of the training."""
        start = self._config.losses.adversarial_start
        return {"losses.adversarial_start": start} if start and "critic" in self.modules else {}

    def step(self, drawn: Batch, context: StepContext) -> dict[str, Tensor]:
        """One update on some frames of each drawn window, then one of the critic once it has joined."""
        batch = drawn[context.share(len(drawn))]
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
        varied = self.windows.vary(batch)
        with context.autocast():
            driven = self.drive(batch, varied)
            painted, moved = self.network.decode(driven.code_NE, driven.looked)
        truth_N3HW, weight_N1HW = varied.truth_N3HW, varied.weight_N1HW
        error_N3HW = painted.frame_N3HW - truth_N3HW
        losses = {
            "reconstruction": (error_N3HW.abs() * weight_N1HW).mean(),
            "edges": edge_loss(error_N3HW, weight_N1HW),
            "flow_variation": variation(painted.flow_N2hw),
            **self.driving_losses(batch, varied, driven.told_BSTA, moved),
        }
        if self._judged(context):
            own_N3HW, true_N3HW = self._mouth(painted.frame_N3HW), self._mouth(truth_N3HW)
            with context.autocast():
                losses["adversarial"] = generator_loss(self.modules["critic"](own_N3HW))
            frames = batch.at_BM.shape[1]
            pairs = zip(own_N3HW.detach().split(frames), true_N3HW.split(frames), strict=True)
            mouths.update(zip(range(rows.start, rows.stop), pairs, strict=True))
        return weighted(losses, self._config.losses)

    def pictures(self, context: StepContext) -> dict[str, Tensor]:
        """Frames of one training window, as they are painted and as they were."""
        batch = self.windows.draw([0], context.rng).to(context.device)
        varied = self.windows.vary(batch)
        driven = self.drive(batch, varied)
        painted, _ = self.network.decode(driven.code_NE, driven.looked)
        return {"true": varied.truth_N3HW, "made": painted.frame_N3HW}

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

    def _mouth(self, frame_N3HW: Tensor) -> Tensor:
        """The mouth region, enlarged to what the critic looks at."""
        top, bottom, left, right = self._box
        mouth_N3hw = frame_N3HW[:, :, top:bottom, left:right]
        return F.interpolate(mouth_N3hw, size=(_CRITIC_SIZE, _CRITIC_SIZE), mode="bilinear")


def build(given: Given, config: Fused) -> WarpRendererTask:
    """The task on the split's training clips."""
    assert isinstance(config, WarpRendererConfig)
    clips = open_clips(given)
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
