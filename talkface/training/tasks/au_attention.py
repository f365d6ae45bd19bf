"""Task: AU-Attention, the mask of what speech-related action units change (paper A; Pumarola et al. 2018).

Picture = A x image + (1 - A) x colour. Critic at every step: Wasserstein with gradient penalty, and the real
picture's own AUs. Generator at every ``generator_every``-th step: realism, the target AUs, the way back
(cycle), and two prices on the mask. Target AUs are those of another random frame plus U(-noise, noise), on
the /5 scale; all are *raw* intensities, the only kind that a single photo can give at test time.

Which share of the mask is priced [own]. GANimation prices A itself, the share that is *kept*, lest A
saturate at one and the generator do nothing. Here A has to tell the identity from the speech, and a price on
the kept share pays for handing skin and hair to the colour branch. The AU condition (weight 4000) already
forbids A = 1, so the price is on 1 - A, the share that is *changed*: A stays near one, and falls where
changing a pixel earns AUs.

``condition_weight`` multiplies a mean squared error. To our knowledge GANimation's code divides that error by
the batch size besides, so its 4000 acts as 160 at 25 pictures. On drawn faces and small networks, 4000
drowned cycle and mask price (kept share 0.26 everywhere, mouth ratio 1.2) where 160 gave 0.82 and 4.2.

Shape legend: B batch, N images, A action units (or the mask, where said so), H and W of the image.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from talkface.artifacts.schemas import AU_NAMES, AUS
from talkface.config import AuAttention as AuAttentionConfig
from talkface.data.frames import Frames, to_tensor
from talkface.data.regions import mouth_box
from talkface.data.rows import each_clip, starts, vectors
from talkface.data.subsets import picture_lengths
from talkface.losses.adversarial import (
    condition_loss,
    critic_loss,
    cycle_loss,
    generator_loss,
    gradient_penalty,
    mask_mean,
    mask_variation,
)
from talkface.models.au_attention import AuCritic, AuGenerator, compose
from talkface.training import seeding
from talkface.training.errors import TrainingError
from talkface.training.loop import StepContext, Task
from talkface.training.schedule import build_optimizer

logger = logging.getLogger(__name__)

_FULL_INTENSITY = 5.0
_REPORTED_IMAGES = 64


@dataclass(frozen=True)
class _Batch:
    """What the losses look at, a row for each picture."""

    image_B3HW: torch.Tensor
    au_BA: torch.Tensor
    target_BA: torch.Tensor
    between_B: torch.Tensor  # where the gradient penalty looks, 0 at the fake picture and 1 at the real one

    def rows(self, rows: slice) -> _Batch:
        """Some of the pictures."""
        return _Batch(self.image_B3HW[rows], self.au_BA[rows], self.target_BA[rows], self.between_B[rows])


class AuAttentionTask(Task):
    """Frames with their AUs, generator, critic and losses, as the training loop asks for them."""

    def __init__(
        self,
        split: Path,
        faces: list[Path],
        aus: list[Path],
        crop_size: int,
        config: AuAttentionConfig,
        seed: int,
        scratch: Path | None = None,
    ):
        seeding.reseed(seed)
        self._config = config
        self._generator = AuGenerator(config.width, config.residual_blocks)
        self._critic = AuCritic(config.critic_width, config.critic_layers, crop_size)
        self.modules = {"generator": self._generator, "critic": self._critic}
        self.optimizers = {
            name: build_optimizer(module.parameters(), config.training)
            for name, module in self.modules.items()
        }
        lengths = picture_lengths(split)
        self._frames = Frames(faces, lengths, crop_size, scratch=scratch)
        intensities_NA, detected_N = load_intensities(aus, lengths)
        self._intensities_NA = intensities_NA / _FULL_INTENSITY
        self._items = np.flatnonzero(detected_N)  # a bridged frame's AUs are a guess
        if not len(self._items):
            raise ValueError(f"{split}: no face was detected in any training frame")
        self.size = len(self._items)
        self._box = mouth_box(crop_size)

    def step(self, indices: list[int], context: StepContext) -> dict[str, torch.Tensor]:
        """One update of the critic and, when it is its turn, of the generator."""
        share = context.share(len(indices))
        own = self._items[indices][share]
        image_B3HW = to_tensor(self._frames.images(own), context.device)
        au_BA = torch.from_numpy(self._intensities_NA[own]).to(context.device)
        target_BA = self._targets(len(indices), context)[share]
        between_B = torch.rand(len(indices), generator=context.generator)[share]
        batch = _Batch(image_B3HW, au_BA, target_BA, between_B)
        steps = {"critic": self._critic_losses}
        if (context.samples // len(indices)) % self._config.generator_every == 0:
            steps["generator"] = self._generator_losses
        values: dict[str, torch.Tensor] = {}
        for name, losses_of in steps.items():
            self._critic.requires_grad_(name == "critic")
            values |= context.descend(len(own), partial(losses_of, batch, context), name)
        self._critic.requires_grad_(True)
        return {name: value for name, value in values.items() if name != "loss"}

    def _targets(self, count: int, context: StepContext) -> torch.Tensor:
        others_BA = self._intensities_NA[self._items[context.rng.integers(0, self.size, count)]]
        noise_BA = context.rng.uniform(-1, 1, others_BA.shape) * self._config.target_noise
        return torch.from_numpy((others_BA + noise_BA).astype(np.float32)).to(context.device)

    def _critic_losses(self, own: _Batch, context: StepContext, rows: slice) -> dict[str, torch.Tensor]:
        batch = own.rows(rows)
        config, image_B3HW, target_BA = self._config, batch.image_B3HW, batch.target_BA
        with context.autocast():
            with torch.no_grad():
                fake_B3HW = compose(image_B3HW, *self._generator(image_B3HW, target_BA))
            real_score, predicted_BA = self._critic(image_B3HW)
            fake_score, _ = self._critic(fake_B3HW)
        losses = {
            "critic": critic_loss(real_score.float(), fake_score.float()),
            "penalty": gradient_penalty(
                lambda x_B3HW: self._critic(x_B3HW)[0], image_B3HW, fake_B3HW, batch.between_B
            ),
            "critic_aus": condition_loss(predicted_BA, batch.au_BA),
        }
        loss = (
            losses["critic"]
            + config.gradient_penalty * losses["penalty"]
            + config.condition_weight * losses["critic_aus"]
        )
        return {"loss": loss, **{f"loss/{name}": value for name, value in losses.items()}}

    def _generator_losses(self, own: _Batch, context: StepContext, rows: slice) -> dict[str, torch.Tensor]:
        batch = own.rows(rows)
        config, image_B3HW, au_BA, target_BA = self._config, batch.image_B3HW, batch.au_BA, batch.target_BA
        with context.autocast():
            colour_B3HW, mask_B1HW = self._generator(image_B3HW, target_BA)
            fake_B3HW = compose(image_B3HW, colour_B3HW, mask_B1HW)
            score, predicted_BA = self._critic(fake_B3HW)
            back_colour_B3HW, back_mask_B1HW = self._generator(fake_B3HW, au_BA)
            restored_B3HW = compose(fake_B3HW, back_colour_B3HW, back_mask_B1HW)
        losses = {
            "generator": generator_loss(score.float()),
            "generator_aus": condition_loss(predicted_BA, target_BA),
            "cycle": cycle_loss(restored_B3HW, image_B3HW),
            "changed": mask_mean(1 - mask_B1HW) + mask_mean(1 - back_mask_B1HW),
            "variation": mask_variation(mask_B1HW) + mask_variation(back_mask_B1HW),
        }
        loss = (
            losses["generator"]
            + config.condition_weight * losses["generator_aus"]
            + config.cycle_weight * losses["cycle"]
            + config.mask_weight * losses["changed"]
            + config.mask_variation_weight * losses["variation"]
        )
        return {"loss": loss, **{f"loss/{name}": value for name, value in losses.items()}}

    def validate(self, context: StepContext) -> dict[str, float]:
        """The mask's figures so far: a collapse shows here long before the end."""
        generator = context.network
        assert isinstance(generator, AuGenerator)
        figures = self.mask_figures(generator, context.device)
        return {f"validation/{name}": value for name, value in figures.items()}

    @torch.no_grad()
    def mask_figures(self, generator: AuGenerator, device: torch.device) -> dict[str, float]:
        """:func:`mask_figures` over evenly spaced training frames, each with its own AUs as at test time."""
        count = min(self.size, _REPORTED_IMAGES)
        chosen_N = self._items[[position * self.size // count for position in range(count)]]
        masks = []
        for part in np.array_split(chosen_N, -(-count // 16)):
            image_N3HW = to_tensor(self._frames.images(part), device)
            au_NA = torch.from_numpy(self._intensities_NA[part]).to(device)
            masks.append(generator(image_N3HW, au_NA)[1].float().cpu())
        return mask_figures(torch.cat(masks), self._box)


def mask_figures(mask_N1HW: torch.Tensor, box: tuple[int, int, int, int]) -> dict[str, float]:
    """What tells a mask at work from a collapsed one.

    ``mask_mean``: mean of A; ``mask_deviation``: standard deviation of A over the pixels of an image, mean
    over images; ``mask_mouth_ratio``: changed share 1 - A within the mouth box over that outside of it (1: no
    matter where; it has to be above).
    """
    top, bottom, left, right = box
    changed_N1HW = 1 - mask_N1HW
    inside = torch.zeros(mask_N1HW.shape[2:], dtype=torch.bool)
    inside[top:bottom, left:right] = True
    within, without = changed_N1HW[..., inside].mean(), changed_N1HW[..., ~inside].mean()
    return {
        "mask_mean": float(mask_N1HW.mean()),
        "mask_deviation": float(mask_N1HW.flatten(1).std(1).mean()),
        "mask_mouth_ratio": float(within / without.clamp_min(1e-6)),
    }


def refuse_uniform(figures: Mapping[str, float], min_deviation: float) -> None:
    """Raise ``TrainingError`` on a mask that is the same everywhere; warn of one that spares the mouth."""
    if figures["mask_deviation"] < min_deviation:
        raise TrainingError(
            f"au_attention: the mask has collapsed to a constant (mean {figures['mask_mean']:.3f}, spatial "
            f"deviation {figures['mask_deviation']:.4f} < min_mask_deviation {min_deviation}): it says "
            "nothing of where speech shows. Raise au_attention.training.samples, lower "
            "au_attention.generator_every or au_attention.mask_weight, or try another seed"
        )
    if figures["mask_mouth_ratio"] < 1:
        logger.warning(
            "au_attention: the mask changes the mouth less than the rest (ratio %.2f): train longer",
            figures["mask_mouth_ratio"],
        )


def load_intensities(aus: list[Path], lengths: Mapping[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Raw intensities 0-5 [N, A] and whether a face was detected [N], of the clips' frames in turn."""
    begin, count = starts(lengths), sum(lengths.values())
    intensities_NA, detected_N = np.empty((count, len(AU_NAMES)), np.float32), np.empty(count, np.bool_)
    for clip, table in each_clip(aus, AUS, lengths):
        if table.num_rows != lengths[clip]:
            raise ValueError(f"clip '{clip}': {table.num_rows} AU labels for {lengths[clip]} frames")
        frames = slice(begin[clip], begin[clip] + lengths[clip])
        intensities_NA[frames], detected_N[frames] = vectors(table, "raw"), table["detected"].to_numpy()
    return intensities_NA, detected_N
