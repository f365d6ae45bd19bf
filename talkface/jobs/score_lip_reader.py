"""Rule ``score_lip_reader``: the lip reader's own quality, on true clips that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jiwer import wer

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import FACES, SCORES, SPLIT
from talkface.artifacts.tables import read_table, write_table
from talkface.artifacts.weights import load_model
from talkface.config import Compute
from talkface.evaluation.evaluator_quality import judged_clips, sha256_of
from talkface.evaluation.score_rows import ScoreRows, tables_by_clip
from talkface.media.images import decode_png
from talkface.metrics.declaration import Score
from talkface.models.lip_reader import LipReader
from talkface.runtime.logs import progress
from talkface.training.device import prepare


def score_lip_reader(*, model: Path, faces: list[Path], split: Path, compute: Compute, scores: Path) -> None:
    """Write for every held-back and unseen clip which words the lip reader reads wrongly from true frames.

    ``wer``: word errors over words (jiwer); ``word_1_wrong`` and on: each word of the sentence;
    ``sentence_right``: 1 where all are right. A clip whose transcript is no sentence of the grammar has none.
    """
    prepare(compute)
    network = load_model(model, LipReader)
    rows, clips = ScoreRows(split), judged_clips(read_table(split, SPLIT))
    pictures, found = tables_by_clip(faces, FACES), []
    for clip in progress(clips, what="clips scored"):
        spoken = [word.lower() for word in rows.words(clip)]
        read = None
        if network.knows(spoken):
            contents = pictures[clip].read(clip, ["image"])["image"].to_pylist()
            read = network.read(np.stack([decode_png(content) for content in contents]))
        found += rows.of(clip, {"wer": (None, 0)} if read is None else word_scores(spoken, read))
    data = data_hashes([model, *faces, split], scores)
    write_table(scores, SCORES, found, {"evaluator_sha256": sha256_of(model), "data": data})


def word_scores(spoken: Sequence[str], read: Sequence[str]) -> dict[str, Score]:
    """What was read of a sentence as many words long as what was spoken, by name."""
    wrong = [said != found for said, found in zip(spoken, read, strict=True)]
    values = {f"word_{place}_wrong": float(one) for place, one in enumerate(wrong, start=1)}
    values |= {"wer": float(wer(" ".join(spoken), " ".join(read))), "sentence_right": float(not any(wrong))}
    return {name: (value, len(spoken)) for name, value in values.items()}
