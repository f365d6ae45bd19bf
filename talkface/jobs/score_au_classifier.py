"""Rule ``score_au_classifier``: the AU classifier on true test frames against the labeller (paper B)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import AU_NAMES, FACES, SCORES, SPLIT
from talkface.artifacts.tables import read_table, write_table
from talkface.artifacts.weights import load_model
from talkface.config import Compute, Evaluation
from talkface.data.frames import to_tensor
from talkface.data.presence_labels import presence_labels
from talkface.evaluation.score_rows import ScoreRows, tables_by_clip
from talkface.evaluation.selection import evaluation_clips
from talkface.media.images import decode_png
from talkface.metrics.presence_scores import count_presence, presence_values
from talkface.models.au_classifier import AuClassifier
from talkface.runtime.logs import progress
from talkface.training.device import prepare

_FRAMES_AT_ONCE = 64


@torch.inference_mode()
def score_au_classifier(
    *,
    model: Path,
    faces: list[Path],
    aus: list[Path],
    split: Path,
    evaluation: Evaluation,
    compute: Compute,
    scores: Path,
) -> None:
    """Write for every evaluated clip and AU what the metric ``aus`` gives: counts, F1 and accuracy."""
    device = prepare(compute)
    network = load_model(model, AuClassifier, device)
    rows, table, found = ScoreRows(split), read_table(split, SPLIT), []
    frames_of = {row["clip"]: row["num_frames"] for row in table.to_pylist()}
    speakers = sorted(set(table["speaker"].to_pylist()))
    clips = [clip for speaker in speakers for clip in evaluation_clips(table, speaker, evaluation)]
    truth = presence_labels(aus, {clip: frames_of[clip] for clip in clips})
    pictures = tables_by_clip(faces, FACES)
    for clip in progress(clips, what="clips scored"):
        contents = pictures[clip].read(clip, ["image"])["image"].to_pylist()
        found_TA = np.concatenate(
            [
                (network(to_tensor(np.stack([decode_png(image) for image in batch]), device)) > 0)
                .cpu()
                .numpy()
                for batch in (
                    contents[start : start + _FRAMES_AT_ONCE]
                    for start in range(0, len(contents), _FRAMES_AT_ONCE)
                )
            ]
        )
        known_T = truth[clip].valid_T.numpy()
        counts = count_presence(found_TA[known_T], truth[clip].presence_TA.numpy()[known_T])
        for au, outcome in zip(AU_NAMES, counts, strict=True):
            values = presence_values(au, outcome)
            found += rows.of(clip, {name: (value, int(known_T.sum())) for name, value in values.items()})
    data = data_hashes([model, *faces, *aus, split], scores)
    write_table(scores, SCORES, found, {"data": data})
