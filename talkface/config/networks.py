"""The networks, their training, the devices, and the sampler."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from talkface.config.basics import Fraction, Strict


class Compute(Strict):
    """What is part of a run's numbers: threads change the last bits of the weights."""

    threads: int = Field(2, ge=1)
    """CPU threads of each process; another number changes the last bits of the weights."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where networks run; auto: on a GPU where torch finds one."""
    precision: Literal["float32", "bfloat16", "auto"] = "auto"
    """Precision of the networks; auto: bfloat16 if the device supports it natively, else float32."""
    processes: int = Field(1, ge=1, exclude=True)
    """How many processes share one training: one per GPU, or CPU processes. Each takes its share of every
    batch. Not a rule parameter, so another number retrains nothing, and a training resumes with it."""


class Training(Strict):
    """One optimisation; progress is counted in samples seen, never in steps or epochs."""

    samples: int = Field(ge=1)
    """Length of the training in samples: frames, or patches for the autoencoder."""
    paper_samples: int | None = None
    """Length of the paper's schedule, for the share that the notes give."""
    batch_size: int = Field(ge=1)
    """Items per step, over all processes."""
    micro_batch: int | None = Field(None, ge=1)
    """Items of a batch that go through the networks at once; None: all that fit into memory."""
    learning_rate: float = Field(gt=0)
    """Learning rate of AdamW at its highest."""
    beta1: float = 0.9
    """AdamW: decay of the gradient's mean."""
    beta2: float = 0.999
    """AdamW: decay of the gradient's mean square."""
    weight_decay: float = 0.0
    """AdamW: decoupled weight decay."""
    warmup_samples: int = 0
    """Samples over which the learning rate rises linearly."""
    decay: Literal["constant", "linear", "cosine"] = "constant"
    """How the learning rate falls to zero at the end."""
    decay_start: Fraction = 0.0
    """Share of the samples after which the decay begins."""
    gradient_clip: float | None = None
    """Largest norm of a gradient; None: not clipped."""
    ema_halflife_samples: int | None = None
    """Half-life of the running average of the weights (EMA); None: no average is kept."""
    save_every_samples: int = Field(50_000, ge=1)
    """Samples between two saved states; a state is also saved at least once a minute."""
    log_every_samples: int = Field(5_000, ge=1)
    """Samples between two rows of the training history."""
    warm_start: Path | None = None
    """A model.safetensors to start from."""


class Autoencoder(Strict):
    """VQ autoencoder, f = 4: 112 x 112 x 3 -> 28 x 28 x 3 (Rombach et al. 2022, vq-f4)."""

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
    mouth_weight: float = 1.0
    """Weight of the mouth region in the reconstruction loss."""
    edge_weight: float = 0.0
    """L1 of image gradients: sharpness without a downloaded perceptual network."""
    commitment: float = 0.25
    """Weight of the commitment loss (VQ-VAE, van den Oord et al. 2017)."""
    training: Training
    """How it is trained; a sample is a patch, or a whole crop."""


class AudioToAu(Strict):
    """Five nets, one an AU (paper A/C: weighted BCE + Dice on presence)."""

    dropout: Fraction = 0.5
    """Before the head."""
    intensity_weight: float = 0.0
    """[ours] regression of the normalised intensity beside presence."""
    window_frames: int = Field(25, ge=1)
    """Frames per training sequence of the recurrent layers."""
    training: Training
    """How they are trained; a sample is a frame."""


class AuAttention(Strict):
    """GANimation-type disentanglement (paper A)."""

    width: int = Field(64, ge=8)
    """Channels of the generator's trunk."""
    residual_blocks: int = 6
    """Residual blocks between the generator's halvings and doublings."""
    critic_width: int = 64
    """First channels of the critic."""
    critic_layers: int = 6
    """Stride-2 convolutions of the critic."""
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
    generator_every: int = Field(5, ge=1)
    """Critic steps per generator step."""
    target_noise: float = 0.1
    """Target AUs are those of another frame, plus uniform noise up to this value."""
    min_mask_deviation: float = 0.01
    """Minimum spatial deviation of the mask; with less it has collapsed, and the stage fails."""
    training: Training
    """How it is trained; a sample is a frame of the critic's."""


