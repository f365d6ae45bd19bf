"""What a bundle says of itself: the content of its ``bundle.json``.

Reading it executes nothing: it is JSON, every field is known, and none of them names a file outside the
bundle or a program.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from talkface.config import AuLabels, Faces, Limits, Mel, Mfcc, Sampler, Strict, Video

FORMAT = "talkface-bundle"
VERSION = 1
"""Of the format. Another version is refused: what an unknown field means cannot be guessed."""
CARD = "README.md"
NETWORKS = ("renderer", "audio_to_au", "au_attention", "autoencoder")
"""What a bundle may hold, each as ``{name}.safetensors``. The renderer is always there."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^(README\.md|[a-z][a-z_]{0,40}\.safetensors)$")]
"""A name within the bundle: no folder, no dots, nothing that leads elsewhere."""
Line = Annotated[str, Field(max_length=1000)]
_MOST_FRAMES = 2000
"""Of a batch or a window: what is held at once is bounded, whoever wrote the bundle."""


class BundleError(ValueError):
    """A bundle or an experiment that cannot be used; the message names file, field and remedy."""


class Settings(Strict):
    """Sections of the experiment's configuration that animating a photo needs."""

    video: Video
    """Frame rate and size of the crop."""
    faces: Faces
    """How the photo's face is found."""
    limits: Limits
    """What a photo must show."""
    aus: AuLabels
    """The labeller of the photo's action units, where AU-Attention is told them."""
    mel: Mel
    """Bands of the sound."""
    mfcc: Mfcc
    """Cepstra and their window."""
    sampler: Sampler
    """Denoising steps, batches of frames, windows of the fusion."""

    @model_validator(mode="after")
    def _harmless(self) -> Settings:
        named = (self.faces.landmarker, self.aus.openface_program, self.aus.openface_csv)
        if any(path is not None for path in named):
            raise ValueError("settings may name neither files nor programs")
        sizes = (self.sampler.batch_frames, self.sampler.fusion_window_frames, self.mfcc.window_hops)
        if max(sizes) > _MOST_FRAMES:
            raise ValueError(f"no batch and no window may hold more than {_MOST_FRAMES}")
        return self


class File(Strict):
    """A file of the bundle."""

    sha256: Sha256
    """Of its content."""
    bytes: int = Field(ge=1, le=4_000_000_000)
    """Its size."""


class Trained(Strict):
    """How one network was trained."""

    stage: Line
    """The network's name."""
    samples: int = Field(ge=0)
    """Samples seen in training."""
    code: Line
    """Code version of the training rule."""


class Data(Strict):
    """What the networks learned from."""

    corpus: Line
    """Name in the configuration."""
    reader: Line
    """Layout of the corpus."""
    drawn: bool
    """The faces are drawn and the voices synthetic: no real person."""
    credit: Line
    """Who made the corpus, and its licence."""
    seen: list[Line]
    """Speakers whose face and speech were learned."""
    appearance: list[Line]
    """Speakers whose face alone was learned."""
    unseen: list[Line]
    """Speakers held out for testing."""


class Origin(Strict):
    """Which experiment the networks are from."""

    experiment: Line
    """Its name."""
    variant: Line
    """Method."""
    seed: int
    """Seed of the training."""
    sha256: Sha256
    """Of the experiment: its configuration, the hashes of its training data and its weights."""
    config_sha256: Sha256
    """Of the configuration alone."""
    commit: Line | None
    """Commit of the code; None where it was not in a repository."""
    code_sha256: Line
    """Of package, scripts and rules: edits since the commit show here."""
    versions: dict[Line, Line]
    """Tools that trained the renderer."""


class Measured(Strict):
    """Which experiment the figures are from: that of the training, or a later one with its networks."""

    experiment: Line
    """Its name."""
    corpus: Line
    """Name of its corpus."""
    reader: Line
    """Layout of that corpus."""
    split: Line
    """Name of its split."""
    config_sha256: Sha256
    """Of its configuration."""
    commit: Line | None
    """Commit of the code; None where it was not in a repository."""
    code_sha256: Line
    """Of package, scripts and rules."""


class Figure(Strict):
    """A measured value of the experiment's tables, over its test clips."""

    subset: Line
    """seen_test or unseen_test."""
    measure: Line
    """Key of the column."""
    header: Line
    """Heading of the column."""
    value: float
    """Mean or median, as the measure defines."""
    low: float | None
    """Lower end of the 95 % interval over speakers; None with fewer than five speakers."""
    high: float | None
    """Upper end."""
    lowest: float | None = None
    """Of the single speakers."""
    highest: float | None = None
    """Of the single speakers."""
    other_sound: float | None = None
    """The same measure where another clip's sound drives the film."""
    static: float | None = None
    """The same measure of the first face repeated."""
    clips: int
    """Test clips."""
    speakers: int
    """Test speakers."""


class Manifest(Strict):
    """All of ``bundle.json``."""

    format: Literal["talkface-bundle"]
    """What this file is."""
    version: Literal[1]
    """Of the format."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,120}$")]
    """Name for people."""
    talkface: Line
    """Version of the package that wrote the bundle."""
    licence: Line
    """Of the weights."""
    preview: bool
    """Shown for what it is: not good enough to be a finished model."""
    origin: Origin
    """Which experiment the networks are from."""
    data: Data
    """What they learned from."""
    networks: dict[Literal["renderer", "audio_to_au", "au_attention", "autoencoder"], Trained]
    """How each was trained."""
    settings: Settings
    """What animating a photo needs of the configuration."""
    measured: Measured | None = None
    """Which experiment the figures are from; None without figures, and in bundles of before this field."""
    figures: list[Figure]
    """Measured on the experiment's test clips; empty where nothing was scored."""
    files: dict[FileName, File]
    """Every other file of the bundle."""

    @model_validator(mode="after")
    def _complete(self) -> Manifest:
        expected = {CARD, *(f"{name}.safetensors" for name in self.networks)}
        if "renderer" not in self.networks:
            raise ValueError("networks.renderer is missing")
        if set(self.files) != expected:
            raise ValueError(f"files must be {', '.join(sorted(expected))}, no more and no fewer")
        return self


def seal(content: dict[str, Any]) -> str:
    """The text of ``bundle.json``: the content, with a SHA-256 of all of it as the last field."""
    return json.dumps({**content, "sha256": _digest(content)}, indent=1, ensure_ascii=False) + "\n"


def unseal(text: str, where: str) -> Manifest:
    """The manifest in the text of ``bundle.json``, once its SHA-256 was found to be right.

    Raises:
        BundleError: not JSON, not a bundle's, of another version, changed, or with a field that is unknown,
            missing or out of range; ``where`` names the file.
    """
    remedy = "get the bundle again from where it came from"
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{where}: not JSON ({error}); {remedy}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BundleError(f"{where}: field 'format': not '{FORMAT}'; name the folder of a talkface bundle")
    version = content.get("version")
    if version != VERSION:
        newer = isinstance(version, int) and version > VERSION
        way = "upgrade talkface (pip install --upgrade talkface)" if newer else remedy
        raise BundleError(f"{where}: field 'version': {version!r}, and this talkface reads {VERSION}; {way}")
    told = content.pop("sha256", None)
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"] if part != "[key]") or "all"
        raise BundleError(f"{where}: field '{field}': {problem['msg']}; {remedy}") from None
    if told != _digest(content):
        raise BundleError(f"{where}: field 'sha256': the file was changed after it was written; {remedy}")
    return manifest


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
