"""Rule ``score_aus``: AU presence on generated frames against the same labeller's on the true frames."""

from __future__ import annotations

import logging
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import AU_NAMES, AUS, GENERATED, LANDMARKS, SCORES
from talkface.artifacts.tables import ClipTable, read_metadata, write_table
from talkface.config import AuLabels, Faces
from talkface.data.rows import vectors
from talkface.evaluation.score_rows import ScoreRows, same_length, tables_by_clip
from talkface.features.aus import ClipFrames, Labeller, Statistics, open_labeller
from talkface.features.landmarks import NUM_POINTS
from talkface.media.images import decode_png
from talkface.metrics.presence import count_presence, presence_values
from talkface.runtime.binding import OfConfig
from talkface.runtime.logs import progress

_log = logging.getLogger(__name__)


def score_aus(
    *,
    landmarks_generated: list[Path],
    generated: list[Path],
    aus: list[Path],
    split: Path,
    labels: AuLabels,
    faces: Annotated[Faces, OfConfig()],
    scores: Path,
) -> None:
    """Write for every generated clip and AU, from presence in each frame:

    ``au25_tp``, ``au25_fp``, ``au25_fn``, ``au25_tn`` (counts of frames, from which F1 is pooled over clips)
    and the clip's own ``au25_accuracy`` and ``au25_f1`` (null without a positive). Generated frames are
    normalised on the *true* speaker's statistics. A missed frame has the presence of the first true frame, as
    *static* has; frames in which the truth was missed are left out. ``generated`` serves labellers that look
    at pictures.

    Labels of the truth that came from OpenFace's finished CSVs have no counterpart for generated frames:
    without its program the rows hold null.
    """
    rows = ScoreRows(split)
    truth = tables_by_clip(aus, AUS)
    pictures = tables_by_clip(generated, GENERATED)
    found = tables_by_clip(landmarks_generated, LANDMARKS)
    data = data_hashes([*landmarks_generated, *generated, *aus, split], scores)
    metadata: dict[str, Any] = {"aus": labels.model_dump(mode="json"), "data": data}
    if labels.backend == "openface" and labels.openface_program is None:
        _log.warning("aus.openface_csv alone cannot label generated frames: give aus.openface_program")
        for clip in found:
            for au in AU_NAMES:
                rows.add(clip, {f"{au.lower()}_{name}": None for name in ("accuracy", "f1")}, 0)
        write_table(scores, SCORES, rows.rows, metadata)
        return
    # Finished CSVs are named by clip and tell of the true frames: they must never label the generated ones.
    with closing(open_labeller(labels.model_copy(update={"openface_csv": None}), faces)) as labeller:
        metadata |= {"labeller": labeller.name, "labeller_version": labeller.version}
        for clip, table in progress(found.items(), what="clips scored"):
            true_TA, known_T = _presence(truth[clip], clip)
            frames = _frames(clip, table, pictures[clip])
            same_length(clip, len(true_TA), len(frames.points), "landmarks")
            predicted_TA = _label(labeller, frames, truth[clip].path, labels.presence_threshold, true_TA[0])
            for au, counts in zip(
                AU_NAMES, count_presence(predicted_TA[known_T], true_TA[known_T]), strict=True
            ):
                rows.add(clip, presence_values(au, counts), int(known_T.sum()))
    write_table(scores, SCORES, rows.rows, metadata)


def _label(
    labeller: Labeller, frames: ClipFrames, aus: Path, threshold: float, static_A: np.ndarray
) -> np.ndarray:
    """Presence ``[T, 5]`` on the scale of the true clip's speaker; missed frames have ``static_A``."""
    found = labeller.label(frames)
    presence_TA = found.presence
    if presence_TA is None:
        statistics = Statistics.from_dict(read_metadata(aus)["statistics"])
        presence_TA = labeller.normalise(found.raw, statistics) >= threshold
    return np.where(found.detected[:, None], presence_TA, static_A)


def _frames(clip: str, landmarks: ClipTable, generated: ClipTable) -> ClipFrames:
    mesh = landmarks.read(clip, ["points", "detected"])
    return ClipFrames(
        clip=clip,
        points=vectors(mesh, "points").reshape(-1, NUM_POINTS, 3),
        detected=mesh["detected"].to_numpy().astype(bool),
        images=partial(_images, generated, clip),
    )


def _images(generated: ClipTable, clip: str) -> np.ndarray:
    return np.stack([decode_png(content) for content in generated.read(clip, ["image"])["image"].to_pylist()])


def _presence(aus: ClipTable, clip: str) -> tuple[np.ndarray, np.ndarray]:
    table = aus.read(clip, ["presence", "detected"])
    presence_TA = np.array(table["presence"].to_pylist(), dtype=bool).reshape(-1, len(AU_NAMES))
    return presence_TA, table["detected"].to_numpy().astype(bool)
