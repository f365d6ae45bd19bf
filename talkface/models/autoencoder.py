"""VQ autoencoder with f = 4: images to a small grid of three-channel latents and back.

After Rombach et al. 2022 (vq-f4) and van den Oord et al. 2017; codebook by moving averages (Razavi et al.
2019).

Legend: B batch, C latent channels, H, W latent height and width, V vectors (B x H x W), D codes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkface.models.blocks import ResidualBlock, SelfAttention, Upsample, group_norm
from talkface.models.network import Network

_DECAY = 0.98  # of the codebook's moving averages
_PATIENCE = 128  # a code unused while an even share would have been this many latents moves to a current one
_DISTANCES_AT_ONCE = 1 << 20  # per chunk on a CPU: stays within its cache
_DISTANCES_AT_ONCE_DEVICE = 1 << 26


class Encoder(nn.Module):
    """Residual levels with stride-2 convolutions between, attention at the bottom: [B, 3, ...] -> latents."""

    def __init__(self, width: int, multipliers: list[int], blocks: int, latent_channels: int) -> None:
        super().__init__()
        channels = width
        self.conv_in = nn.Conv2d(3, width, 3, padding=1)
        levels: list[nn.Module] = []
        for level, multiplier in enumerate(multipliers):
            for _ in range(blocks):
                levels.append(ResidualBlock(channels, width * multiplier))
                channels = width * multiplier
            if level < len(multipliers) - 1:
                levels.append(nn.Conv2d(channels, channels, 3, stride=2, padding=1))
        self.levels = nn.Sequential(*levels)
        self.middle = _middle(channels)
        self.out = nn.Sequential(
            group_norm(channels), nn.SiLU(), nn.Conv2d(channels, latent_channels, 3, padding=1)
        )
        self.to_codes = nn.Conv2d(latent_channels, latent_channels, 1)

    def forward(self, x_B3: Tensor) -> Tensor:
        """Images [B, 3, f H, f W] -> [B, C, H, W]."""
        return self.to_codes(self.out(self.middle(self.levels(self.conv_in(x_B3)))))


class Decoder(nn.Module):
    """The encoder's mirror with one residual block more a level, as in LDM: latents -> [B, 3, ...]."""

    def __init__(self, width: int, multipliers: list[int], blocks: int, latent_channels: int) -> None:
        super().__init__()
        channels = width * multipliers[-1]
        self.from_codes = nn.Conv2d(latent_channels, latent_channels, 1)
        self.conv_in = nn.Conv2d(latent_channels, channels, 3, padding=1)
        self.middle = _middle(channels)
        self.levels = nn.ModuleList()
        self.ups = nn.ModuleList()
        for level, multiplier in reversed(list(enumerate(multipliers))):
            row: list[nn.Module] = []
            for _ in range(blocks + 1):
                row.append(ResidualBlock(channels, width * multiplier))
                channels = width * multiplier
            self.levels.append(nn.Sequential(*row))
            if level:
                self.ups.append(Upsample(channels))
        self.out = nn.Sequential(group_norm(channels), nn.SiLU(), nn.Conv2d(channels, 3, 3, padding=1))

    def forward(self, z_BCHW: Tensor) -> Tensor:
        """[B, C, H, W] -> images [B, 3, f H, f W]."""
        h = self.middle(self.conv_in(self.from_codes(z_BCHW)))
        for index, level in enumerate(self.levels):
            h = level(h)
            if index < len(self.ups):
                h = self.ups[index](h, (2 * h.shape[2], 2 * h.shape[3]))
        return self.out(h)


def _middle(channels: int) -> nn.Sequential:
    return nn.Sequential(
        ResidualBlock(channels, channels), SelfAttention(channels), ResidualBlock(channels, channels)
    )


