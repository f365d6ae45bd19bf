"""WER*: how many of the clip's words the lip reader that a rule trains on the corpus reads from the lips.

Shapes: T frames, H rows, W columns.
"""

from __future__ import annotations

import numpy as np
from jiwer import wer

from talkface.metrics.clip import Clip
from talkface.metrics.declaration import Measure, Metric, Score, ahead_of


def score(clip: Clip) -> dict[str, Score]:
    """``own_wer``: word errors over the words that were spoken; the weight is their number.

    Not defined for a clip whose transcript is no sentence of the lip reader's grammar, or that has fewer
    frames than words.
    """
    judge = clip.lip_reader.network
    if not judge.knows(clip.words):
        return {"own_wer": (None, 0)}
    read = judge.read(np.asarray(clip.frames[:]))
    if read is None:
        return {"own_wer": (None, 0)}
    spoken = " ".join(word.lower() for word in clip.words)
    return {"own_wer": (float(wer(spoken, " ".join(read))), len(clip.words))}


METRIC = Metric(
    score,
    needs=("frames", "lip_reader"),
    measures=(
        Measure(
            "own_wer_percent", "WER*, %", "own_wer", "weighted", 1, "low",
            "words that our own lip reader reads wrongly from the pictures alone, of a closed grammar; no "
            "published WER compares",
            scale=100.0, unit="%", range=(0, 100), region="mouth box",
            source="our own: word error rate (jiwer) of a CTC lip reader trained on this corpus",
            blind="when words are spoken: early or late lips are read as well; faces unlike those that it "
            "was trained on",
            orders=ahead_of("ground_truth", "other_clip", "static"),
        ),
    ),
    table="Lips, sound and words, by our own evaluators",
)  # fmt: skip
