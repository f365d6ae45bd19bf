"""Rule score_clips on tables of tests' size."""

from pathlib import Path

from tiny_corpus import CROP

from talkface.config import AuLabels, Corpus, Faces, Metrics, Video
from talkface.jobs.score_clips import score_clips

TABLES = (
    "frames", "true_frames", "landmarks", "true_landmarks", "true_aus", "mel", "clips", "sync_evaluator",
    "lip_reader",
)  # fmt: skip


def score(
    metric: str,
    scores: Path,
    split: Path,
    *,
    labels: AuLabels | None = None,
    metrics: Metrics | None = None,
    **tables: list[Path],
):
    """Score the clips of some tables, which are named as the job's arguments; the others are not there."""
    labels, metrics = labels or AuLabels(), metrics or Metrics()
    identity = {"labels": labels.model_dump(mode="json"), "metrics": metrics.model_dump(mode="json")}
    score_clips(
        identities={metric: identity},
        **{name: tables.get(name, []) for name in TABLES},
        split=split,
        video=Video(crop_size=CROP),
        aus=labels,
        faces=Faces(),
        corpus=Corpus(),
        metrics=metrics,
        work=scores.parent / "work",
        scores=[scores],
    )
    return scores
