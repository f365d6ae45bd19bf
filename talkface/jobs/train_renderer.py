"""Rule ``train_renderer``: what a variant's renderer rests on -> the renderer.

``talkface/training/tasks/`` holds a module of the section's name for each renderer, whose ``build`` makes the
task. It is imported by its name, so that the code version of a training holds its own renderer alone.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Protocol, cast

from talkface.artifacts.weights import save_model
from talkface.config import Compute, Fused, Mfcc, Perceptual
from talkface.models.network import Network
from talkface.runtime.binding import OfConfig, OfVariant
from talkface.training import seeding
from talkface.training.given import Given
from talkface.training.launch import across_processes
from talkface.training.loop import Finished, Task, run


class Build(Protocol):
    """The function ``build`` of a renderer's task."""

    def __call__(self, given: Given, config: Fused) -> Task:
        """The task on the split's training clips; its initial weights come from torch's generator."""
        ...


@across_processes
def train_renderer(
    *,
    split: Path,
    faces: list[Path],
    latents: list[Path],
    masked_latents: list[Path],
    aus: list[Path],
    labels: list[Path],
    landmarks: list[Path],
    identities: list[Path],
    mel: list[Path],
    audio_to_au: Path | None,
    au_classifier: Path | None,
    autoencoder: Path | None,
    renderer: Annotated[Fused, OfVariant()],
    perceptual: Annotated[Perceptual, OfConfig()],
    mfcc: Mfcc,
    crop_size: int,
    compute: Compute,
    seed: int,
    code: str,
    model: Path,
    history: Path,
    work: Path,
) -> None:
    """Train on the split's training clips and publish the (averaged) weights; see ``Given`` for the files."""
    given = Given(
        split=split,
        mel=mel,
        faces=faces,
        latents=latents,
        masked_latents=masked_latents,
        identities=identities,
        aus=aus,
        labels=labels,
        landmarks=landmarks,
        audio_to_au=audio_to_au,
        au_classifier=au_classifier,
        autoencoder=autoencoder,
        perceptual=perceptual,
        mfcc=mfcc,
        crop_size=crop_size,
        scratch=work,
    )

    def publish(finished: Finished) -> None:
        network = finished.module
        assert isinstance(network, Network)
        save_model(model, network, finished.metadata)

    seeding.reseed(seed)
    run(
        find_build(renderer.section)(given, renderer),
        renderer.training,
        compute,
        seed=seed,
        work=work,
        history=history,
        fingerprint={
            "config": renderer.model_dump(mode="json"),
            "mfcc": mfcc.model_dump(),
            "crop_size": crop_size,
            "code": code,
            "vgg19": perceptual.vgg19_sha256 if "perceptual" in renderer.rests_on() else None,
        },
        inputs=given.files(),
        what=renderer.section,
        publish=publish,
    )


def find_build(section: str) -> Build:
    """What makes the task of a renderer's section."""
    return cast("Build", importlib.import_module(f"talkface.training.tasks.{section}").build)
