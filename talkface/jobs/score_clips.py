"""Rule ``score_clips``: one metric family on the generated clips of a method."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import GENERATED, LANDMARKS, SCORES
from talkface.artifacts.tables import write_table
from talkface.config import AuLabels, Corpus, Faces, Metrics, Video
from talkface.corpora import clip_path
from talkface.evaluation.clip_parts import Sources
from talkface.evaluation.needs import READERS
from talkface.evaluation.score_rows import ScoreRows, tables_by_clip
from talkface.metrics.catalogue import metric_named
from talkface.metrics.clip import Clip
from talkface.runtime.binding import OfConfig
from talkface.runtime.logs import progress


def score_clips(
    *,
    metric: str,
    frames: list[Path],
    true_frames: list[Path],
    landmarks: list[Path],
    true_landmarks: list[Path],
    true_aus: list[Path],
    mel: list[Path],
    clips: list[Path],
    split: Path,
    video: Annotated[Video, OfConfig()],
    aus: Annotated[AuLabels, OfConfig()],
    faces: Annotated[Faces, OfConfig()],
    corpus: Annotated[Corpus, OfConfig()],
    metrics: Annotated[Metrics, OfConfig()],
    scores: Path,
) -> None:
    """Write for every generated clip the values that a metric family gives it, by its name.

    Of the tables only those have to be there that the metric needs (``needs.files_behind``): generated and
    true ``frames``, ``landmarks`` found on both, AU labels of the true frames, the true clip's ``mel``, and
    CLIPS (``clips``) for its sound.
    A value that is not defined becomes null. Raises ``TableError`` for a clip of another length than its
    truth.
    """
    family = metric_named(metric)
    files = {
        "frames": frames, "true_frames": true_frames, "landmarks": landmarks,
        "true_landmarks": true_landmarks, "true_aus": true_aus, "mel": mel,
        "clips": clips,
    }  # fmt: skip
    rows = ScoreRows(split)
    generated = tables_by_clip(landmarks, LANDMARKS) if landmarks else tables_by_clip(frames, GENERATED)
    parts = import_module(READERS)
    with ExitStack() as opened:
        sources = Sources(
            files, rows.num_frames, video.crop_size, aus, faces, opened,
            raw_clip=partial(clip_path, corpus),
            weights={file.name: metrics.weights[file.name] for file in family.weights},
        )  # fmt: skip
        readers = {part: getattr(parts, part)(sources) for part in family.needs}

        def clip_of(name: str) -> Clip:
            read = {part: reader(name) for part, reader in readers.items()}
            return Clip(name, rows.num_frames[name], rows.words_s(name), **read)

        score: Any = family.score
        evaluated = [clip for clip in rows.num_frames if clip in generated]
        if family.per == "clip":
            for name in progress(evaluated, what="clips scored"):
                rows.add(name, score(clip_of(name)))
        else:
            for names in rows.by_subset(evaluated).values():
                values = score(map(clip_of, progress(names, what="clips scored")))
                for name in names:
                    rows.add(name, values)
    data = data_hashes([*(path for paths in files.values() for path in paths), split], scores)
    metadata = {"metric": metric, **sources.metadata, "data": data}
    if family.packages:
        metadata["packages"] = {name: version(name) for name in family.packages}
    write_table(scores, SCORES, rows.rows, metadata)
