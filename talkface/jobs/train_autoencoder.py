"""Rule ``train_autoencoder``: faces of the training clips -> the VQ autoencoder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from talkface.artifacts.weights import save_model
from talkface.config import Autoencoder as AutoencoderConfig
from talkface.config import Compute
from talkface.models.autoencoder import VQAutoencoder
from talkface.runtime.binding import OfWildcards
from talkface.training.launch import across_processes
from talkface.training.loop import Finished, run
from talkface.training.tasks.autoencoder import AutoencoderTask, latent_statistics


@across_processes
def train_autoencoder(
    *,
    split: Path,
    faces: list[Path],
    crop_size: int,
    autoencoder: AutoencoderConfig,
    compute: Compute,
    seed: int,
    code: str,
    model: Path,
    history: Path,
    work: Annotated[Path, OfWildcards("work/{experiment}/{corpus}/autoencoder/shared/seed-{seed}")],
) -> None:
    """Train on the frames of the split's training clips; publish averaged weights with latent statistics."""
    task = AutoencoderTask(split, faces, crop_size, autoencoder, seed, scratch=work)

    def publish(finished: Finished) -> None:
        network = finished.module
        assert isinstance(network, VQAutoencoder)
        mean_C, std_C = latent_statistics(network, task.frames, finished.device)
        network.set_latent_statistics(mean_C, std_C)
        save_model(model, network, finished.metadata)

    run(
        task,
        autoencoder.training,
        compute,
        seed=seed,
        work=work,
        history=history,
        fingerprint={"config": autoencoder.model_dump(mode="json"), "crop_size": crop_size, "code": code},
        inputs=[split, *faces],
        what="autoencoder",
        publish=publish,
    )
