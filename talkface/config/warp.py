"""The renderer that warps the photo: its network, losses, and how its training data are varied."""

from __future__ import annotations

from pydantic import Field

from talkface.config.basics import Fraction, Strict
from talkface.config.networks import Fused


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


class WarpLosses(Strict):
    """Weights of the warp renderer's losses; 0 leaves a term out."""

    reconstruction: float = Field(1.0, ge=0)
    """L1."""
    edges: float = Field(0.5, ge=0)
    """L1 of the error's gradient."""
    flow_variation: float = Field(0.02, ge=0)
    """Total variation of the flow."""
    aus: float = Field(0.1, ge=0)
    """Mean square error of the action units that the token tells, at 0 to 1."""
    course: float = Field(0.02, ge=0)
    """One minus the correlation of their course in a window, plus the squared logarithm of the ratio of
    deviations: without it, what is uncertain moves too little."""
    adversarial: float = Field(0.0, ge=0)
    """Patch critic of the mouth region."""
    adversarial_start: Fraction = 0.5
    """Share of the samples after which the critic joins."""


class WarpRenderer(Fused):
    """The renderer that starts from the photo: flow, mask and residual on it, one step."""

    disentangled: bool = False
    """AU-Attention's mask joins the photo, as a prior of where speech moves a face."""
    sees_face: bool = False
    """The fusion gets the face's feature, as in the papers; False: the token is made of speech alone."""
    normalised: bool = True
    """[ours] normalise the features before the fusion, and the fusion's blocks."""
    fusion_widths: list[int] = [256, 256]
    """Layers of a TCN; the last is the width of a frame's token."""
    audio_width: int = 256
    """E_a's output."""
    width: int = Field(48, ge=8)
    """Channels at half the picture's size."""
    multipliers: list[int] = [1, 2, 3, 4]
    """Channels on each level, as multiples of width."""
    code_width: int = Field(256, ge=8)
    """Width of the code that scales and shifts every block."""
    reach: float = Field(0.1, gt=0)
    """A flow of 1 moves by this share of half the picture's width."""
    frames_per_window: int = 4
    """Frames of the window that are rendered in training."""
    mouth_weight: float = 5.0
    """Weight of the mouth region in the L1 terms."""
    balance_speakers: bool = True
    """[ours] draw windows of every speaker equally often."""
    first_frame_share: Fraction = 0.5
    """Share of windows whose photo is the clip's first frame; the others take any frame of the clip."""
    true_aus_share: Fraction = 0.8
    """Share of windows whose frames are driven by the true action units in place of what the token tells."""
    token_dropout: Fraction = 0.5
    """Share of windows whose frames are driven by action units alone."""
    critic_width: int = Field(32, ge=8)
    """First channels of the critic."""
    pictures: PictureAugmentation = PictureAugmentation()
    """How pictures are varied in training."""
    sound: SoundAugmentation = SoundAugmentation()
    """How sound is varied in training."""
    losses: WarpLosses = WarpLosses()
    """Weights of the losses."""
