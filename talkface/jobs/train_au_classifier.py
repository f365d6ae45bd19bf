"""Rule ``train_au_classifier``: faces and labels -> the AU classifier."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from talkface.artifacts.weights import save_model
from talkface.config import AuClassifier as AuClassifierConfig
from talkface.config import Compute
from talkface.models.au_classifier import AuClassifier
from talkface.runtime.binding import OfWildcards
from talkface.training.launch import across_processes
from talkface.training.loop import Finished, run
from talkface.training.tasks.au_classifier import AuClassifierTask


@across_processes
def train_au_classifier(
    *,
    split: Path,
    faces: list[Path],
    aus: list[Path],
    crop_size: int,
    au_classifier: AuClassifierConfig,
    compute: Compute,
    seed: int,
    code: str,
    model: Path,
    history: Path,
    work: Annotated[Path, OfWildcards("work/{experiment}/{corpus}/au_classifier/shared/seed-{seed}")],
) -> None:
    """Train on the frames of the split's training clips."""

    def publish(finished: Finished) -> None:
        network = finished.module
        assert isinstance(network, AuClassifier)
        save_model(model, network, finished.metadata)

    run(
        AuClassifierTask(split, faces, aus, crop_size, au_classifier, seed, scratch=work),
        au_classifier.training,
        compute,
        seed=seed,
        work=work,
        history=history,
        fingerprint={"config": au_classifier.model_dump(mode="json"), "crop_size": crop_size, "code": code},
        inputs=[split, *faces, *aus],
        what="au_classifier",
        publish=publish,
    )
