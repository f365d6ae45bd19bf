"""The experiment's configuration: these pydantic models are its truth.

``config.yaml`` is the embedded demo; an overlay (``--configfile config.yaml configs/grid.yaml``) holds only
what differs. ``config.schema.json`` is generated from here and a test holds the two together.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]*$")]
"""A name that becomes part of a path."""
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class ConfigError(ValueError):
    """A configuration that cannot be used; the message names the field and the remedy."""


class Strict(BaseModel):
    """A section: unknown fields are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Synthetic(Strict):
    """The embedded demo corpus: drawn faces, formant speech, in a real corpus' layout, size and rates."""

    layout: Literal["grid", "tcd_timit"] = "grid"
    speakers: int = Field(6, ge=2, le=34)
    clips_per_speaker: int = Field(12, ge=1, le=1000)
    seed: int = 0


class Download(Strict):
    """Where a corpus comes from (target ``download``): a Zenodo record with one archive a speaker."""

    # URL of the record's description (JSON), which lists the files with their MD5s
    record: str = Field(pattern=r"^https?://")
    # files of the record to fetch and unpack
    archives: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*\.zip$")]] = Field(min_length=1)
    # checksums that you have from elsewhere; they must agree with the record's
    md5: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]] = {}

    @model_validator(mode="after")
    def _known_archives(self) -> Download:
        unknown = sorted(set(self.md5) - set(self.archives))
        if unknown:
            raise ValueError(f"md5: {unknown} are not among archives")
        return self


class Corpus(Strict):
    """Where the raw clips lie and how they are laid out."""

    name: Slug = "demo"
    reader: Literal["grid", "tcd_timit", "folder"] = "grid"
    root: Path = Path("demo_corpus")
    camera: Literal["straightcam", "30degcam"] = "straightcam"  # TCD-TIMIT
    groups: list[Literal["volunteers", "lipspeakers"]] = ["volunteers"]  # TCD-TIMIT
    download: Download | None = None
    speakers: list[str] | None = None  # None: list the root's subfolders
    max_clips_per_speaker: int | None = Field(None, ge=1)  # evenly spaced in sorted order
    synthetic: Synthetic | None = None  # given: a rule makes the corpus at `root`
    demo: bool = False  # True: every table and page says "demo: not a result"


class Split(Strict):
    """Which speakers are held out entirely, and which share of the others' clips is held back."""

    unseen: list[str]  # speakers that no stage trains on
    seen: list[str] | None = None  # training speakers; None: all others
    held_back: Fraction = 0.1  # share of each seen speaker's clips kept for testing
    seed: int = 0


class Video(Strict):
    """The picture's clock and the size of the aligned crop."""

    fps: Literal[25] = 25
    crop_size: int = Field(112, ge=32, le=512, multiple_of=4)


class Faces(Strict):
    """Face tracking and alignment (rule ``crop_faces``)."""

    min_detection_confidence: Fraction = 0.5
    max_gap_frames: int = Field(12, ge=0)  # longer gaps between detections fail the clip
    min_detected_share: Fraction = 0.5  # fewer detected frames than this fail the clip
    smoothing_frames: float = Field(
        2.0, ge=0
    )  # standard deviation of the temporal smoothing of the alignment
    max_frames: int = Field(20_000, ge=1)  # longer clips are refused with a reason


class AuLabels(Strict):
    """AU labelling (rule ``label_aus``)."""

    backend: Literal["geometric", "blendshapes", "openface"] = "geometric"
    presence_threshold: float = Field(
        1.0, ge=0, le=5
    )  # normalised intensity from which an AU counts as present
    blendshapes_task: Path | None = None  # MediaPipe's face_landmarker.task
    blendshapes_sha256: str | None = None
    openface_program: Path | None = None  # FeatureExtraction
    openface_csv: Path | None = None  # or its finished CSVs: {speaker}/{utterance}.csv


class Mel(Strict):
    """Log-mel frames (rule ``extract_mel``): 25 ms window, 10 ms hop (paper B, released code)."""

    sample_rate: Literal[16000] = 16000
    window_ms: int = Field(25, ge=5)
    hop_ms: Literal[10] = 10
    bands: int = Field(13, ge=4, le=128)
    low_hz: float = Field(300.0, ge=0)
    high_hz: float = Field(3700.0, le=8000)


