"""From raw clips to features: corpus, split, faces, AU labels, sound."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from talkface.config.basics import Fraction, Slug, Strict

LANDMARKER_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
"""MediaPipe's face_landmarker.task, float16, version 1."""


class Synthetic(Strict):
    """The embedded demo corpus: drawn faces, formant speech, in a real corpus' layout, size and rates."""

    layout: Literal["grid", "tcd_timit"] = "grid"
    """The corpus whose folder layout it uses."""
    speakers: int = Field(6, ge=2, le=34)
    """Number of drawn speakers, each with its own voice."""
    clips_per_speaker: int = Field(12, ge=1, le=1000)
    """Clips of each speaker."""
    seed: int = 0
    """Seed of faces, voices and sentences."""


class Download(Strict):
    """Where a corpus comes from (target ``download``): a Zenodo record with one archive a speaker."""

    record: str = Field(pattern=r"^https?://")
    """URL of the record's description (JSON), which lists the files with their MD5s."""
    archives: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*\.zip$")]] = Field(min_length=1)
    """Files of the record to fetch and unpack."""
    md5: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]] = {}
    """Checksums from another source; they must agree with the record's."""

    @model_validator(mode="after")
    def _known_archives(self) -> Download:
        unknown = sorted(set(self.md5) - set(self.archives))
        if unknown:
            raise ValueError(f"md5: {unknown} are not among archives")
        return self


class Corpus(Strict):
    """Where the raw clips lie and how they are laid out."""

    name: Slug = "demo"
    """Name of the corpus in paths and tables."""
    reader: Literal["grid", "tcd_timit", "folder"] = "grid"
    """The layout of the raw clips."""
    root: Path = Path("demo_corpus")
    """Folder of the raw clips (also: snakemake --config root=/path)."""
    camera: Literal["straightcam", "30degcam"] = "straightcam"
    """TCD-TIMIT: which of its two cameras."""
    groups: list[Literal["volunteers", "lipspeakers"]] = ["volunteers"]
    """TCD-TIMIT: which of its groups of speakers."""
    download: Download | None = None
    """The record that the target download uses; None: no download."""
    speakers: list[str] | None = None
    """Names of the speakers' folders; None: every subfolder of the root."""
    max_clips_per_speaker: int | None = Field(None, ge=1)
    """If a speaker has more clips, this many are used, evenly spaced in sorted order; None: all."""
    synthetic: Synthetic | None = None
    """If set, a rule generates a synthetic corpus in the root."""
    demo: bool = False
    """Every table and page says "demo: not a result"."""


class Media(Strict):
    """Reading and writing clips; changes no number beyond rounding, and makes nothing run again."""

    ffmpeg: str = Field("wheel", min_length=1)
    """Which program decodes and encodes: wheel (the pinned one), system, or a program's path."""


class Split(Strict):
    """The speakers' roles: who is held out, whose speech and face are learned, whose face alone."""

    later = frozenset({"appearance"})

    unseen: list[str]
    """Speakers that no stage trains on."""
    seen: list[str] | None = None
    """Training speakers; None: all who have no other role."""
    appearance: list[str] = []
    """Further training speakers of whom only the pictures are learned, never the sound: one clip of each is
    enough. Networks that hear nothing learn from them, and the renderers that start from the photo."""
    held_back: Fraction = 0.1
    """Share of each seen speaker's clips kept for testing."""
    seed: int = 0
    """Seed of the random choice of held-back clips."""

    @property
    def roles(self) -> dict[str, list[str]]:
        """Speakers by the field that names them."""
        return {"unseen": self.unseen, "seen": self.seen or [], "appearance": self.appearance}

    @model_validator(mode="after")
    def _one_role(self) -> Split:
        for one, other in combinations(self.roles, 2):
            if shared := sorted(set(self.roles[one]) & set(self.roles[other])):
                raise ValueError(f"speakers {shared} are both {one} and {other}")
        return self


class Video(Strict):
    """The picture's clock and the size of the aligned crop."""

    fps: Literal[25] = 25
    """Frames per second of everything that is computed."""
    crop_size: int = Field(112, ge=32, le=512, multiple_of=4)
    """Side of the aligned face crop in pixels."""


