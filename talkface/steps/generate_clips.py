"""Step: the one-shot protocol. First frame and sound in, pictures out; no later frame is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch

from talkface.config import Compute, Evaluation, Mfcc, Sampler
from talkface.data.rows import vectors
from talkface.data.stores import ClipStore, au_feature_store, identity_store
from talkface.features.mel import mfcc as cepstra
from talkface.generation.clip import ClipGenerator, Sound
from talkface.generation.selection import evaluation_clips, other_sound
from talkface.logs import ProgressMeter
from talkface.media.images import encode_png
from talkface.models.autoencoder import VQAutoencoder
from talkface.models.renderer import Renderer
from talkface.schemas import GENERATED, MEL, SPLIT
from talkface.tables import TableWriter, read_table
from talkface.training.checkpoint import load_model
from talkface.training.device import pick_precision, prepare


def generate_clips(
    *,
    renderer: Path,
    autoencoder: Path,
    identities: Path,
    au_features: list[Path],
    mel: list[Path],
    split: Path,
    speaker: str,
    driving: Literal["own", "other_sound"],
    sampler: Sampler,
    evaluation: Evaluation,
    mfcc: Mfcc,
    crop_size: int,
    compute: Compute,
    seed: int,
    generated: Path,
) -> None:
    """Generate a speaker's evaluated clips (:func:`talkface.generation.selection.evaluation_clips`).

    ``driving`` "other_sound" takes the sound of another clip
    (:func:`talkface.generation.selection.other_sound`), cut or held at its last frame to the clip's length;
    ``au_features`` and ``mel`` are then of all speakers.
    """
    table = read_table(split, SPLIT)
    chosen = evaluation_clips(table, speaker, evaluation)
    source = (
        other_sound(table, speaker, evaluation)
        if driving == "other_sound"
        else dict(zip(chosen, chosen, strict=True))
    )
    frames_of = {row["clip"]: row["num_frames"] for row in table.select(["clip", "num_frames"]).to_pylist()}
    device = prepare(compute)
    generator = ClipGenerator(
        load_model(renderer, lambda settings: Renderer(**settings), device),
        load_model(autoencoder, lambda settings: VQAutoencoder(**settings), device),
        sampler,
        device,
        pick_precision(compute, device),
    )
    faces = identity_store([identities], crop_size)
    features = au_feature_store(au_features)
    sounds: ClipStore[torch.Tensor] = ClipStore(
        mel, MEL, lambda rows: torch.from_numpy(cepstra(vectors(rows, "mel"), mfcc.coefficients)).float()
    )
    meter = ProgressMeter(sum(frames_of[clip] for clip in chosen), f"frames of {speaker}")
    metadata = {"sampler": sampler.model_dump(mode="json"), "driving": driving, "seed": seed}
    with TableWriter(generated, GENERATED, metadata) as writer:
        for clip in chosen:
            sound = Sound(sounds[source[clip]], features[source[clip]], mfcc.window_hops).fitted(
                frames_of[clip]
            )
            start = 0
            for images_NHW3 in generator.pictures(faces[clip], sound, clip=clip, seed=seed):
                writer.write(
                    {"clip": clip, "frame": start + number, "image": encode_png(image_HW3)}
                    for number, image_HW3 in enumerate(images_NHW3)
                )
                start += len(images_NHW3)
                meter.advance(len(images_NHW3), clip)
    meter.finish()
