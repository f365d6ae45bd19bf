"""Task: the VQ autoencoder in whose latents the diffusion runs (Rombach et al. 2022, vq-f4).

Loss = L1 weighted by region + edge_weight * L1 of image gradients + commitment * commitment loss. [own]: the
published model adds LPIPS and a patch critic; without downloaded weights the gradient term keeps edges sharp,
and the weight of the mouth region spends the code where the face speaks. Frames are never mirrored: faces are
not symmetric, and the mouth's asymmetry is speech too.

Shape legend: B batch, N images, C latent channels, H and W of the image, h and w of the latent.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from talkface.config import Autoencoder as AutoencoderConfig
from talkface.data.frames import Frames, to_pictures, to_tensor
from talkface.data.regions import mouth_box, region_weight
from talkface.data.subsets import clip_lengths, picture_lengths
from talkface.models.autoencoder import VQAutoencoder
from talkface.training import seeding
from talkface.training.loop import StepContext, Task
from talkface.training.schedule import build_optimizer

_STATISTICS_IMAGES = 4096
_STATISTICS_BATCH = 64
_VALIDATION_IMAGES = 64


class AutoencoderTask(Task):
    """Frames, network and loss, as the training loop asks for them."""

    def __init__(
        self,
        split: Path,
        faces: list[Path],
        crop_size: int,
        config: AutoencoderConfig,
        seed: int,
        scratch: Path | None = None,
    ):
        seeding.reseed(seed)
        self.network = VQAutoencoder(
            width=config.width,
            multipliers=config.multipliers,
            blocks=config.blocks,
            codes=config.codes,
            latent_channels=config.latent_channels,
        )
        self.modules = {"autoencoder": self.network}
        self.optimizers = {"autoencoder": build_optimizer(self.network.parameters(), config.training)}
        self.frames = Frames(faces, picture_lengths(split), crop_size, scratch=scratch)
        self.size = len(self.frames)
        self._config = config
        self._box, self._crop_size = mouth_box(crop_size), crop_size
        self._held_back = _held_back(split, faces, crop_size)

    def draw(self, indices: list[int], rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Frames, uint8 [B, H, W, 3], and the corners of their patches [B, 2]."""
        corners_B2 = torch.from_numpy(self._corners(len(indices), rng))
        return torch.from_numpy(self.frames.images(indices)), corners_B2

    def step(self, drawn: tuple[torch.Tensor, torch.Tensor], context: StepContext) -> dict[str, torch.Tensor]:
        """One update on the drawn frames."""
        image_BHW3, corners_B2 = (part[context.share(len(part))] for part in drawn)
        return context.descend(
            len(image_BHW3), lambda rows: self._losses(image_BHW3[rows], corners_B2[rows], context)
        )

    def _corners(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Top and left of each image's patch [B, 2]; nothing is drawn for whole crops."""
        if self._config.patch_size is None:
            return np.zeros((count, 2), np.int64)
        return rng.integers(0, self._crop_size - self._config.patch_size + 1, size=(count, 2))

    def _losses(
        self, image_BHW3: torch.Tensor, corners_B2: torch.Tensor, context: StepContext
    ) -> dict[str, torch.Tensor]:
        image_B3HW = to_pictures(image_BHW3.to(context.device, non_blocking=True))
        weight_BHW = region_weight(self._box, image_B3HW, self._config.mouth_weight).expand(
            len(image_B3HW), -1, -1
        )
        if self._config.patch_size is not None:
            image_B3HW, weight_BHW = _patches(image_B3HW, weight_BHW, self._config.patch_size, corners_B2)
        with context.autocast():
            rebuilt_B3HW, commitment, index_Bhw = self.network(image_B3HW)
        error_B3HW = rebuilt_B3HW.float() - image_B3HW
        losses = {
            "pixels": (error_B3HW.abs() * weight_BHW[:, None]).mean(),
            "edges": 0.5 * (error_B3HW.diff(dim=2).abs().mean() + error_B3HW.diff(dim=3).abs().mean()),
            "commitment": commitment.float(),
        }
        loss = (
            losses["pixels"]
            + self._config.edge_weight * losses["edges"]
            + self._config.commitment * losses["commitment"]
        )
        used = torch.tensor(index_Bhw.unique().numel() / self._config.codes, dtype=torch.float64)
        return {"loss": loss, **{f"loss/{name}": value for name, value in losses.items()}, "codes_used": used}

    def validate(self, context: StepContext) -> dict[str, float]:
        """PSNR on held-back frames of seen speakers, whole crop and mouth: the ceiling of what follows."""
        if self._held_back is None:
            return {}
        network = context.network
        assert isinstance(network, VQAutoencoder)
        image_N3HW = to_tensor(self._held_back, context.device)
        top, bottom, left, right = self._box
        errors_N3HW = torch.cat(
            [
                (network.decode(network.encode(part)).clamp(-1, 1) - part).square()
                for part in image_N3HW.split(16)
            ]
        )
        mouth_N3HW = errors_N3HW[..., top:bottom, left:right]
        return {
            "validation/psnr": _psnr(errors_N3HW),
            "validation/psnr_mouth": _psnr(mouth_N3HW),
        }

    def pictures(self, context: StepContext) -> dict[str, torch.Tensor]:
        """Some held-back frames, or training frames without such, and their way through the latents."""
        count = min(8, self.size)
        images = self.frames.images(list(range(count))) if self._held_back is None else self._held_back[:8]
        image_N3HW, network = to_tensor(images, context.device), context.network
        assert isinstance(network, VQAutoencoder)
        return {"true": image_N3HW, "rebuilt": network.decode(network.encode(image_N3HW))}


def _patches(
    image_B3HW: torch.Tensor, weight_BHW: torch.Tensor, size: int, corners_B2: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """One square of each image, with its weights.

    The network is convolutional, so it learns from patches what it needs for whole crops, at a fraction of
    the cost (Rombach et al. 2022 train on patches too).
    """
    cuts = [
        (number, slice(top, top + size), slice(left, left + size))
        for number, (top, left) in enumerate(corners_B2.tolist())
    ]
    images = torch.stack([image_B3HW[number, :, rows, columns] for number, rows, columns in cuts])
    return images, torch.stack([weight_BHW[cut] for cut in cuts])


@torch.no_grad()
def latent_statistics(
    network: VQAutoencoder, frames: Frames, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation [C] of the latents over evenly spaced training frames."""
    count = min(len(frames), _STATISTICS_IMAGES)
    indices = [position * len(frames) // count for position in range(count)]
    channels = network.settings["latent_channels"]
    total_C, square_C = torch.zeros(2, channels, dtype=torch.float64, device=device)
    values = 0
    for begin in range(0, count, _STATISTICS_BATCH):
        images = frames.images(indices[begin : begin + _STATISTICS_BATCH])
        z_NChw = network.encode(to_tensor(images, device)).double()
        total_C = total_C + z_NChw.sum((0, 2, 3))
        square_C = square_C + z_NChw.square().sum((0, 2, 3))
        values += z_NChw[:, 0].numel()
    mean_C = total_C / values
    variance_C = square_C / values - mean_C.square()
    return mean_C.float(), variance_C.clamp_min(0).sqrt().float()


def _held_back(split: Path, faces: list[Path], crop_size: int) -> np.ndarray | None:
    try:
        lengths = clip_lengths(split, "seen_test")
    except ValueError:
        return None
    frames = Frames(faces, lengths, crop_size, budget_bytes=0)
    count = min(len(frames), _VALIDATION_IMAGES)
    return frames.images([position * len(frames) // count for position in range(count)])


def _psnr(error: torch.Tensor) -> float:
    return float(10 * torch.log10(4.0 / error.flatten(1).mean(1).clamp_min(1e-10)).mean())
