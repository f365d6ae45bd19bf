"""When each sound of a sentence is spoken: the one clock of sound, mouth and transcript."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from talkface.corpora.synthetic.phonemes import PHONEMES, PRONUNCIATIONS, SILENCE, Phoneme
from talkface.corpora.synthetic.sentences import Sentence

FPS = 25
NUM_FRAMES = 75
CLIP_S = NUM_FRAMES / FPS
SOUND_S = 2.98  # GRID's sound ends 20 ms before its pictures
ALIGN_UNITS_PER_S = 25_000
_STEP_S = 0.01  # GRID's boundaries are multiples of 10 ms
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

    def align_lines(self) -> list[str]:
        """GRID's transcript: start, end (1/25000 s) and word."""
        return [
            f"{round(w.start_s * ALIGN_UNITS_PER_S)} {round(w.end_s * ALIGN_UNITS_PER_S)} {w.word}"
            for w in self.words
        ]


def lay_out(sentence: Sentence, rate: float, rng: np.random.Generator) -> Score:
    """Give every phoneme its time; ``rate`` > 1 speaks faster. Silence fills both ends of the clip."""
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

    segments = [Segment("sil", 0.0, begin * _STEP_S)]
    words: list[SpokenWord] = []
    at, word_start, current = begin, begin, 0
    for (word, name), length in zip(spoken, steps, strict=True):
        if word != current:
            words.append(SpokenWord(sentence.words[current], word_start * _STEP_S, at * _STEP_S))
            word_start, current = at, word
        segments.append(Segment(name, at * _STEP_S, (at + length) * _STEP_S))
        at += length
    words.append(SpokenWord(sentence.words[current], word_start * _STEP_S, at * _STEP_S))
    segments.append(Segment("sil", at * _STEP_S, CLIP_S))
    silence_before = SpokenWord("sil", 0.0, begin * _STEP_S)
    silence_after = SpokenWord("sil", at * _STEP_S, SOUND_S)
    return Score(tuple(segments), (silence_before, *words, silence_after))
