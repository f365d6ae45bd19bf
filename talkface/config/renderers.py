"""A section for each renderer, found by what it gives; fields are in the order that ``networks.py`` tells."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from talkface.config.augmentation import PictureAugmentation, SoundAugmentation
from talkface.config.basics import Fraction, Strict
from talkface.config.denoised import Denoised
from talkface.config.losses import FrameLosses, FusedLosses, PhotoLosses, WarpLosses
from talkface.config.training import Training

RENDERERS: dict[str, type[Fused]] = {}
"""What a renderer gives (a variant's ``output``) -> its section."""


class FusedNetwork(Strict):
    """Inputs, sizes and windows of encoders and fusion."""

    speech: list[Literal["audio", "aus"]] = ["audio", "aus"]
    """Inputs that drive the mouth."""
    oracle_aus: bool = False
    """The true frames' AUs instead of Audio-to-AU's: an upper limit, not a method."""
    disentangled: bool = True
    """AU-Attention's two faces; False: the whole first face in both places."""
    audio_hops: int | None = Field(None, ge=4)
    """Hops of E_a's window; None: mfcc.window_hops."""
    audio_width: int = 512
    """E_a's output."""
    face_width: int = 512
    """E_f's output."""
    encoder_width: int = 16
    """First channels of E_a and E_f."""
    fusion: Literal["tcsan", "gru", "tcn", "attention_tcn", "coattention_tcn", "concatenation"] = "tcsan"
    """How face, sound and AUs become one token a frame (paper B, table 3)."""
    normalised: bool = False
    """[own] normalise the features before the fusion, and the fusion's blocks."""
    fusion_widths: list[int] = [512, 1024]
    """Layers of a TCN; the last is the width of a frame's token."""
    fusion_dropout: Fraction = 0.2
    """Dropout inside the fusion."""
    attention_heads: int = 4
    """Heads of the fusion's attention."""
    window_frames: int = 50
    """Training window of the fusion."""
    frames_per_window: int = 50
    """Frames of the window that are rendered in training (all 50 in the paper)."""


class Fused(FusedLosses, FusedNetwork):
    """E_a, E_f and the fusion: what all renderers share.

    A renderer's section is a subclass that says its name and what it gives (docs/adding_network.md). The name
    is that of the section, of the network, and of the modules in ``models/`` and ``training/tasks/``.
    """

    section: ClassVar[str]
    output: ClassVar[str]

    def __init_subclass__(cls, section: str = "", output: str = "", **keywords: Any) -> None:
        """Keep the class under what it gives; one without a section is a base of others."""
        super().__init_subclass__(**keywords)
        if section:
            cls.section, cls.output = section, output
            RENDERERS[output] = cls

    balance_speakers: bool = False
    """[own] draw windows of every speaker equally often."""
    training: Training
    """How it is trained; a sample is a rendered frame."""

    @model_validator(mode="after")
    def _driven(self) -> Fused:
        if not self.speech:
            raise ValueError("speech: nothing drives the mouth; name audio, aus or both")
        if self.oracle_aus and "aus" not in self.speech:
            raise ValueError("oracle_aus: needs 'aus' in speech")
        if self.frames_per_window > self.window_frames:
            raise ValueError("frames_per_window: there are only window_frames in a window")
        return self

    def rests_on(self) -> set[str]:
        """Parts of ``talkface.evaluation.needs.PARTS`` behind this renderer, beside the autoencoder."""
        parts = {"identity_face" if self.disentangled else "whole_face"}
        if "aus" in self.speech:
            parts.add("true_aus" if self.oracle_aus else "predicted_aus")
        return parts

    def check(self, crop_size: int) -> None:
        """Raise ``ValueError`` for crops of a size that this renderer cannot give."""


class Renderer(Denoised, Fused, section="renderer", output="diffusion"):
    """Paper A's renderer: a latent denoiser on E_a, E_f and TCSAN."""

    masked_frame: Literal["first", "every"] = "first"
    """Frames whose upper half the renderer sees: the first, or every frame (inpaint only)."""
    width: int = Field(256, ge=8)
    """Channels of the denoiser at full size of the latent."""
    multipliers: list[int] = [1, 2, 3, 4]
    """Channels on each level, as multiples of width."""
    blocks: int = 2
    """Residual blocks on each level."""
    attention_levels: list[int] = [1, 2, 3]
    """Levels with attention, counted in halvings."""
    head_width: int = 32
    """Channels of an attention head."""
    preconditioned: bool = False
    """[own] the network gives what is left of the noise after copying its input."""
    even_timesteps: bool = False
    """[own] weigh the noise error so that high noise, where mouths open, counts."""

    def rests_on(self) -> set[str]:
        """Latents of every frame too."""
        masked = {"masked_latents"} if self.masked_frame == "every" else set[str]()
        return super().rests_on() | {"latents", "denoiser"} | masked


MIN_VIDEO_FRAMES = 4
"""Frames that a critic of sequences looks at together."""


class FrameRenderer(Fused, section="frame_renderer", output="frames"):
    """Papers B and C's renderer: a decoder of frames, with skips from the identity encoder."""

    disentangled: bool = False
    """AU-Attention's two faces; False: the whole first face in both places."""
    normalised: bool = True
    """[own] normalise the features before the fusion, and the fusion's blocks."""
    fusion_widths: list[int] = [512, 512, 512, 1024]
    """Layers of a TCN; the last is the width of a frame's token."""
    decoder_width: int = Field(256, ge=16, multiple_of=16)
    """Channels of the decoder's 7 x 7 grid."""
    critic_width: int = Field(64, ge=8)
    """First channels of the critics."""
    perceptual_patch: int | None = Field(None, ge=32)
    """[own] perceptual loss on a random square; None: whole."""
    losses: FrameLosses = FrameLosses()
    """Weights of the losses."""

    @model_validator(mode="after")
    def _long_enough(self) -> FrameRenderer:
        if self.losses.video_adversarial and self.frames_per_window < MIN_VIDEO_FRAMES:
            raise ValueError(f"frames_per_window: the video critic needs {MIN_VIDEO_FRAMES} or more")
        return self

    def check(self, crop_size: int) -> None:
        """Four halvings, and a patch within the crop."""
        if crop_size % 16:
            raise ValueError("video.crop_size must be a multiple of 16 to decode frames")
        if (self.perceptual_patch or 0) > crop_size:
            raise ValueError("perceptual_patch is larger than video.crop_size")

    def rests_on(self) -> set[str]:
        """The frames, and the judges behind its losses."""
        judges = {"au_judge": self.losses.aus, "perceptual": self.losses.perceptual}
        return super().rests_on() | {"frames"} | {part for part, weight in judges.items() if weight}


class PhotoFused(Fused):
    """What the renderers that start from the photo share: its maps, a frame's code, the training windows."""

    later = frozenset({"appearance_share"})

    disentangled: bool = False
    """AU-Attention's mask joins the photo, as a prior of where speech moves a face."""
    sees_face: bool = False
    """The fusion gets the face's feature, as in the papers; False: the token is made of speech alone."""
    normalised: bool = True
    """[own] normalise the features before the fusion, and the fusion's blocks."""
    fusion_widths: list[int] = [256, 256]
    """Layers of a TCN; the last is the width of a frame's token."""
    audio_width: int = 256
    """E_a's output."""
    width: int = Field(48, ge=8)
    """Channels at half the picture's size."""
    multipliers: list[int] = [1, 2, 3, 4]
    """Channels on each level, as multiples of width."""
    shapes: int = Field(12, ge=1)
    """Principal components of the landmarks' movement: the coarse part of the flow."""
    photo_maps: int = Field(64, ge=1)
    """Maps that are made of the photo, once for a batch of its frames."""
    code_width: int = Field(256, ge=8)
    """Width of the code that drives a frame."""
    reach: float = Field(0.1, gt=0)
    """A flow of 1 moves by this share of half the picture's width."""
    frames_per_window: int = Field(4, ge=1)
    """Frames of the window that are rendered in training."""
    sound_windows: int = Field(4, ge=1)
    """Windows of sound that the head of action units learns from, for each window that is rendered; 1 where
    the fusion sees the face."""
    mouth_weight: float = 5.0
    """Weight of the mouth region in the L1 terms."""
    inner_mouth_weight: float = Field(4.0, ge=1)
    """Further weight of what shows between the lips."""
    balance_speakers: bool = True
    """[own] draw windows of every speaker equally often."""
    first_frame_share: Fraction = 0.5
    """Share of windows whose photo is the clip's first face; the others take any frame with a face."""
    true_aus_share: Fraction = 0.8
    """Share of windows whose frames are driven by the true action units in place of what the token tells."""
    token_dropout: Fraction = 0.5
    """Share of windows whose frames are driven by action units alone."""
    appearance_share: Fraction = 0.5
    """Share of windows that show speakers of the split's ``appearance``, driven by true action units alone;
    none where the split has no such speakers or the fusion sees the face. The shares above, and that of
    silence, are of the other windows."""
    pictures: PictureAugmentation = PictureAugmentation()
    """How pictures are varied in training."""
    sound: SoundAugmentation = SoundAugmentation()
    """How sound is varied in training."""

    def check(self, crop_size: int) -> None:
        """A halving for each level; one sound for each face that is seen; action units are not given."""
        if self.oracle_aus:
            raise ValueError("oracle_aus: these renderers read action units off the sound's token")
        if "aus" in self.speech and self.audio_hops is not None:
            raise ValueError("audio_hops: none where Audio-to-AU's feature drives too: both hear one window")
        if self.sees_face and self.sound_windows > 1:
            raise ValueError("sound_windows: 1 where sees_face is true: a sound goes with its own face")
        if crop_size % 2 ** len(self.multipliers):
            raise ValueError(
                f"video.crop_size must be a multiple of {2 ** len(self.multipliers)} for "
                f"{len(self.multipliers)} multipliers"
            )

    def rests_on(self) -> set[str]:
        """The frames and their labels."""
        return super().rests_on() | {"frames", "labels", "landmarks"}


class WarpRenderer(PhotoFused, section="warp_renderer", output="warp"):
    """The renderer that warps the photo: flow, mask and residual on it, one step."""

    mixtures: int = Field(24, ge=4)
    """Mixtures of the photo's maps that a frame is made of."""
    frame_blocks: int = Field(1, ge=0)
    """Residual blocks over the mixtures."""
    mouth_width: int = Field(48, ge=0)
    """Channels of the network that paints the mouth over the warped photo; 0: none."""
    critic_width: int = Field(32, ge=8)
    """First channels of the critic."""
    losses: WarpLosses = WarpLosses()
    """Weights of the losses."""


class PhotoRenderer(Denoised, PhotoFused, section="photo_renderer", output="photo_diffusion"):
    """Paper A's diffusion with the photo: in latents that say how a frame differs from it."""

    decoder_width: int = Field(32, ge=8)
    """Channels of the decoder at half the picture's size, doubled at a quarter."""
    latent_noise: float = Field(0.1, ge=0)
    """Deviation of the noise in the latents, in units of about their own, that the decoder learns from."""
    later = Denoised.later | PhotoFused.later

    denoiser_width: int = Field(128, ge=8)
    """Channels of the denoiser at full size of the latent."""
    denoiser_multipliers: list[int] = [1, 2, 3, 4]
    """Channels on each level, as multiples of denoiser_width."""
    blocks: int = 1
    """Residual blocks on each level."""
    attention_levels: list[int] = [2, 3]
    """Levels with attention, counted in halvings."""
    head_width: int = 32
    """Channels of an attention head."""
    preconditioned: bool = True
    """[own] the network gives what is left of the noise after copying its input."""
    even_timesteps: bool = True
    """[own] weigh the noise error so that high noise, where mouths open, counts."""
    losses: PhotoLosses = PhotoLosses()
    """Weights of the losses."""

    def check(self, crop_size: int) -> None:
        """A latent has a quarter of the crop's sides."""
        super().check(crop_size)
        if crop_size % 4:
            raise ValueError("video.crop_size must be a multiple of 4 to encode frames")

    def rests_on(self) -> set[str]:
        """A denoiser, and so a sampler; latents of its own."""
        return super().rests_on() | {"denoiser", "own_autoencoder"}
