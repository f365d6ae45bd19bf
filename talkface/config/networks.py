"""A section for each network but the renderers: its sizes, the weights of its losses, its training.

The weights of losses are in ``losses.py``, the settings of a training in ``training.py``. The fields of a
section are in the order of its base classes from the last to the first, then its own. That order is part of
the rules' parameters: another one would rerun finished trainings.
"""

from __future__ import annotations

from pydantic import Field

from talkface.config.basics import Fraction, Strict
from talkface.config.losses import AuAttentionLosses, AudioToAuLosses, AutoencoderLosses
from talkface.config.training import Training


class AutoencoderNetwork(Strict):
    """Sizes of the autoencoder."""

    width: int = Field(128, ge=8)
    """Channels at full size."""
    multipliers: list[int] = Field([1, 2, 4], min_length=3, max_length=3)
    """Channels on each level, as multiples of width; two halvings give f = 4."""
    blocks: int = Field(2, ge=1)
    """Residual blocks on each level."""
    codes: int = Field(8192, ge=2)
    """Entries of the codebook."""
    latent_channels: int = Field(3, ge=1)
    """Channels of the latent, and of a code."""
    patch_size: int | None = Field(None, ge=16, multiple_of=4)
    """Train on patches; None: whole crops."""


class Autoencoder(AutoencoderLosses, AutoencoderNetwork):
    """VQ autoencoder, f = 4: 112 x 112 x 3 -> 28 x 28 x 3 (Rombach et al. 2022, vq-f4)."""

    training: Training
    """How it is trained; a sample is a patch, or a whole crop."""


class AudioToAuNetwork(Strict):
    """The nets of Audio-to-AU."""

    dropout: Fraction = 0.5
    """Before the head."""


class AudioToAu(AudioToAuLosses, AudioToAuNetwork):
    """Five nets, one an AU (paper A/C: weighted BCE + Dice on presence)."""

    window_frames: int = Field(25, ge=1)
    """Frames per training sequence of the recurrent layers."""
    training: Training
    """How they are trained; a sample is a frame."""


class AuAttentionNetwork(Strict):
    """Sizes of the generator and the critic."""

    width: int = Field(64, ge=8)
    """Channels of the generator's trunk."""
    residual_blocks: int = 6
    """Residual blocks between the generator's halvings and doublings."""
    critic_width: int = 64
    """First channels of the critic."""
    critic_layers: int = 6
    """Stride-2 convolutions of the critic."""


class AuAttention(AuAttentionLosses, AuAttentionNetwork):
    """GANimation-type disentanglement (paper A)."""

    generator_every: int = Field(5, ge=1)
    """Critic steps per generator step."""
    target_noise: float = 0.1
    """Target AUs are those of another frame, plus uniform noise up to this value."""
    min_mask_deviation: float = 0.01
    """Minimum spatial deviation of the mask; with less it has collapsed, and the stage fails."""
    training: Training
    """How it is trained; a sample is a frame of the critic's."""


class AuClassifier(Strict):
    """Presence of the five AUs on the lower half of a face (papers B and C): the judge in the AU loss."""

    width: int = Field(32, ge=4)
    """First channels."""
    training: Training
    """How it is trained; a sample is a frame."""
