"""Evaluators of our own: networks that only judge, trained on the corpus' training clips."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from talkface.config.basics import Fraction, Strict
from talkface.config.training import Training


class MouthChange(Strict):
    """How the pictures of a clip are varied, all alike; 0 leaves a part out."""

    gamma: float = Field(0.4, ge=0)
    """Largest logarithm of the gamma."""
    rotation: float = Field(0.1, ge=0)
    """Largest rotation in radians."""
    scale: float = Field(0.1, ge=0, lt=1)
    """Largest relative change of width and height, each by itself."""
    shift: float = Field(0.04, ge=0)
    """Largest shift, as a share of the mouth region's sides."""
    mirror: Fraction = 0.5
    """Share of clips that are mirrored."""


class SoundChange(Strict):
    """How a clip's sound is varied; 0 leaves a part out."""

    vocal_tract: float = Field(0.1, ge=0, lt=1)
    """Largest relative change of the vocal tract's length: a stretch of the mel axis."""
    gain: float = Field(1.0, ge=0)
    """Largest change of the volume, in natural logarithms of power."""
    filter: float = Field(0.3, ge=0)
    """Deviation of each band's own change, likewise."""
    noise_share: Fraction = 0.5
    """Share of clips with steady noise."""
    noise_db: tuple[float, float] = (-40.0, -15.0)
    """Range of the noise's level over the sound's mean power, in decibels."""


class EvaluatorTraining(Training):
    """How an evaluator is trained; it has a schedule of its own where the configuration names none."""

    batch_size: int = Field(4, ge=1)
    """Items per step, over all processes."""
    learning_rate: float = Field(1.0e-3, gt=0)
    """Learning rate of AdamW at its highest."""
    weight_decay: float = 0.01
    """AdamW: decoupled weight decay."""
    decay: Literal["constant", "linear", "cosine"] = "cosine"
    """How the learning rate falls to zero at the end."""
    gradient_clip: float | None = 1.0
    """Largest norm of a gradient; None: not clipped."""


class SyncTraining(EvaluatorTraining):
    """How the sync evaluator is trained; a sample is a window of 0.2 s, an item a group of clips."""

    samples: int = Field(160_000, ge=1)
    """Length of the training in samples."""
    warmup_samples: int = 10_000
    """Samples over which the learning rate rises linearly."""
    ema_halflife_samples: int | None = 6_000
    """Half-life of the running average of the weights (EMA); None: no average is kept."""


class SyncEvaluator(Strict):
    """Tells which sound belongs to which lips: LSE-D*, LSE-C*, offset*."""

    enabled: bool = False
    """Whether it is trained, and its figures measured."""
    seed: int = 0
    """Of its training; all methods and seeds have one judge."""
    width: int = Field(32, ge=4)
    """First channels of both towers."""
    embedding: int = Field(128, ge=8)
    """Numbers of an embedding."""
    clips_per_group: int = Field(4, ge=1)
    """Clips of one speaker among which a window's partner is to be found."""
    windows_per_clip: int = Field(10, ge=2)
    """Windows of each of them."""
    least_gain: Fraction = 0.1
    """By what share of chance (ln of the windows of a group) the loss has to be lower, from half of the
    training on; less is an error. 0: no check."""
    picture: MouthChange = MouthChange()
    """How pictures are varied in training."""
    sound: SoundChange = SoundChange()
    """How sounds are varied in training."""
    training: SyncTraining = SyncTraining()
    """How it is trained; a sample is a window of 0.2 s."""


GRID_GRAMMAR = (
    ("bin", "lay", "place", "set"),
    ("blue", "green", "red", "white"),
    ("at", "by", "in", "with"),
    tuple("abcdefghijklmnopqrstuvxyz"),
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    ("again", "now", "please", "soon"),
)
"""Command, colour, preposition, letter (no w), digit, adverb (Cooke et al. 2006)."""


class LipReaderTraining(EvaluatorTraining):
    """How the lip reader is trained; a sample is a clip."""

    samples: int = Field(8_000, ge=1)
    """Length of the training in samples."""
    batch_size: int = Field(8, ge=1)
    """Items per step, over all processes."""
    learning_rate: float = Field(2.0e-3, gt=0)
    """Learning rate of AdamW at its highest."""
    warmup_samples: int = 400
    """Samples over which the learning rate rises linearly."""
    ema_halflife_samples: int | None = 400
    """Half-life of the running average of the weights (EMA); None: no average is kept."""
    save_every_samples: int = Field(2_000, ge=1)
    """Samples between two saved states; a state is also saved at least once a minute."""
    log_every_samples: int = Field(1_000, ge=1)
    """Samples between two rows of the training history."""


class LipReader(Strict):
    """Reads the words of a closed grammar from pictures alone: WER*."""

    enabled: bool = False
    """Whether it is trained, and its figures measured. The corpus needs transcripts."""
    seed: int = 0
    """Of its training; all methods and seeds have one judge."""
    grammar: tuple[tuple[str, ...], ...] = GRID_GRAMMAR
    """The words of each place in a sentence, in small letters; default: GRID's six."""
    width: int = Field(16, ge=4)
    """Channels of the first convolution."""
    features: int = Field(192, ge=8)
    """Numbers that describe a frame."""
    dropout: Fraction = 0.3
    """Before and within the convolutions over time."""
    in_place_weight: float = Field(1.0, ge=0)
    """Weight of each frame's word where the transcript says when it is spoken, beside CTC; 0: CTC alone."""
    tempo: float = Field(0.15, ge=0, lt=1)
    """Largest change of a clip's tempo in training, as a share."""
    most_wrong: Fraction = 0.6
    """Largest share of wrong words on its own training clips; more is an error. 1: no check."""
    picture: MouthChange = MouthChange()
    """How pictures are varied in training."""
    training: LipReaderTraining = LipReaderTraining()
    """How it is trained; a sample is a clip."""

    @model_validator(mode="after")
    def _small_letters(self) -> LipReader:
        words = [word for slot in self.grammar for word in slot]
        if not self.grammar or not all(self.grammar) or any(word != word.lower() for word in words):
            raise ValueError("grammar: each place of a sentence needs words, in small letters")
        return self


class Evaluators(Strict):
    """Networks of our own that only judge; what they measure carries a star."""

    sync_evaluator: SyncEvaluator = SyncEvaluator()
    """Lips and sound."""
    lip_reader: LipReader = LipReader()
    """Lips and words."""