class Fused(Strict):
    """E_a, E_f and the fusion: what papers A, B and C share."""

    speech: list[Literal["audio", "aus"]] = ["audio", "aus"]
    """Inputs that drive the mouth."""
    oracle_aus: bool = False
    """The true frames' AUs instead of Audio-to-AU's: an upper limit, not a method."""
    disentangled: bool = True
    """AU-Attention's two faces; False: the whole first frame in both places."""
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
    """[ours] normalise the features before the fusion, and the fusion's blocks."""
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
    mouth_weight: float = 1.0
    """Weight of the mouth region in the loss."""
    balance_speakers: bool = False
    """[ours] draw windows of every speaker equally often."""
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


class Renderer(Fused):
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
    timesteps: int = 1000
    """Length of the noise schedule."""
    beta_start: float = 0.0015
    """Noise variance of the first timestep."""
    beta_end: float = 0.0195
    """Noise variance of the last timestep."""
    preconditioned: bool = False
    """[ours] the network gives what is left of the noise after copying its input."""
    even_timesteps: bool = False
    """[ours] weigh the noise error so that high noise, where mouths open, counts."""


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


MIN_VIDEO_FRAMES = 4
"""Frames that a critic of sequences looks at together."""


class FrameRenderer(Fused):
    """Papers B and C's renderer: a decoder of frames, with skips from the identity encoder."""

    disentangled: bool = False
    """AU-Attention's two faces; False: the whole first frame in both places."""
    normalised: bool = True
    """[ours] normalise the features before the fusion, and the fusion's blocks."""
    fusion_widths: list[int] = [512, 512, 512, 1024]
    """Layers of a TCN; the last is the width of a frame's token."""
    decoder_width: int = Field(256, ge=16, multiple_of=16)
    """Channels of the decoder's 7 x 7 grid."""
    critic_width: int = Field(64, ge=8)
    """First channels of the critics."""
    perceptual_patch: int | None = Field(None, ge=32)
    """[ours] perceptual loss on a random square; None: whole."""
    losses: FrameLosses = FrameLosses()
    """Weights of the losses."""

    @model_validator(mode="after")
    def _long_enough(self) -> FrameRenderer:
        if self.losses.video_adversarial and self.frames_per_window < MIN_VIDEO_FRAMES:
            raise ValueError(f"frames_per_window: the video critic needs {MIN_VIDEO_FRAMES} or more")
        return self


class AuClassifier(Strict):
    """Presence of the five AUs on the lower half of a face (papers B and C): the judge in the AU loss."""

    width: int = Field(32, ge=4)
    """First channels."""
    training: Training
    """How it is trained; a sample is a frame."""


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


SAMPLERS = Path(__file__).parents[1] / "generation" / "samplers"
"""One file for each sampler, which is found by its name."""


class Sampler(Strict):
    """How latents are sampled (paper A: DDIM, 200 steps, eta 0)."""

    kind: str = Field("ddim", pattern=r"^[a-z][a-z0-9_]*$")
    """The sampler: a file of talkface/generation/samplers/."""
    steps: int = Field(200, ge=1, le=1000)
    """Denoising steps."""
    eta: Fraction = 0.0
    """Share of fresh noise in each step: 0 is deterministic, 1 is ancestral."""
    shared_noise: bool = True
    """One noise image for a whole clip: no flicker between frames."""
    batch_frames: int = Field(64, ge=1)
    """Frames that are denoised together; more are faster and need more memory."""
    fusion_window_frames: int = Field(250, ge=10)
    """Long clips run in overlapping, cross-faded windows."""
    fusion_overlap_frames: int = Field(50, ge=2)
    """Frames over which two windows are cross-faded."""

    @field_validator("kind")
    @classmethod
    def _is_there(cls, kind: str) -> str:
        present = sorted(path.stem for path in SAMPLERS.glob("[a-z]*.py"))
        if kind not in present:
            raise ValueError(f"'{kind}' is not one of {', '.join(present)} (the files of {SAMPLERS})")
        return kind

    @model_serializer(mode="wrap")
    def _without_ddim(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out DDIM: clips that were generated before there were other samplers stay valid."""
        content: dict[str, Any] = plain(self)
        return {name: value for name, value in content.items() if (name, value) != ("kind", "ddim")}
