"""GRID's grammar (Cooke et al. 2006): six words a sentence, one character a word in the clip's name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COMMANDS = ("bin", "lay", "place", "set")
COLOURS = ("blue", "green", "red", "white")
PREPOSITIONS = ("at", "by", "in", "with")
LETTERS = tuple("abcdefghijklmnopqrstuvxyz")  # no w: it is three syllables long
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ADVERBS = ("again", "now", "please", "soon")
GRAMMAR = (COMMANDS, COLOURS, PREPOSITIONS, LETTERS, DIGITS, ADVERBS)

_DIGIT_CODES = "z123456789"


@dataclass(frozen=True)
class Sentence:
    """What is said in a clip, and the clip's name."""

    words: tuple[str, ...]
    name: str


def grid_sentence(words: tuple[str, ...]) -> Sentence:
    """Six words under their name in GRID's code: ``bin blue at f two now`` is ``bbaf2n``."""
    command, colour, preposition, letter, digit, adverb = words
    code = command[0] + colour[0] + preposition[0] + letter + _DIGIT_CODES[DIGITS.index(digit)] + adverb[0]
    return Sentence(words, code)


def parse_name(name: str) -> Sentence:
    """The sentence that a clip's name stands for; ``ValueError`` for a name outside the grammar."""
    if len(name) != len(GRAMMAR):
        raise ValueError(f"'{name}': a clip's name has {len(GRAMMAR)} characters")
    words = []
    for character, choices in zip(name, GRAMMAR, strict=True):
        codes = _DIGIT_CODES if choices is DIGITS else "".join(word[0] for word in choices)
        if character not in codes:
            raise ValueError(f"'{name}': '{character}' is none of '{codes}'")
        words.append(choices[codes.index(character)])
    return grid_sentence(tuple(words))


def choose_sentences(count: int, rng: np.random.Generator) -> list[Sentence]:
    """``count`` different sentences in the order of their names.

    Each word class is dealt from a shuffled pack, as GRID's own design balances them: a small corpus still
    hears every letter and digit equally often.
    """
    found: dict[str, Sentence] = {}
    packs: list[list[str]] = [[] for _ in GRAMMAR]
    while len(found) < count:
        words = []
        for pack, choices in zip(packs, GRAMMAR, strict=True):
            if not pack:
                pack.extend(choices[index] for index in rng.permutation(len(choices)))
            words.append(pack.pop())
        sentence = grid_sentence(tuple(words))
        found[sentence.name] = sentence
    return [found[name] for name in sorted(found)]
