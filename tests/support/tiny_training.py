"""Tables and frozen judges of a tiny corpus, for trainings of renderers; and a signal that stops one."""

import signal
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml
from conftest import REPOSITORY
from tiny_corpus import CROP, Clip, tiny_autoencoder, write_features, write_identities, write_split

from talkface.artifacts.weights import save_model
from talkface.config import Compute, Config, FrameRenderer, Mfcc, Perceptual, Training, merge, validate
from talkface.jobs.train_renderer import train_renderer
from talkface.models.au_classifier import AuClassifier
from talkface.training.loop import Task

CPU = Compute(threads=1, device="cpu", precision="float32")
TRAINING = Training(
    samples=64,
    batch_size=2,
    learning_rate=1e-3,
    beta1=0.5,
    save_every_samples=16,
    log_every_samples=16,
)


@dataclass
class Inputs:
    """What the training of a renderer reads; the clips are all of speaker s1."""

    split: Path
    features: dict[str, Path]
    identities: Path
    au_classifier: Path
    autoencoder: Path


def write_inputs(folder: Path, clips: list[Clip]) -> Inputs:
    """The clips' tables, identities that no network made, and judges of random weights."""
    torch.manual_seed(6)
    classifier = AuClassifier(width=4, crop_size=CROP)
    save_model(folder / "au_classifier.safetensors", classifier, {})
    return Inputs(
        write_split(folder / "split.parquet", clips),
        write_features(folder, clips, "s1"),
        write_identities(folder / "identities.parquet", clips),
        folder / "au_classifier.safetensors",
        tiny_autoencoder(folder / "autoencoder.safetensors"),
    )


def read_config(*overlays: str) -> Config:
    """The default configuration under overlays of ``configs/``."""
    raw: dict = {}
    for path in (REPOSITORY / "config.yaml", *(REPOSITORY / "configs" / f"{name}.yaml" for name in overlays)):
        raw = merge(raw, yaml.safe_load(path.read_text()))
    return validate(raw)


def tiny_variant(name: str, training: Training = TRAINING, **changes) -> FrameRenderer:
    """A variant of configs/variants.yaml at the sizes of configs/micro.yaml."""
    config = read_config("micro", "variants").variant_renderer(name)
    assert isinstance(config, FrameRenderer)
    sizes = {"window_frames": 8, "frames_per_window": 4, "perceptual_patch": None}
    return config.model_copy(update={"training": training, **sizes, **changes})


UNREAD = {
    **{name: [] for name in ("faces", "labels", "landmarks", "latents", "masked_latents", "aus")},
    "identities": [],
    **dict.fromkeys(("audio_to_au", "au_classifier", "autoencoder")),
    "perceptual": Perceptual(),
    "crop_size": CROP,
}  # fmt: skip
"""What train_renderer is given where a renderer does not rest on it."""


def train_frames(inputs: Inputs, folder: Path, config: FrameRenderer, **changes) -> Path:
    """Train into ``folder``; a variant without a judge is not given one, as in rules/train.smk."""
    losses = config.losses
    aus = inputs.features["aus" if config.oracle_aus else "au_features"]
    arguments = UNREAD | {
        "split": inputs.split,
        "faces": [inputs.features["faces"]],
        "aus": [aus],
        "labels": [inputs.features["aus"]] if losses.aus else [],
        "identities": [inputs.identities],
        "mel": [inputs.features["mel"]],
        "au_classifier": inputs.au_classifier if losses.aus else None,
        "autoencoder": inputs.autoencoder if losses.perceptual else None,
        "renderer": config,
        "mfcc": Mfcc(),
        "compute": CPU,
        "seed": 0,
        "code": "1",
        "model": folder / "model.safetensors",
        "history": folder / "history.parquet",
        "work": folder / "work",
    }
    train_renderer(**{**arguments, **changes})
    return folder / "model.safetensors"


def stop_after(monkeypatch, task: type[Task], steps: int) -> None:
    """SIGTERM arrives during the given step of a stage's task."""
    step, taken = task.step, list[int]()

    def counted(self, indices, context):
        taken.append(context.samples)
        if len(taken) == steps:
            signal.raise_signal(signal.SIGTERM)
        return step(self, indices, context)

    monkeypatch.setattr(task, "step", counted)
