"""Rule ``train_lip_reader``: faces and words of the training clips -> the lip reader."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from talkface.artifacts.weights import save_model
from talkface.config import Compute
from talkface.config import LipReader as LipReaderConfig
from talkface.models.lip_reader import LipReader
from talkface.runtime.binding import OfWildcards
from talkface.training.launch import across_processes
from talkface.training.loop import Finished, run
from talkface.training.tasks.lip_reader import LipReaderTask


@across_processes
def train_lip_reader(
    *,
    split: Path,
    faces: list[Path],
    crop_size: int,
    lip_reader: LipReaderConfig,
    compute: Compute,
    code: str,
    model: Path,
    history: Path,
    work: Annotated[Path, OfWildcards("work/{experiment}/{corpus}/evaluators/lip_reader")],
) -> None:
    """Train on the split's training clips; a network that guesses on these is an error."""
    task = LipReaderTask(split, faces, crop_size, lip_reader, scratch=work)

    def publish(finished: Finished) -> None:
        network = finished.module
        assert isinstance(network, LipReader)
        wrong = task.wrong_words(network)
        finished.record("final/wrong_words", wrong)
        task.refuse_guesses(wrong, finished.samples)
        save_model(model, network, finished.metadata)

    run(
        task,
        lip_reader.training,
        compute,
        seed=lip_reader.seed,
        work=work,
        history=history,
        fingerprint={"config": lip_reader.model_dump(mode="json"), "crop_size": crop_size, "code": code},
        inputs=[split, *faces],
        what="lip_reader",
        publish=publish,
    )
