"""Which test clips are generated and measured, and which other clip's sound each of them gets.

Every job uses this module, so that generation, controls, scores and gallery agree. Imports no
torch.
"""

from __future__ import annotations

import zlib

import numpy as np
import pandas as pd
import pyarrow as pa

from talkface.config import Evaluation, Gallery

TEST_SUBSETS = ("seen_test", "unseen_test")


def evaluation_clips(split: pa.Table, speaker: str, evaluation: Evaluation) -> list[str]:
    """The speaker's test clips that are generated and measured, sorted by name within each test subset.

    At most ``evaluation.max_clips_per_speaker`` of a subset, evenly spaced over its sorted names. A speaker
    without test clips has an empty list.
    """
    return _evaluation_clips(_usable(split), speaker, evaluation)


def evenly(items: list[str], count: int | None) -> list[str]:
    """At most ``count`` of the items, evenly spaced; None: all."""
    if count is None or count >= len(items):
        return items
    return [items[(2 * number + 1) * len(items) // (2 * count)] for number in range(count)]


def _usable(split: pa.Table) -> pd.DataFrame:
    rows = split.select(["clip", "speaker", "subset", "ok"]).to_pandas()
    return rows[rows["ok"].astype(bool)]


def _evaluation_clips(usable: pd.DataFrame, speaker: str, evaluation: Evaluation) -> list[str]:
    chosen: list[str] = []
    for subset in TEST_SUBSETS:
        clips = sorted(usable["clip"][(usable["speaker"] == speaker) & (usable["subset"] == subset)])
        chosen += evenly(clips, evaluation.max_clips_per_speaker)
    return chosen


def other_sound(split: pa.Table, speaker: str, evaluation: Evaluation) -> dict[str, str]:
    """For each evaluated clip of the speaker the clip whose sound drives it instead, never the clip itself.

    A speaker with two or more evaluated clips has them rotated among themselves; with one, another usable
    clip of the speaker is drawn; a speaker with a single clip borrows the sound of another speaker's test
    clip (of any usable clip where there is none). Raises ``ValueError`` when the corpus has no second clip.
    """
    return _other_sound(_usable(split), speaker, evaluation)


def borrowed_sounds(split: pa.Table, evaluation: Evaluation) -> list[str]:
    """The clips of other speakers that :func:`other_sound` gives to anyone, sorted.

    Only speakers with a single usable clip borrow.
    """
    usable = _usable(split)
    count = usable["speaker"].value_counts()
    alone = sorted(count.index[count == 1])
    return sorted({clip for name in alone for clip in _other_sound(usable, name, evaluation).values()})


def _other_sound(usable: pd.DataFrame, speaker: str, evaluation: Evaluation) -> dict[str, str]:
    chosen = _evaluation_clips(usable, speaker, evaluation)
    rng = np.random.default_rng([evaluation.seed, zlib.crc32(speaker.encode())])
    if len(chosen) >= 2:
        # A rotation of a shuffled list is a derangement, and no two clips share a sound.
        order = [chosen[position] for position in rng.permutation(len(chosen))]
        return {clip: order[position - 1] for position, clip in enumerate(order)}
    if not chosen:
        return {}
    others = usable[usable["clip"] != chosen[0]]
    for candidates in (
        others[others["speaker"] == speaker],
        others[others["subset"].isin(TEST_SUBSETS)],
        others,
    ):
        names = sorted(candidates["clip"])
        if names:
            return {chosen[0]: names[int(rng.integers(len(names)))]}
    raise ValueError(f"clip '{chosen[0]}' is the only usable clip: no other clip's sound can drive it")


def gallery_clips(split: pa.Table, evaluation: Evaluation, gallery: Gallery) -> list[str]:
    """The clips of the report's videos, ``2 * gallery.clips_per_subset`` names: seen first, then unseen.

    From as many speakers as there are: the first evaluated clip of each in turn, then the second of each. The
    number of videos is known before any clip has been looked at; where a subset has too few clips, the
    other's further ones fill the places, and at last the shown ones again. Raises ``ValueError`` without any
    test clip.
    """
    usable = _usable(split)
    subset_of = dict(zip(usable["clip"], usable["subset"], strict=True))
    ranked: dict[str, list[tuple[int, str, str]]] = {subset: [] for subset in TEST_SUBSETS}
    for speaker in sorted(usable["speaker"].unique()):
        for clip in _evaluation_clips(usable, speaker, evaluation):
            rank = sum(other == speaker for _, other, _ in ranked[subset_of[clip]])
            ranked[subset_of[clip]].append((rank, speaker, clip))
    seen, unseen = ([clip for _, _, clip in sorted(ranked[subset])] for subset in TEST_SUBSETS)
    places = gallery.clips_per_subset
    shown = (seen[:places] + unseen[:places] + seen[places:] + unseen[places:])[: 2 * places]
    if not shown and places:
        raise ValueError("no usable test clip to show: check the split and the corpus summary")
    shown = [shown[place % len(shown)] for place in range(2 * places)]
    return sorted(shown, key=lambda clip: TEST_SUBSETS.index(subset_of[clip]))
