"""When each sound of a sentence is spoken: the common timing of sound, mouth and transcript."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from talkface.corpora.synthetic.phonemes import PHONEMES, PRONUNCIATIONS, SILENCE, Phoneme
from talkface.corpora.synthetic.sentences import Sentence

CLIP_S, SOUND_S = 3.0, 2.98  # a GRID clip; its sound ends 20 ms before its pictures
_STEP_S = 0.01  # boundaries are multiples of 10 ms, as GRID's
_VOWELS = ("IY", "IH", "EH", "AE", "AA", "AO", "UH", "UW", "AH")


@dataclass(frozen=True)
class Segment:
    """One phoneme in time, seconds from the clip's first frame."""

    name: str  # "sil" or a key of PHONEMES
    start_s: float
    end_s: float

    @property
    def phoneme(self) -> Phoneme:
        """How it sounds and looks."""
        return SILENCE if self.name == "sil" else PHONEMES[self.name]


@dataclass(frozen=True)
class SpokenWord:
    """One word in time (``sil`` at both ends of a clip)."""

    word: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Score:
    """A sentence laid out in time."""

    segments: tuple[Segment, ...]
    words: tuple[SpokenWord, ...]

    @property
    def clip_s(self) -> float:
        """Length of the picture."""
        return self.segments[-1].end_s

    @property
    def sound_s(self) -> float:
        """Length of the sound."""
        return self.words[-1].end_s

    def lines(self, units_per_s: int, *, silences: bool) -> list[str]:
        """The transcript: start, end (whole units) and word."""
        return [
            f"{round(w.start_s * units_per_s)} {round(w.end_s * units_per_s)} {w.word}"
            for w in self.words
            if silences or w.word != "sil"
        ]


def lay_out(sentence: Sentence, rate: float, rng: np.random.Generator) -> Score:
    """Give every phoneme of a GRID sentence its time; ``rate`` > 1 speaks faster. Silence fills both ends."""
    spoken = [(word, name) for word in range(6) for name in PRONUNCIATIONS[sentence.words[word]]]
    durations = []
    for index, (word, name) in enumerate(spoken):
        duration = PHONEMES[name].duration_s * 1.2 / rate * rng.lognormal(0.0, 0.14)
        if word == 3:  # the letter is said with care
            duration *= 1.3
        if index >= len(spoken) - 2:  # the last syllable is drawn out
            duration *= 1.35
        if word == 2 and name in _VOWELS:  # prepositions are weak
            duration *= 0.8
        durations.append(duration)
    shortest, longest = 1.35, 2.3
    total = sum(durations)
    factor = float(np.clip(total, shortest, longest)) / total
    steps = [max(3, round(duration * factor / _STEP_S)) for duration in durations]
    speech = sum(steps)
    whole = round(SOUND_S / _STEP_S)
    spare = whole - speech
    begin = int(np.clip(round(spare * rng.uniform(0.4, 0.6)), 20, spare - 20))

    timed = [(word, name, length) for (word, name), length in zip(spoken, steps, strict=True)]
    return _score(sentence, timed, begin, CLIP_S, SOUND_S)


def lay_out_freely(sentence: Sentence, rate: float, fps: Fraction, rng: np.random.Generator) -> Score:
    """Give every phoneme of a read sentence its time; the clip is as long as that takes, in whole frames."""
    timed = []
    last = len(sentence.words) - 1
    for word, text in enumerate(sentence.words):
        names = PRONUNCIATIONS[text]
        stress = 0.8 if len(names) <= 2 else 1.0  # the, a, at: weak
        for place, name in enumerate(names):
            drawn_out = 1.35 if word == last and place >= len(names) - 2 else 1.0
            duration_s = PHONEMES[name].duration_s * stress * drawn_out / rate * rng.lognormal(0.0, 0.14)
            timed.append((word, name, max(3, round(duration_s / _STEP_S))))
    begin, rest = (int(steps) for steps in rng.integers(30, 60, 2))
    whole_s = (begin + sum(length for _, _, length in timed) + rest) * _STEP_S
    clip_s = float(math.ceil(whole_s * fps) / fps)
    return _score(sentence, timed, begin, clip_s, clip_s)


def _score(
    sentence: Sentence, timed: list[tuple[int, str, int]], begin: int, clip_s: float, sound_s: float
) -> Score:
    """Phonemes (word, name, steps) one after another from step ``begin`` on, silence around them."""
    segments = [Segment("sil", 0.0, begin * _STEP_S)]
    words: list[SpokenWord] = []
    at, word_start, current = begin, begin, 0
    for word, name, length in timed:
        if word != current:
            words.append(SpokenWord(sentence.words[current], word_start * _STEP_S, at * _STEP_S))
            word_start, current = at, word
        segments.append(Segment(name, at * _STEP_S, (at + length) * _STEP_S))
        at += length
    words.append(SpokenWord(sentence.words[current], word_start * _STEP_S, at * _STEP_S))
    segments.append(Segment("sil", at * _STEP_S, clip_s))
    silence_before = SpokenWord("sil", 0.0, begin * _STEP_S)
    silence_after = SpokenWord("sil", at * _STEP_S, sound_s)
    return Score(tuple(segments), (silence_before, *words, silence_after))
