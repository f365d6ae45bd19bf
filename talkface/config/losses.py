"""The weights of all losses, and the features of the perceptual loss.

A network's section (``networks.py``) inherits the weights of its losses from here; how much more the mouth
counts in them stands in the section. The values of an experiment are in ``config.yaml`` and its overlays. The
losses themselves are in ``talkface/losses/``, and the tasks in ``talkface/training/tasks/`` add them up.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from talkface.config.basics import Fraction, Strict


class AutoencoderLosses(Strict):
    """Weights in section ``autoencoder``."""

    mouth_weight: float = 1.0
    """Weight of the mouth region in the reconstruction loss."""
    edge_weight: float = 0.0
    """L1 of image gradients: sharpness without a downloaded perceptual network."""
    commitment: float = 0.25
    """Weight of the commitment loss (VQ-VAE, van den Oord et al. 2017)."""


class AudioToAuLosses(Strict):
    """Weights in section ``audio_to_au``."""

    intensity_weight: float = 0.0
    """[own] regression of the normalised intensity beside presence."""


class AuAttentionLosses(Strict):
    """Weights in section ``au_attention``."""

    gradient_penalty: float = 10.0
    """Weight of the critic's gradient penalty (WGAN-GP)."""
    condition_weight: float = 4000.0
    """Weight of the critic's error on the target AUs."""
    cycle_weight: float = 10.0
    """Weight of the cycle loss (L1)."""
    mask_weight: float = 0.1
    """Weight of the mask's mean, which keeps the changed share small."""
    mask_variation_weight: float = 1e-5
    """Weight of the mask's total variation, which keeps it smooth."""


class FusedLosses(Strict):
    """Weights in every renderer's section."""

    mouth_weight: float = 1.0
    """Weight of the mouth region in the loss."""


class FrameLosses(Strict):
    """Weights of the losses of papers B and C; 0 leaves a term out."""

    reconstruction: float = Field(1.5, ge=0)
    """L1."""
    perceptual: float = Field(0.0, ge=0)
    """VGG-19 features, or those of our autoencoder; 0.07 in B and C."""
    identity: float = Field(0.0, ge=0)
    """L1 of the upper half against the input image; 1.5 in B and C."""
    aus: float = Field(0.0, ge=0)
    """AU classifier's weighted BCE + Dice; 0.02 in B and C."""
    adversarial: float = Field(0.0, ge=0)
    """Patch critic of frames; 0.002 in C."""
    video_adversarial: float = Field(0.0, ge=0)
    """Critic of frame sequences (CRAN)."""
    adversarial_start: Fraction = 0.5
    """Share of the samples after which critics are added (C: 20 + 20 epochs)."""


class SpeechLosses(Strict):
    """What the renderers share that start from the photo; 0 leaves a term out."""

    reconstruction: float = Field(1.0, ge=0)
    """L1."""
    edges: float = Field(0.5, ge=0)
    """L1 of the error's gradient."""
    landmarks: float = Field(2.0, ge=0)
    """How far the moved landmarks of the photo are from those of the true frame."""
    flow_variation: float = Field(0.02, ge=0)
    """Total variation of the flow."""
    aus: float = Field(0.1, ge=0)
    """Mean square error of the action units that the token tells, at 0 to 1."""
    course: float = Field(0.02, ge=0)
    """One minus the correlation of their course in a window, plus the squared logarithm of the ratio of
    deviations: without it, what is uncertain moves too little."""


class WarpLosses(SpeechLosses):
    """Weights in section ``warp_renderer``."""

    adversarial: float = Field(0.0, ge=0)
    """Patch critic of the mouth region."""
    adversarial_start: Fraction = 0.5
    """Share of the samples after which the critic joins."""


class PhotoLosses(SpeechLosses):
    """Weights in section ``photo_renderer``; L1 and flow are those of the decoded true latents."""

    noise: float = Field(1.0, ge=0)
    """Square error of the predicted noise."""


class Perceptual(Strict):
    """Features of the perceptual loss: VGG-19 from a file, or, without it, our own autoencoder's encoder."""

    vgg19: Path | None = None
    """Torchvision's vgg19 weights (.pth or .safetensors)."""
    vgg19_sha256: str | None = None
    """Its checksum; required with the file."""

    @model_validator(mode="after")
    def _checked(self) -> Perceptual:
        if self.vgg19 is not None and self.vgg19_sha256 is None:
            raise ValueError("vgg19_sha256: give the checksum of the file (sha256sum FILE)")
        return self