class Codebook(nn.Module):
    """Vector quantiser: nearest code, straight-through gradient, codes as moving averages of their latents.

    The codes start on latents of the first training batch, and a code that nothing has used for a while moves
    onto a random latent of the current batch, so that all codes stay in use even where the latents wander off
    as one, as an untrained encoder's do. Codes of rare latents, used now and then, stay where they are. The
    random choice draws from torch's global generator, as dropout does, so that a training loop that seeds it
    repeats bit for bit.
    """

    codes_DC: Tensor
    size_D: Tensor
    sum_DC: Tensor
    idle_D: Tensor
    started: Tensor

    def __init__(self, codes: int, channels: int) -> None:
        super().__init__()
        # Until training starts the codes are spread evenly, so that a fresh network works too.
        self.register_buffer(
            "codes_DC", torch.linspace(-1, 1, codes)[:, None].expand(codes, channels).clone()
        )
        self.register_buffer("size_D", torch.zeros(codes))
        self.register_buffer("sum_DC", torch.zeros(codes, channels))
        self.register_buffer("idle_D", torch.zeros(codes))  # even share of the latents since last used
        self.register_buffer("started", torch.zeros((), dtype=torch.bool))

    def forward(self, z_BCHW: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[B, C, H, W] -> nearest codes [B, C, H, W] (gradient passes straight through), commitment loss,
        indices [B, H, W].

        The commitment loss, mean squared distance to the codes, is unweighted. In training mode the codebook
        moves.
        """
        B, C, H, W = z_BCHW.shape
        with torch.autocast(z_BCHW.device.type, enabled=False):
            z_BHWC = z_BCHW.float().permute(0, 2, 3, 1)
            vectors_VC = z_BHWC.detach().reshape(-1, C)
            if self.training and not bool(self.started):
                self._start(vectors_VC)
            index_V = self.nearest(vectors_VC)
            quantised = F.embedding(index_V, self.codes_DC).view(B, H, W, C)
            if self.training:
                self._learn(vectors_VC, index_V)
            commitment = F.mse_loss(z_BHWC, quantised)
            passed = z_BHWC + (quantised - z_BHWC).detach()
        return passed.permute(0, 3, 1, 2), commitment, index_V.view(B, H, W)

    @torch.no_grad()
    def nearest(self, vectors_VC: Tensor) -> Tensor:
        """Index of the nearest code of each vector [V, C] -> [V]; memory does not grow with V."""
        # argmin |z - c|^2 = argmax z.c - |c|^2 / 2; relative to the codes' mean, so that float32 suffices.
        mean_C = self.codes_DC.mean(0)
        centred_DC = self.codes_DC - mean_C
        offset_D = -0.5 * centred_DC.square().sum(1)
        limit = _DISTANCES_AT_ONCE if vectors_VC.device.type == "cpu" else _DISTANCES_AT_ONCE_DEVICE
        rows = max(1, limit // len(self.codes_DC))
        return torch.cat(
            [torch.addmm(offset_D, part - mean_C, centred_DC.T).argmax(1) for part in vectors_VC.split(rows)]
        )

    @torch.no_grad()
    def _start(self, vectors_VC: Tensor) -> None:
        codes = len(self.codes_DC)
        chosen_DC = _drawn(vectors_VC, codes)
        # A small jitter separates codes that were drawn from one vector.
        chosen_DC = chosen_DC + 1e-3 * vectors_VC.std(0) * torch.randn_like(chosen_DC)
        even = len(vectors_VC) / codes
        self.codes_DC.copy_(chosen_DC)
        self.size_D.fill_(even)
        self.sum_DC.copy_(chosen_DC * even)
        self.started.fill_(True)

    @torch.no_grad()
    def _learn(self, vectors_VC: Tensor, index_V: Tensor) -> None:
        codes, even = len(self.codes_DC), len(vectors_VC) / len(self.codes_DC)
        used_D = torch.bincount(index_V, minlength=codes).to(self.size_D.dtype)
        self.size_D.lerp_(used_D, 1 - _DECAY)
        self.sum_DC.lerp_(torch.zeros_like(self.sum_DC).index_add_(0, index_V, vectors_VC), 1 - _DECAY)
        self.idle_D.copy_(torch.where(used_D > 0, 0.0, self.idle_D + even))
        dead_D = self.idle_D > _PATIENCE
        # Drawn for all codes, used or not: no count of dead codes leaves the device, and the draw is of
        # fixed length.
        fresh_DC = _drawn(vectors_VC, codes)
        self.size_D.copy_(torch.where(dead_D, 0.5 * even, self.size_D))
        self.sum_DC.copy_(torch.where(dead_D[:, None], 0.5 * even * fresh_DC, self.sum_DC))
        self.idle_D.masked_fill_(dead_D, 0.0)
        self.codes_DC.copy_(self.sum_DC / self.size_D[:, None].clamp_min(1e-8))


def _drawn(vectors_VC: Tensor, count: int) -> Tensor:
    return vectors_VC[torch.randint(len(vectors_VC), (count,), device=vectors_VC.device)]


class VQAutoencoder(Network, name="autoencoder"):
    """Images in [-1, 1] to latents of a quarter of the size (with three multipliers) and back.

    ``encode`` gives latents before quantisation, which is where the diffusion runs; ``decode`` quantises
    first. ``scale`` and ``shift`` bring the latents to zero mean and unit variance per channel: call
    ``set_latent_statistics`` after training.

    Args:
        width: channels of the first level (128 in vq-f4).
        multipliers: width of each level in units of ``width``; each level but the last halves the image.
        blocks: residual blocks a level.
        codes: entries of the codebook (8192 in vq-f4).
        latent_channels: channels of a latent, C.
    """

    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        width: int = 128,
        multipliers: list[int] | tuple[int, ...] = (1, 2, 4),
        blocks: int = 2,
        codes: int = 8192,
        latent_channels: int = 3,
    ) -> None:
        super().__init__()
        self.factor = 2 ** (len(multipliers) - 1)
        self.encoder = Encoder(width, list(multipliers), blocks, latent_channels)
        self.codebook = Codebook(codes, latent_channels)
        self.decoder = Decoder(width, list(multipliers), blocks, latent_channels)
        self.register_buffer("scale", torch.ones(latent_channels))
        self.register_buffer("shift", torch.zeros(latent_channels))

    def encode(self, x_B3HW: Tensor) -> Tensor:
        """Images [B, 3, f H, f W] in [-1, 1] -> latents before quantisation [B, C, H, W].

        Raises:
            ValueError: a side that the factor f does not divide.
        """
        if x_B3HW.shape[2] % self.factor or x_B3HW.shape[3] % self.factor:
            raise ValueError(
                f"autoencoder: image sides {list(x_B3HW.shape[2:])} must be multiples of {self.factor}"
            )
        return self.encoder(x_B3HW)

    def quantise(self, z_BCHW: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[B, C, H, W] -> (codes [B, C, H, W], unweighted commitment loss, indices [B, H, W]).

        The gradient passes straight through the codes. In training mode the codebook moves.
        """
        return self.codebook(z_BCHW)

    def decode(self, z_BCHW: Tensor, quantise: bool = True) -> Tensor:
        """Latents [B, C, H, W] -> images [B, 3, f H, f W], about [-1, 1] (not clamped)."""
        if quantise:
            z_BCHW = self.quantise(z_BCHW)[0]
        return self.decoder(z_BCHW)

    def forward(self, x_B3HW: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Images -> (reconstruction, commitment loss, indices [B, H, W]); for training."""
        z_BCHW, commitment, index_BHW = self.quantise(self.encode(x_B3HW))
        return self.decoder(z_BCHW), commitment, index_BHW

    @torch.no_grad()
    def set_latent_statistics(self, mean_C: Tensor, std_C: Tensor) -> None:
        """Record mean and standard deviation of ``encode``'s output over the training images."""
        self.shift.copy_(mean_C)
        self.scale.copy_(1 / std_C.clamp_min(1e-6))

    def to_latent(self, x_B3HW: Tensor) -> Tensor:
        """Images -> latents in units of their standard deviation [B, C, H, W]."""
        return (self.encode(x_B3HW).float() - self.shift[:, None, None]) * self.scale[:, None, None]

    def from_latent(self, z_BCHW: Tensor, quantise: bool = True) -> Tensor:
        """Latents in units of their standard deviation [B, C, H, W] -> images."""
        return self.decode(z_BCHW / self.scale[:, None, None] + self.shift[:, None, None], quantise)
