"""Rule ``train_sync_evaluator``: faces and sound of the training clips -> the sync evaluator."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import torch

from talkface.artifacts.weights import save_model
from talkface.config import Compute
from talkface.config import SyncEvaluator as SyncEvaluatorConfig
from talkface.data.av_offset import data_offset
from talkface.data.subsets import clip_lengths
from talkface.models.sync_evaluator import SyncEvaluator
from talkface.runtime.binding import OfWildcards
from talkface.training.launch import across_processes
from talkface.training.loop import Finished, run
from talkface.training.tasks.sync_evaluator import SyncEvaluatorTask

logger = logging.getLogger(__name__)


@across_processes
def train_sync_evaluator(
    *,
    split: Path,
    faces: list[Path],
    landmarks: list[Path],
    mel: list[Path],
    crop_size: int,
    sync_evaluator: SyncEvaluatorConfig,
    compute: Compute,
    code: str,
    model: Path,
    history: Path,
    work: Annotated[Path, OfWildcards("work/{experiment}/{corpus}/evaluators/sync_evaluator")],
) -> None:
    """Tell the data's own offset, then train on the split's training clips; a loss at chance is an error."""
    own = data_offset(landmarks, mel, clip_lengths(split, "train"), crop_size)
    logger.info(
        "the data's own offset: lip opening and loudness agree best at %d frames (positive: sound early; "
        "correlation %.2f, %.0f %% of the clips within 2 frames); the evaluator calls this offset 0",
        own.frames, own.correlation, 100 * own.share_within_2,
    )  # fmt: skip
    task = SyncEvaluatorTask(split, faces, mel, crop_size, sync_evaluator, scratch=work)

    def publish(finished: Finished) -> None:
        network = finished.module
        assert isinstance(network, SyncEvaluator)
        for name, value in task.checked(network, torch.device(finished.device)).items():
            finished.record(f"final/{name.removeprefix('validation/')}", value)
            if name == "validation/loss":
                task.refuse_chance(value, finished.samples)
        finished.record("data/offset_frames", own.frames)
        finished.record("data/offset_correlation", own.correlation)
        save_model(model, network, {**finished.metadata, "data_offset_frames": own.frames})

    run(
        task,
        sync_evaluator.training,
        compute,
        seed=sync_evaluator.seed,
        work=work,
        history=history,
        fingerprint={"config": sync_evaluator.model_dump(mode="json"), "crop_size": crop_size, "code": code},
        inputs=[split, *faces, *landmarks, *mel],
        what="sync_evaluator",
        publish=publish,
    )