class Mfcc(Strict):
    """The networks' sound window: cepstra without energy, centred on each frame (papers B and C)."""

    coefficients: int = Field(12, ge=2)
    window_hops: int = Field(28, ge=4)  # 280 ms


class Compute(Strict):
    """What is part of a run's numbers: threads change the last bits of the weights."""

    threads: int = Field(2, ge=1)  # of each process
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["float32", "bfloat16", "auto"] = "auto"  # auto: bfloat16 where native
    # How many processes share one training, one a GPU, or CPU processes; each has its share of every batch.
    # Never dumped: no rule's parameter, so that another number retrains nothing and goes on where it was.
    processes: int = Field(1, ge=1, exclude=True)


class Training(Strict):
    """One optimisation; progress is counted in samples seen, never in steps or epochs."""

    samples: int = Field(ge=1)
    paper_samples: int | None = None  # the paper's schedule, for "share of the schedule" in the notes
    batch_size: int = Field(ge=1)  # of all processes together
    micro_batch: int | None = Field(None, ge=1)  # items at once on a device, same batch; None: all that fit
    learning_rate: float = Field(gt=0)
    beta1: float = 0.9
    beta2: float = 0.999
    weight_decay: float = 0.0
    warmup_samples: int = 0
    decay: Literal["constant", "linear", "cosine"] = "constant"
    decay_start: Fraction = 0.0  # share of the samples after which the decay begins
    gradient_clip: float | None = None
    ema_halflife_samples: int | None = None  # None: no average is kept
    save_every_samples: int = Field(50_000, ge=1)
    log_every_samples: int = Field(5_000, ge=1)
    warm_start: Path | None = None  # a model.safetensors to begin from


class Autoencoder(Strict):
    """VQ autoencoder, f = 4: 112 x 112 x 3 -> 28 x 28 x 3 (Rombach et al. 2022, vq-f4)."""

    width: int = Field(128, ge=8)
    multipliers: list[int] = [1, 2, 4]
    blocks: int = Field(2, ge=1)
    codes: int = Field(8192, ge=2)
    latent_channels: int = 3
    patch_size: int | None = Field(None, ge=16, multiple_of=4)  # train on patches; None: whole crops
    mouth_weight: float = 1.0  # weight of the mouth region in the reconstruction loss
    edge_weight: float = 0.0  # L1 of image gradients: sharpness without a downloaded perceptual network
    commitment: float = 0.25
    training: Training


class AudioToAu(Strict):
    """Five nets, one an AU (paper A/C: weighted BCE + Dice on presence)."""

    dropout: Fraction = 0.5
    intensity_weight: float = 0.0  # [ours] regression of the normalised intensity beside presence
    window_frames: int = Field(25, ge=1)  # frames per training sequence of the recurrent layers
    training: Training


class AuAttention(Strict):
    """GANimation-type disentanglement (paper A)."""

    width: int = Field(64, ge=8)
    residual_blocks: int = 6
    critic_width: int = 64
    critic_layers: int = 6
    gradient_penalty: float = 10.0
    condition_weight: float = 4000.0
    cycle_weight: float = 10.0
    mask_weight: float = 0.1
    mask_variation_weight: float = 1e-5
    generator_every: int = Field(5, ge=1)
    target_noise: float = 0.1
    min_mask_deviation: float = 0.01  # a flatter mask has collapsed: the stage fails
    training: Training


class Fused(Strict):
    """E_a, E_f and the fusion: what papers A, B and C share."""

    speech: list[Literal["audio", "aus"]] = ["audio", "aus"]  # what drives the mouth
    oracle_aus: bool = False  # the true frames' AUs instead of Audio-to-AU's: a bound, not a method
    disentangled: bool = True  # AU-Attention's two faces; False: the whole first frame in both places
    audio_hops: int | None = Field(None, ge=4)  # hops of E_a's window; None: mfcc.window_hops
    audio_width: int = 512  # E_a's output
    face_width: int = 512  # E_f's output
    encoder_width: int = 16  # first channels of E_a and E_f
    fusion: Literal["tcsan", "gru", "tcn", "attention_tcn", "coattention_tcn", "concatenation"] = "tcsan"
    normalised: bool = False  # [ours] features before they meet and the fusion's blocks are normalised
    fusion_widths: list[int] = [512, 1024]  # layers of a TCN; the last is the width of a frame's token
    fusion_dropout: Fraction = 0.2
    attention_heads: int = 4
    window_frames: int = 50  # training window of the fusion
    frames_per_window: int = 50  # of those, frames that are rendered per sample (all 50 in the paper)
    mouth_weight: float = 1.0  # weight of the mouth region in the loss
    balance_speakers: bool = False  # [ours] draw windows of every speaker equally often
    training: Training

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

    masked_frame: Literal["first", "every"] = "first"  # whose upper half is seen; every: inpaint only
    width: int = Field(256, ge=8)
    multipliers: list[int] = [1, 2, 3, 4]
    blocks: int = 2
    attention_levels: list[int] = [1, 2, 3]  # halvings at which the denoiser attends
    head_width: int = 32
    timesteps: int = 1000
    beta_start: float = 0.0015
    beta_end: float = 0.0195
    preconditioned: bool = False  # [ours] the network gives what is left of the noise after copying its input
    even_timesteps: bool = False  # [ours] weigh the noise error so that high noise, where mouths open, counts


