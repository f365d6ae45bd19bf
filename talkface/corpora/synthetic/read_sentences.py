"""Sentences of varying length to be read aloud, in the manner of TIMIT's: "sa" for everyone, "sx" and "si".

The texts are our own; the corpus' are not free.
"""

from __future__ import annotations

import numpy as np

from talkface.corpora.synthetic.sentences import Sentence

_DETERMINERS = ("the", "a", "my", "your", "this", "every")
_ADJECTIVES = ("old", "new", "small", "dark", "warm", "black", "quiet", "little", "wooden", "green", "blue")
_PERSONS = (
    "teacher", "farmer", "doctor", "brother", "driver", "visitor", "lady", "judge", "mother",
)  # fmt: skip
_VERBS = (
    "carried", "moved", "painted", "covered", "bought", "found", "kept", "made", "sold", "left", "opened",
)  # fmt: skip
_THINGS = (
    "boat", "apple", "table", "map", "garden", "bottle", "piano", "basket", "umbrella", "picture", "coat",
    "bread", "money", "lamp", "water",
)  # fmt: skip
_BEFORE_PLACES = ("near", "by", "in", "over", "under", "beside", "at")
_PLACES = ("river", "window", "village", "road", "market", "beach", "bridge", "farm", "tower", "valley")
_TIMES = (
    ("today",), ("yesterday",), ("twice",), ("again",), ("in", "may"), ("before", "dinner"),
    ("every", "summer"), ("in", "winter"), ("at", "nine"),
)  # fmt: skip
_FOR_EVERYBODY = {
    "sa1": "your mother kept my dark wool suit in water every winter",
    "sa2": "people gave bread and money for a map before dinner",
}
EVERYBODYS = tuple(Sentence(tuple(text.split()), name) for name, text in _FOR_EVERYBODY.items())
"""Read by every speaker, as TIMIT's two dialect sentences are."""
_LONGEST_NUMBER = 2342


def choose_read_sentences(count: int, rng: np.random.Generator) -> list[Sentence]:
    """``count`` different sentences in the order of their names; the first two of them are everybody's."""
    found = {sentence.name: sentence for sentence in EVERYBODYS[:count]}
    texts: set[tuple[str, ...]] = set()
    while len(found) < count:
        words = _compose(rng)
        name = f"{'sx' if rng.random() < 0.6 else 'si'}{rng.integers(3, _LONGEST_NUMBER)}"
        if words not in texts and name not in found:
            texts.add(words)
            found[name] = Sentence(words, name)
    return [found[name] for name in sorted(found)]


def _compose(rng: np.random.Generator) -> tuple[str, ...]:
    """Somebody did something, and in longer sentences where and when."""
    words = [*_noun(rng, _PERSONS), _pick(rng, _VERBS), *_noun(rng, _THINGS)]
    if rng.random() < 0.6:
        words += [_pick(rng, _BEFORE_PLACES), "the", _pick(rng, _PLACES)]
    if rng.random() < 0.5:
        words += _TIMES[rng.integers(len(_TIMES))]
    return tuple(words)


def _noun(rng: np.random.Generator, nouns: tuple[str, ...]) -> list[str]:
    adjective = [_pick(rng, _ADJECTIVES)] if rng.random() < 0.5 else []
    return [_pick(rng, _DETERMINERS), *adjective, _pick(rng, nouns)]


def _pick(rng: np.random.Generator, words: tuple[str, ...]) -> str:
    return words[rng.integers(len(words))]
