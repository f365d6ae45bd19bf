"""The best sentence of a closed grammar under a network's scores: six words of GRID, each from its own list.

Legend: T frames, V tokens (0 is CTC's blank, then the words, slot by slot), X states of the trellis.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

BLANK = 0
Slots = Sequence[Sequence[str]]
"""The words of each place in a sentence."""


def tokens_of(slots: Slots, words: Sequence[str]) -> list[int] | None:
    """The token of each word of a sentence; ``None`` where it is no sentence of the grammar.

    A word has another token in each slot. Letters may be large or small.
    """
    if len(words) != len(slots):
        return None
    found, before = [], 1
    for slot, word in zip(slots, words, strict=True):
        if word.lower() not in slot:
            return None
        found.append(before + list(slot).index(word.lower()))
        before += len(slot)
    return found


def best_sentence(log_TV: npt.NDArray[np.floating], slots: Slots) -> list[str] | None:
    """The words on the best CTC path that has one word of each slot; exact, by Viterbi's algorithm.

    ``log_TV``: log-probabilities. ``None`` for fewer frames than words.
    """
    token_X, layer_X = _states(slots)
    if len(log_TV) < len(slots):
        return None
    score_TX = np.asarray(log_TV, np.float64)[:, token_X]
    step_XX = np.where(_may_follow(layer_X), 0.0, -np.inf)
    best_X = np.where(layer_X <= 1, score_TX[0], -np.inf)
    came_TX = np.zeros(score_TX.shape, np.int64)
    for t in range(1, len(score_TX)):
        reached_XX = best_X[:, None] + step_XX
        came_TX[t] = reached_XX.argmax(axis=0)
        best_X = reached_XX.max(axis=0) + score_TX[t]
    state = int(np.where(layer_X >= layer_X.max() - 1, best_X, -np.inf).argmax())
    said: dict[int, int] = {}  # layer -> token
    for t in range(len(score_TX) - 1, -1, -1):
        said[int(layer_X[state])] = int(token_X[state])
        state = int(came_TX[t, state])
    words = ["", *(word for slot in slots for word in slot)]
    return [words[said[2 * place + 1]] for place in range(len(slots))]


def _states(slots: Slots) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Token and layer of each state: a blank in every even layer, a slot's words in every odd one."""
    tokens, layers, before = [BLANK], [0], 1
    for place, slot in enumerate(slots):
        tokens += [*range(before, before + len(slot)), BLANK]
        layers += [2 * place + 1] * len(slot) + [2 * place + 2]
        before += len(slot)
    return np.array(tokens), np.array(layers)


def _may_follow(layer_X: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which state (columns) may follow which (rows): itself, the next layer, or the next word at once."""
    ahead_XX = layer_X[None] - layer_X[:, None]
    from_word_X1 = (layer_X % 2 == 1)[:, None]
    return np.eye(len(layer_X), dtype=bool) | (ahead_XX == 1) | (from_word_X1 & (ahead_XX == 2))