class FrameLosses(Strict):
    """Weights of the losses of papers B and C; 0 leaves a term out."""

    reconstruction: float = Field(1.5, ge=0)  # L1
    perceptual: float = Field(0.0, ge=0)  # VGG-19 features, or those of our autoencoder; 0.07 in B and C
    identity: float = Field(0.0, ge=0)  # L1 of the upper half against the input image; 1.5 in B and C
    aus: float = Field(0.0, ge=0)  # AU classifier's weighted BCE + Dice; 0.02 in B and C
    adversarial: float = Field(0.0, ge=0)  # patch critic of frames; 0.002 in C
    video_adversarial: float = Field(0.0, ge=0)  # critic of frame sequences (CRAN)
    adversarial_start: Fraction = 0.5  # share of the samples after which critics join (C: 20 + 20 epochs)


MIN_VIDEO_FRAMES = 4
"""Frames that a critic of sequences looks at together."""


class FrameRenderer(Fused):
    """Papers B and C's renderer: a decoder of frames, with skips from the identity encoder."""

    disentangled: bool = False
    normalised: bool = True
    fusion_widths: list[int] = [512, 512, 512, 1024]
    decoder_width: int = Field(256, ge=16, multiple_of=16)  # channels of the decoder's 7 x 7 grid
    critic_width: int = Field(64, ge=8)  # first channels of the critics
    perceptual_patch: int | None = Field(
        None, ge=32
    )  # [ours] perceptual loss on a random square; None: whole
    losses: FrameLosses = FrameLosses()

    @model_validator(mode="after")
    def _long_enough(self) -> FrameRenderer:
        if self.losses.video_adversarial and self.frames_per_window < MIN_VIDEO_FRAMES:
            raise ValueError(f"frames_per_window: the video critic needs {MIN_VIDEO_FRAMES} or more")
        return self


class AuClassifier(Strict):
    """Presence of the five AUs on the lower half of a face (papers B and C): the judge in the AU loss."""

    width: int = Field(32, ge=4)
    training: Training


class Perceptual(Strict):
    """Features of the perceptual loss: VGG-19 from a file, or, without it, our own autoencoder's encoder."""

    vgg19: Path | None = None  # torchvision's vgg19 weights (.pth or .safetensors)
    vgg19_sha256: str | None = None  # its checksum; required with the file

    @model_validator(mode="after")
    def _checked(self) -> Perceptual:
        if self.vgg19 is not None and self.vgg19_sha256 is None:
            raise ValueError("vgg19_sha256: give the checksum of the file (sha256sum FILE)")
        return self


class Sampler(Strict):
    """DDIM (paper A: 200 steps, eta 0)."""

    steps: int = Field(200, ge=1, le=1000)
    eta: Fraction = 0.0
    shared_noise: bool = True  # one noise image for a whole clip: no flicker between frames
    batch_frames: int = Field(64, ge=1)
    fusion_window_frames: int = Field(250, ge=10)  # long clips run in overlapping, cross-faded windows
    fusion_overlap_frames: int = Field(50, ge=2)


class Evaluation(Strict):
    """What is generated and measured."""

    protocols: list[Literal["one_shot", "inpaint"]] = ["one_shot"]
    max_clips_per_speaker: int | None = None  # per subset; None: all
    seed: int = 0  # pairing of clips with another clip's sound


class Preflight(Strict):
    """What the check before heavy jobs asks of the machine (rule ``check_setup``); changes no number."""

    disk_margin: float = Field(1.2, ge=0)  # free disk asked for, over the estimate; 0: none
    gpu_memory_mb: int | None = Field(None, ge=0)  # asked of the GPU; None: talkface/preflight/measured.yaml


