"""The trellis of a closed grammar against every path there is."""

from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talkface.config.evaluators import GRID_GRAMMAR
from talkface.corpora.synthetic.sentences import GRAMMAR
from talkface.models.closed_grammar import best_sentence, tokens_of

SLOTS = (("bin", "lay"), ("a",), ("now", "bin"))  # a word may stand in two slots


def spelled(path) -> list[int]:
    """CTC's rule: repeats are one, blanks are none."""
    return [token for token, _ in groupby(path) if token]


def by_trying_all(log_TV):
    best, found = -np.inf, None
    for path in product(range(log_TV.shape[1]), repeat=len(log_TV)):
        said = spelled(path)
        if len(said) == 3 and said[0] in (1, 2) and said[1] == 3 and said[2] in (4, 5):
            score = sum(log_TV[t, token] for t, token in enumerate(path))
            if score > best:
                best, found = score, said
    return found


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), frames=st.integers(3, 5))
def test_it_is_the_best_of_all_paths(seed, frames):
    log_TV = np.log(np.random.default_rng(seed).dirichlet(np.full(6, 0.4), frames))
    words = ["", "bin", "lay", "a", "now", "bin"]
    assert best_sentence(log_TV, SLOTS) == [words[token] for token in by_trying_all(log_TV)]


def test_a_sentence_needs_as_many_frames_as_words():
    assert best_sentence(np.zeros((2, 6)), SLOTS) is None


@pytest.mark.parametrize(
    ("words", "tokens"),
    [
        (("lay", "A", "bin"), [2, 3, 5]),
        (("lay", "a"), None),
        (("now", "a", "bin"), None),
        ((), None),
    ],
)
def test_words_have_a_token_in_their_slot(words, tokens):
    assert tokens_of(SLOTS, words) == tokens


def test_the_default_is_the_grammar_of_grid():
    assert GRID_GRAMMAR == GRAMMAR
    assert tokens_of(GRID_GRAMMAR, ["bin", "blue", "at", "f", "two", "now"]) == [1, 5, 9, 18, 40, 49]
