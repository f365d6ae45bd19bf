"""Rule ``train_frame_renderer``: faces, first faces, sound and AU features -> papers B and C's renderer."""

from __future__ import annotations

from pathlib import Path

from talkface.artifacts.weights import load_model, save_model
from talkface.config import Compute, Mfcc, Perceptual
from talkface.config import FrameRenderer as FrameRendererConfig
from talkface.data.conditions import Conditions
from talkface.data.frames import Frames
from talkface.data.presence import presence_labels
from talkface.data.subsets import clip_lengths
from talkface.models.au_classifier import AuClassifier
from talkface.models.frame_renderer import FrameRenderer
from talkface.training import seeding
from talkface.training.launch import across_processes
from talkface.training.loop import Finished, run
from talkface.training.pretrained import perceptual_features
from talkface.training.tasks.frame_renderer import FrameRendererTask, Judges


@across_processes
def train_frame_renderer(
    *,
    split: Path,
    faces: list[Path],
    aus: list[Path],
    presence: list[Path],
    identities: list[Path],
    mel: list[Path],
    au_classifier: Path | None,
    autoencoder: Path | None,
    perceptual: Perceptual,
    frame_renderer: FrameRendererConfig,
    mfcc: Mfcc,
    crop_size: int,
    compute: Compute,
    seed: int,
    code: str,
    model: Path,
    history: Path,
    work: Path,
) -> None:
    """Train on the split's training clips and publish the (averaged) weights.

    ``aus``: AU_FEATURES, or AUS for an oracle. ``presence`` (AUS) and ``au_classifier`` serve the AU loss,
    ``perceptual.vgg19`` or, without it, ``autoencoder`` the perceptual loss; each only where its
    term counts.
    """
    seeding.reseed(seed)
    lengths = clip_lengths(split, "train")
    weights = frame_renderer.losses
    if weights.aus and (au_classifier is None or not presence):
        raise ValueError("the AU loss needs the trained AU classifier and the true frames' labels")
    judges = Judges(
        au_classifier=load_model(au_classifier, AuClassifier)
        if weights.aus and au_classifier is not None
        else None,
        features=perceptual_features(perceptual.vgg19, perceptual.vgg19_sha256, autoencoder)
        if weights.perceptual
        else None,
        presence=presence_labels(presence, lengths) if weights.aus else None,
    )

    def publish(finished: Finished) -> None:
        network = finished.module
        assert isinstance(network, FrameRenderer)
        save_model(model, network, finished.metadata)

    run(
        FrameRendererTask(
            lengths,
            Frames(faces, lengths, crop_size, scratch=work),
            Conditions(identities, aus, mel, lengths, frame_renderer, mfcc, crop_size),
            judges,
            frame_renderer,
            mfcc,
            crop_size,
        ),
        frame_renderer.training,
        compute,
        seed=seed,
        work=work,
        history=history,
        fingerprint={
            "config": frame_renderer.model_dump(mode="json"),
            "mfcc": mfcc.model_dump(),
            "crop_size": crop_size,
            "code": code,
            "vgg19": perceptual.vgg19_sha256,
        },
        inputs=[
            path
            for path in (split, *faces, *aus, *presence, *identities, *mel, au_classifier, autoencoder)
            if path is not None
        ],
        what="frame_renderer",
        publish=publish,
    )