class Faces(Strict):
    """Face tracking and alignment (rule ``crop_faces``)."""

    landmarker: Path | None = None
    """MediaPipe's face_landmarker.task; None: where the set-up put it."""
    landmarker_sha256: str = Field(LANDMARKER_SHA256, pattern=r"^[0-9a-f]{64}$")
    """Its SHA-256; a file with another hash is an error."""
    min_detection_confidence: Fraction = 0.5
    """Minimum confidence of a face detection."""
    max_gap_frames: int = Field(12, ge=0)
    """Longest gap between detections; a clip with a longer one fails."""
    min_detected_share: Fraction = 0.5
    """Minimum share of frames with a detected face; a clip with fewer fails."""
    smoothing_frames: float = Field(2.0, ge=0)
    """Standard deviation of the temporal smoothing of the alignment."""
    max_frames: int = Field(20_000, ge=1)
    """Longest clip; a longer one fails."""


class Limit(Strict):
    """Where doubt about a fact begins, and where a clip is left out; None: never."""

    doubt: float | None = None
    """From here on a clip is used with reservation, which the table of checks names."""
    refuse: float | None = None
    """From here on it is left out; the doubt's own value leaves out what is doubted."""


class Limits(Strict):
    """What a clip must show and sound like to be used (rules ``crop_faces`` and ``extract_mel``)."""

    mouth_outside: Limit = Limit(doubt=0.02, refuse=0.12)
    """At most: share of the mouth region beyond the picture's edge, or in plain bars along it."""
    cuts: Limit = Limit(refuse=0)
    """At most: sudden changes to another picture with another face."""
    same_face: Limit = Limit(doubt=0.81, refuse=0.65)
    """At least: correlation of the upper face before and after any moment. Real clips have 0.82 or more, a
    head that turns 0.66; people who are faded into one another 0.8 or less."""
    mouth_movement: Limit = Limit(doubt=0.018, refuse=0.013)
    """At least: standard deviation of the lip opening, over the distance of the eyes. The mesh trembles by
    0.005 on a still picture that is rocked, 0.011 on one that is zoomed; GRID's stillest clips have 0.020."""
    brightness: Limit = Limit(doubt=40, refuse=12)
    """At least: brightness of the crop, of 255."""
    sharpness: Limit = Limit(doubt=0.1, refuse=0.03)
    """At least: mean second difference between the crop's pixels, over their standard deviation."""
    face_px: Limit = Limit(doubt=24, refuse=12)
    """At least: distance of the outer eye corners in the source, in pixels; in a crop of 112 it is 45."""
    turn_deg: Limit = Limit(doubt=25, refuse=50)
    """At most: how far the face is turned to the side, in degrees."""
    unclear_share: Limit = Limit(doubt=0.1, refuse=0.5)
    """At most: share of frames that are dim or blurred beside the clip's others."""
    sound_peak: Limit = Limit(doubt=0.01, refuse=1.0e-4)
    """At least: largest amplitude of the sound; 0.0001 is 3 steps of 16 bits."""


class AuLabels(Strict):
    """AU labelling (rule ``label_aus``)."""

    backend: Literal["geometric", "blendshapes", "openface"] = "geometric"
    """The labeller: geometry of the mesh, MediaPipe's blendshapes, or OpenFace."""
    presence_threshold: float = Field(1.0, ge=0, le=5)
    """Normalised intensity from which an AU counts as present."""
    openface_program: Path | None = None
    """OpenFace's program FeatureExtraction."""
    openface_csv: Path | None = None
    """Folder of OpenFace's CSV files, {speaker}/{utterance}.csv, instead of the program."""


class Mel(Strict):
    """Log-mel frames (rule ``extract_mel``): 25 ms window, 10 ms hop (paper B, released code)."""

    sample_rate: Literal[16000] = 16000
    """Sample rate of the analysed sound in Hz."""
    window_ms: int = Field(25, ge=5)
    """Analysis window."""
    hop_ms: Literal[10] = 10
    """Step from one window to the next."""
    bands: int = Field(13, ge=4, le=128)
    """Triangular filters."""
    low_hz: float = Field(300.0, ge=0)
    """Lower edge of the filters."""
    high_hz: float = Field(3700.0, le=8000)
    """Upper edge of the filters."""


class Mfcc(Strict):
    """The networks' sound window: cepstra without energy, centred on each frame (papers B and C)."""

    coefficients: int = Field(12, ge=2)
    """Cepstral coefficients without the energy."""
    window_hops: int = Field(28, ge=4)
    """Length of the window in hops of 10 ms: 28 are 280 ms."""
