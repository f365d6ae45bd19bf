"""Rule ``train_audio_to_au``: sound and labels -> the five nets of Audio-to-AU."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from talkface.artifacts.weights import save_model
from talkface.config import AudioToAu as AudioToAuConfig
from talkface.config import Compute, Mfcc
from talkface.models.audio_to_au import AudioToAu
from talkface.runtime.binding import OfWildcards
from talkface.training.launch import across_processes
from talkface.training.loop import Finished, run
from talkface.training.tasks.audio_to_au import AudioToAuTask


@across_processes
def train_audio_to_au(
    *,
    split: Path,
    mel: list[Path],
    aus: list[Path],
    audio_to_au: AudioToAuConfig,
    mfcc: Mfcc,
    compute: Compute,
    seed: int,
    code: str,
    model: Path,
    history: Path,
    work: Annotated[Path, OfWildcards("work/{experiment}/{corpus}/audio_to_au/shared/seed-{seed}")],
) -> None:
    """Train on the split's training clips and publish the five nets in one file."""

    def publish(finished: Finished) -> None:
        network = finished.module
        assert isinstance(network, AudioToAu)
        save_model(model, network, finished.metadata)

    run(
        AudioToAuTask(split, mel, aus, audio_to_au, mfcc, seed),
        audio_to_au.training,
        compute,
        seed=seed,
        work=work,
        history=history,
        fingerprint={"config": audio_to_au.model_dump(mode="json"), "mfcc": mfcc.model_dump(), "code": code},
        inputs=[split, *mel, *aus],
        what="audio_to_au",
        publish=publish,
    )
