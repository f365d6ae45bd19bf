"""LSE-D*, LSE-C* and offset* of lips and sound, by the sync evaluator that a rule trains on the corpus.

Shapes: T frames, H rows, W columns, K hops of 10 ms, M mel bands, N windows, E numbers of an embedding.
"""

from __future__ import annotations

import numpy as np

from talkface.metrics.clip import Clip
from talkface.metrics.declaration import Measure, Metric, Score, ahead_of
from talkface.metrics.lip_sync import OFFSETS, at_offset_0, of_curve, overlapping_distances

_NAMES = ("own_lse_d", "own_lse_c", "own_sync_offset", "own_lse_c_at_0")


def score(clip: Clip) -> dict[str, Score]:
    """``own_lse_d``, ``own_lse_c``, ``own_sync_offset`` and ``own_lse_c_at_0`` of the clip.

    The offset is in frames; positive: the sound is early.
    Not defined for a clip with fewer than four windows of five frames.
    """
    judge = clip.sync_evaluator.network
    windows = judge.windows(clip.num_frames, len(clip.mel))
    if windows < 4:
        return dict.fromkeys(_NAMES, (None, 0))
    lips_NE = judge.clip_lips(np.asarray(clip.frames[:]), windows)
    curve_O = overlapping_distances(lips_NE, judge.clip_sound(clip.mel, windows))
    found = (*of_curve(curve_O), at_offset_0(curve_O))
    return {name: (value, windows) for name, value in zip(_NAMES, found, strict=True)}


_SOURCE = (
    "our own: LSE of Prajwal et al. 2020 by a network trained on this corpus, with its embeddings' scale"
)
_BLIND = "errors that last less than 0.2 s, and the picture's quality; not comparable with published LSE"
_BLIND_TO_SHIFTS = f"a constant shift; {_BLIND}"

METRIC = Metric(
    score,
    needs=("frames", "mel", "sync_evaluator"),
    measures=(
        Measure(
            "own_lse_d", "LSE-D*", "own_lse_d", "mean", 3, "low",
            "least mean distance of lips and sound by our own sync evaluator; no published LSE compares",
            unit="1", range=(0, 2), region="mouth and chin", source=_SOURCE, blind=_BLIND_TO_SHIFTS,
            orders=ahead_of("ground_truth", "other_clip", "static"),
        ),
        Measure(
            "own_lse_c", "LSE-C*", "own_lse_c", "mean", 3, "high",
            "our own sync evaluator's confidence: median less least distance; no published LSE compares",
            unit="1", range=(0, 2), region="mouth and chin", source=_SOURCE, blind=_BLIND_TO_SHIFTS,
            orders=ahead_of("ground_truth", "other_clip", "static", "loudness"),
        ),
        Measure(
            "own_lse_c_at_0", "LSE-C* at 0", "own_lse_c_at_0", "mean", 3, "high",
            "the same at offset 0: median less the distance there",
            unit="1", range=(-2, 2), region="mouth and chin", source=_SOURCE, blind=_BLIND,
            orders=ahead_of("ground_truth", "early", "late", "other_clip", "static", "loudness"),
        ),
        Measure(
            "own_sync_offset_frames", "Offset*, frames", "own_sync_offset", "median", 0, "",
            "offset at which our own sync evaluator finds lips and sound nearest; positive: sound early",
            unit="frames", range=(-OFFSETS, OFFSETS), region="mouth and chin", source=_SOURCE,
            blind="whether anything fits at all: some offset is always the nearest",
            orders=(),
        ),
    ),
    table="Lips, sound and words, by our own evaluators",
)  # fmt: skip