class Gallery(Strict):
    """Clips of the report's videos."""

    clips_per_subset: int = Field(2, ge=0)


class Variant(Strict):
    """A named difference: what it changes of the sections that may differ, on top of another variant's."""

    base: Slug | None = None
    output: Literal["diffusion", "frames"] | None = None  # renderer or frame_renderer; None: as the base
    renderer: dict[str, Any] = {}
    frame_renderer: dict[str, Any] = {}
    sampler: dict[str, Any] = {}


class TableRow(Strict):
    """A row of a table: a variant, under another name where the table calls it so."""

    variant: Slug
    label: str | None = None  # None: the variant's own name
    published: str | None = None  # id in published.yaml; None: the entry that names the variant


class Table(Strict):
    """A published table (target ``paper``), laid out like it."""

    title: str
    source: str  # "paper B, table 3"
    rows: list[TableRow]
    columns: Literal["results", "units"] = "results"  # units: F1 and accuracy of each AU
    protocol: Literal["one_shot", "inpaint"] = "one_shot"


class Config(Strict):
    """One experiment on one corpus."""

    experiment: Slug = "demo"
    seeds: list[int] = [0]
    corpus: Corpus = Corpus()
    split: Slug
    splits: dict[Slug, Split]
    video: Video = Video()
    faces: Faces = Faces()
    aus: AuLabels = AuLabels()
    mel: Mel = Mel()
    mfcc: Mfcc = Mfcc()
    compute: Compute = Compute()
    preflight: Preflight = Preflight()
    autoencoder: Autoencoder
    audio_to_au: AudioToAu
    au_attention: AuAttention
    au_classifier: AuClassifier
    perceptual: Perceptual = Perceptual()
    renderer: Renderer
    frame_renderer: FrameRenderer
    sampler: Sampler = Sampler()
    evaluation: Evaluation = Evaluation()
    gallery: Gallery = Gallery()
    variants: dict[Slug, Variant] = {"ours": Variant()}
    """Named differences. Only those that a table or ``main`` names are trained."""
    main: list[Slug] = ["ours"]
    """Variants of the main table, report and gallery; they are also driven by another clip's sound."""
    tables: dict[Slug, Table] = {}
    """The papers' tables (target ``paper``)."""

    @model_validator(mode="after")
    def _consistent(self) -> Config:
        if self.split not in self.splits:
            raise ValueError(f"split: '{self.split}' is not one of splits: {sorted(self.splits)}")
        split = self.splits[self.split]
        shared = sorted(set(split.unseen) & set(split.seen or []))
        if shared:
            raise ValueError(f"splits.{self.split}: speakers {shared} are both seen and unseen")
        if self.mfcc.coefficients >= self.mel.bands:
            raise ValueError(
                "mfcc.coefficients: must be fewer than mel.bands (the energy coefficient is dropped)"
            )
        for name in self.variants:
            if name in RESERVED_NAMES or name.endswith("_other_sound"):
                raise ValueError(f"variants.{name}: the name is taken by a control row; choose another")
            self._check_variant(name)
        named = {"main": self.main}
        named |= {f"tables.{key}.rows": [row.variant for row in t.rows] for key, t in self.tables.items()}
        for field, names in named.items():
            unknown = [name for name in names if name not in self.variants]
            if unknown:
                raise ValueError(f"{field}: {unknown} are not among variants: {sorted(self.variants)}")
        if taken := sorted(FIXED_OUTPUTS & set(self.tables)):
            raise ValueError(f"tables: {taken} are made always; choose other names")
        self._check_shares()
        return self

    def _check_shares(self) -> None:
        stages = {
            name: getattr(self, name)
            for name in (
                "autoencoder",
                "audio_to_au",
                "au_attention",
                "au_classifier",
                "renderer",
                "frame_renderer",
            )
        }
        stages |= {f"variants.{name}": self.variant_renderer(name) for name in self.variants}
        for name, section in stages.items():
            if section.training.batch_size % self.compute.processes:
                raise ValueError(
                    f"compute.processes: {self.compute.processes} processes cannot share "
                    f"{name}.training.batch_size {section.training.batch_size} evenly; change one of them"
                )

    def _check_variant(self, name: str) -> None:
        lineage = [name]
        while (base := self.variants[lineage[-1]].base) is not None:
            if base not in self.variants:
                raise ValueError(f"variants.{lineage[-1]}.base: '{base}' is not among variants")
            if base in lineage:
                raise ValueError(f"variants.{name}.base: {' -> '.join([*lineage, base])} goes in a circle")
            lineage.append(base)
        try:
            renderer = self.variant_renderer(name)
            self.variant_sampler(name)
        except ValidationError as error:
            problem = error.errors()[0]
            field = ".".join(["variants", name, *map(str, problem["loc"])])
            raise ValueError(f"{field}: {problem['msg']}") from None
        if isinstance(renderer, FrameRenderer):
            unread, read = "renderer", "frame_renderer"
            if self.video.crop_size % 16:
                raise ValueError(
                    f"variants.{name}: video.crop_size must be a multiple of 16 to decode frames"
                )
            if (renderer.perceptual_patch or 0) > self.video.crop_size:
                raise ValueError(f"variants.{name}: perceptual_patch is larger than video.crop_size")
        else:
            unread, read = "frame_renderer", "renderer"
        if getattr(self.variants[name], unread):
            raise ValueError(
                f"variants.{name}.{unread}: nothing reads it: the variant's output is "
                f"'{self.variant_output(name)}', so give it section '{read}' or another output"
            )

    def check_speakers(self, present: Sequence[str]) -> None:
        """Refuse a split that names speakers whom the corpus does not have (``ConfigError``)."""
        split = self.splits[self.split]
        for field, named in (("unseen", split.unseen), ("seen", split.seen or [])):
            absent = [speaker for speaker in named if speaker not in present]
            if absent:
                raise ConfigError(
                    f"splits.{self.split}.{field}: {absent} are not among the speakers of corpus "
                    f"'{self.corpus.name}': {', '.join(present)}"
                )

    def variant_output(self, name: str) -> Literal["diffusion", "frames"]:
        """Whether the named variant denoises latents (paper A) or decodes frames (papers B and C)."""
        variant = self.variants[name]
        return variant.output or (self.variant_output(variant.base) if variant.base else "diffusion")

    def variant_renderer(self, name: str) -> Renderer | FrameRenderer:
        """The renderer's or frame renderer's section under the named variant's differences."""
        if self.variant_output(name) == "frames":
            return FrameRenderer.model_validate(self._differing("frame_renderer", name))
        return Renderer.model_validate(self._differing("renderer", name))

    def variant_sampler(self, name: str) -> Sampler:
        """The sampler section under the named variant's differences."""
        return Sampler.model_validate(self._differing("sampler", name))

    def _differing(self, section: str, name: str) -> dict[str, Any]:
        variant = self.variants[name]
        if variant.base is None:
            below = getattr(self, section).model_dump(mode="json")
        else:
            below = self._differing(section, variant.base)
        return merge(below, getattr(variant, section))

    def trained_variants(self) -> list[str]:
        """The variants that ``main`` or a table names, in that order."""
        rows = [row.variant for table in self.tables.values() for row in table.rows]
        return list(dict.fromkeys([*self.main, *rows]))


