"""How the data of a training are varied; 0 leaves a part out."""

from __future__ import annotations

from pydantic import Field

from talkface.config.basics import Fraction, Strict


class PictureAugmentation(Strict):
    """How photo and true frames of a training window are varied, both alike; 0 leaves a part out."""

    gain: float = Field(0.25, ge=0, lt=1)
    """Largest relative change of a colour channel."""
    gamma: float = Field(0.5, ge=0)
    """Largest logarithm of the gamma."""
    offset: float = Field(0.1, ge=0)
    """Largest change of brightness, of 1."""
    rotation: float = Field(0.15, ge=0)
    """Largest rotation in radians."""
    scale: float = Field(0.12, ge=0, lt=1)
    """Largest relative change of width and height, each by itself."""
    shift: float = Field(0.08, ge=0)
    """Largest shift, as a share of the picture's side."""
    mirror: Fraction = 0.5
    """Share of windows that are mirrored."""
    bend: float = Field(0.06, ge=0)
    """Deviation of a smooth random warp, in half widths of the picture."""


class SoundAugmentation(Strict):
    """How a training window's sound is varied; 0 leaves a part out."""

    vocal_tract: float = Field(0.2, ge=0, lt=1)
    """Largest relative change of the vocal tract's length: a stretch of the mel axis."""
    gain: float = Field(2.0, ge=0)
    """Largest change of the volume, in natural logarithms of power."""
    filter: float = Field(0.6, ge=0)
    """Deviation of each band's own change, likewise."""
    noise_share: Fraction = 0.7
    """Share of windows with steady noise."""
    noise_db: tuple[float, float] = (-40.0, -10.0)
    """Range of the noise's level over the sound's mean power, in decibels."""
    silence_share: Fraction = 0.08
    """Share of windows whose sound is silence or noise alone, and whose true mouth is shut."""
