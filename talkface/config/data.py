"""From raw clips to features: corpus, split, faces, AU labels, sound."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from talkface.config.basics import Fraction, Slug, Strict

LANDMARKER_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
"""MediaPipe's face_landmarker.task, float16, version 1."""


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

    landmarker: Path | None = None  # MediaPipe's face_landmarker.task; None: where the set-up put it
    landmarker_sha256: str = Field(LANDMARKER_SHA256, pattern=r"^[0-9a-f]{64}$")
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
