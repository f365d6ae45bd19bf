"""Rule ``train_au_attention``: faces and labels -> the generator of AU-Attention."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from talkface.artifacts.weights import save_model
from talkface.config import AuAttention as AuAttentionConfig
from talkface.config import Compute
from talkface.models.au_attention import AuGenerator
from talkface.runtime.binding import OfWildcards
from talkface.training.launch import across_processes
from talkface.training.loop import Finished, run
from talkface.training.tasks.au_attention import AuAttentionTask, refuse_uniform


@across_processes
def train_au_attention(
    *,
    split: Path,
    faces: list[Path],
    aus: list[Path],
    crop_size: int,
    au_attention: AuAttentionConfig,
    compute: Compute,
    seed: int,
    code: str,
    model: Path,
    history: Path,
    work: Annotated[Path, OfWildcards("work/{experiment}/{corpus}/au_attention/shared/seed-{seed}")],
) -> None:
    """Train on the split's training clips and publish the generator.

    Raises ``TrainingError`` when the mask of the finished generator is uniform.
    """
    task = AuAttentionTask(split, faces, aus, crop_size, au_attention, seed, scratch=work)

    def publish(finished: Finished) -> None:
        generator = finished.module
        assert isinstance(generator, AuGenerator)
        figures = task.mask_figures(generator, finished.device)
        for name, value in figures.items():
            finished.record(f"final/{name}", value)
        refuse_uniform(figures, au_attention.min_mask_deviation)
        save_model(model, generator, {**finished.metadata, **figures})

    run(
        task,
        au_attention.training,
        compute,
        seed=seed,
        work=work,
        history=history,
        fingerprint={"config": au_attention.model_dump(mode="json"), "crop_size": crop_size, "code": code},
        inputs=[split, *faces, *aus],
        what="au_attention",
        publish=publish,
    )
