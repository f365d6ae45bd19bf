"""Rule ``train_renderer``: latents, first faces, sound and AU features -> paper A's renderer."""

from __future__ import annotations

from pathlib import Path

from talkface.artifacts.weights import save_model
from talkface.config import Compute, Mfcc
from talkface.config import Renderer as RendererConfig
from talkface.data.conditions import Conditions
from talkface.data.subsets import clip_lengths
from talkface.models.renderer import Renderer
from talkface.training import seeding
from talkface.training.launch import across_processes
from talkface.training.loop import Finished, run
from talkface.training.tasks.renderer import RendererTask


@across_processes
def train_renderer(
    *,
    split: Path,
    latents: list[Path],
    masked_latents: list[Path],
    aus: list[Path],
    identities: list[Path],
    mel: list[Path],
    renderer: RendererConfig,
    mfcc: Mfcc,
    crop_size: int,
    compute: Compute,
    seed: int,
    code: str,
    model: Path,
    history: Path,
    work: Path,
) -> None:
    """Train on the split's training clips and publish the averaged weights.

    ``masked_latents``: of every frame with its lower half hidden, where ``masked_frame`` is "every".
    ``aus``: AU_FEATURES, or AUS for an oracle.
    """

    def publish(finished: Finished) -> None:
        network = finished.module
        assert isinstance(network, Renderer)
        save_model(model, network, finished.metadata)

    lengths = clip_lengths(split, "train")
    seeding.reseed(seed)
    conditions = Conditions(identities, aus, mel, lengths, renderer, mfcc, crop_size)
    run(
        RendererTask(lengths, latents, masked_latents, conditions, renderer, mfcc, crop_size),
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
        },
        inputs=[split, *latents, *masked_latents, *aus, *identities, *mel],
        what="renderer",
        publish=publish,
    )
