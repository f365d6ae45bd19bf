"""Rule ``score_clips``: the generated clips of a method, by all metrics."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import GENERATED, LANDMARKS, SCORES
from talkface.artifacts.tables import write_table
from talkface.config import AuLabels, Corpus, Faces, Metrics, Video
from talkface.corpora import clip_path
from talkface.evaluation.clip_parts import Sources
from talkface.evaluation.kept_scores import KeptScores
from talkface.evaluation.needs import files_behind
from talkface.evaluation.score_rows import ScoreRows, tables_by_clip
from talkface.evaluation.shared_parts import SharedParts
from talkface.evaluation.wanted import weights_behind
from talkface.metrics.catalogue import metric_named
from talkface.metrics.clip import Clip
from talkface.runtime.binding import OfConfig, OfWildcards
from talkface.runtime.logs import progress

logger = logging.getLogger(__name__)


def score_clips(
    *,
    identities: dict[str, dict[str, Any]],
    frames: list[Path],
    true_frames: list[Path],
    landmarks: list[Path],
    true_landmarks: list[Path],
    true_aus: list[Path],
    mel: list[Path],
    clips: list[Path],
    sync_evaluator: list[Path],
    lip_reader: list[Path],
    split: Path,
    video: Annotated[Video, OfConfig()],
    aus: Annotated[AuLabels, OfConfig()],
    faces: Annotated[Faces, OfConfig()],
    corpus: Annotated[Corpus, OfConfig()],
    metrics: Annotated[Metrics, OfConfig()],
    work: Annotated[Path, OfWildcards("work/{experiment}/{corpus}/scores/{method}/seed-{seed}/{protocol}")],
    scores: list[Path],
) -> None:
    """Write for every generated clip the values that each metric family gives it: a table a family.

    ``identities``: of each metric by its name, in the order of ``scores``, what tells its scores beside the
    tables that they are computed from. Of the tables only those have to be there that a metric needs
    (``needs.files_behind``): generated and true ``frames``, ``landmarks`` found on both, AU labels of the
    true frames, the true clip's ``mel``, CLIPS (``clips``) for its sound, and the evaluators of our own that
    judge it. A score table that is kept in ``work`` and rests on the same is copied from there. A value that
    is not defined becomes null. Raises ``TableError`` for a clip of another length than its truth.
    """
    files = {
        "frames": frames, "true_frames": true_frames, "landmarks": landmarks,
        "true_landmarks": true_landmarks, "true_aus": true_aus, "mel": mel,
        "clips": clips, "sync_evaluator": sync_evaluator, "lip_reader": lip_reader,
    }  # fmt: skip
    kept, targets = KeptScores(work), dict(zip(identities, scores, strict=True))
    hashes = {name: data_hashes(paths, scores[0]) for name, paths in {**files, "split": [split]}.items()}
    data = {name: _data_behind(name, hashes) for name in targets}
    pending = [name for name in targets if not kept.has(name, identities[name], data[name])]
    if unchanged := len(targets) - len(pending):
        logger.info("%d of %d metrics: kept scores", unchanged, len(targets))
    with ExitStack() as opened:
        rows = ScoreRows(split)
        sources = Sources(
            files, rows.num_frames, video.crop_size, aus, faces, opened,
            raw_clip=partial(clip_path, corpus), weights=weights_behind(pending, metrics),
        )  # fmt: skip
        parts = SharedParts(sources)
        for name, found in _scored(pending, rows, parts, files):
            metadata = {**_said(name, parts), "data": data[name], "identity": identities[name]}
            write_table(kept.path(name), SCORES, found, metadata)
    for name, target in targets.items():
        kept.publish(name, target)


def _data_behind(metric: str, hashes: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The content of the tables that a metric is computed from."""
    behind = [*files_behind(metric), "split"]
    return {path: content for name in behind for path, content in hashes[name].items()}


def _said(metric: str, parts: SharedParts) -> dict[str, Any]:
    """What a score table says of how it was computed."""
    family = metric_named(metric)
    said = {"metric": metric, **parts.metadata(family.needs)}
    if family.weights:
        names = {file.name for file in family.weights}
        said["weights"] = {name: own for name, own in said["weights"].items() if name in names}
    if family.packages:
        said["packages"] = {name: version(name) for name in family.packages}
    return said


def _scored(
    names: Sequence[str], rows: ScoreRows, parts: SharedParts, files: Mapping[str, Sequence[Path]]
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each metric with the rows of its table; those of single clips go through the clips together."""

    def clip_of(metric: str, clip: str) -> Clip:
        read = parts.of(clip, metric_named(metric).needs)
        return Clip(clip, rows.num_frames[clip], rows.words_s(clip), rows.words(clip), **read)

    evaluated = {name: _evaluated(name, rows, files) for name in names}
    single: dict[str, list[dict[str, Any]]] = {name: [] for name in names if metric_named(name).per == "clip"}
    shown = [clip for clip in rows.num_frames if any(clip in evaluated[name] for name in single)]
    for clip in progress(shown, what="clips scored"):
        for name, found in single.items():
            if clip in evaluated[name]:
                score: Any = metric_named(name).score
                found += rows.of(clip, score(clip_of(name, clip)))
    yield from single.items()
    for name in (name for name in names if name not in single):
        found, score = [], metric_named(name).score
        for clips in rows.by_subset(evaluated[name]).values():
            values = score(clip_of(name, clip) for clip in progress(clips, what=f"{name}: clips scored"))
            found += [row for clip in clips for row in rows.of(clip, values)]
        yield name, found


def _evaluated(metric: str, rows: ScoreRows, files: Mapping[str, Sequence[Path]]) -> dict[str, None]:
    """The generated clips, in the order of the split."""
    kind, schema = ("landmarks", LANDMARKS) if "landmarks" in files_behind(metric) else ("frames", GENERATED)
    generated = tables_by_clip(files[kind], schema)
    return dict.fromkeys(clip for clip in rows.num_frames if clip in generated)