FIXED_OUTPUTS = {
    "main_results", "corpus_summary", "au_classifier", "lips_by_speaker", "aus_by_unit",
    "training_curves", "attention_masks", "predicted_aus", "lip_opening", "contact_sheet",
}  # fmt: skip
"""Tables and figures that have these names already."""
RESERVED_NAMES = {"ground_truth", "autoencoder", "static", "mean_mouth", "shared", "au_classifier"}


def merge(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one nested mapping over another; lists and scalars are replaced whole."""
    merged = dict(base)
    for key, value in overlay.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def validate(raw: Mapping[str, Any]) -> Config:
    """Check a raw configuration; every complaint names its field (``ConfigError``).

    ``root`` at the top is short for ``corpus.root``: ``snakemake --config root=/path/to/clips``.
    """
    raw = dict(raw)
    if "root" in raw:
        raw = merge(raw, {"corpus": {"root": raw.pop("root")}})
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            field = ".".join(str(part) for part in problem["loc"]) or "config"
            hint = " (unknown field: check the spelling)" if problem["type"] == "extra_forbidden" else ""
            lines.append(f"{field}: {problem['msg']}{hint}")
        raise ConfigError("config: " + "; ".join(lines)) from None


def schema_json() -> str:
    """The JSON schema of a configuration file, for editors: ``python -m talkface.config``."""
    return json.dumps(Config.model_json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_json())
