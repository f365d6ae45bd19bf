"""Rule ``generate_clips``: test clips from their first face and a sound.

In the one-shot protocol no true frame but the first face is opened; in the inpaint protocol the upper halves
of all true frames are known too.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import FACES, GENERATED, MEL, SPLIT
from talkface.artifacts.tables import ClipTable, TableWriter, read_table
from talkface.config import Compute, Evaluation, Mfcc, Sampler
from talkface.data.clip_store import ClipStore
from talkface.data.conditions import au_store
from talkface.data.rows import vectors
from talkface.data.stores import identity_store
from talkface.evaluation.selection import evaluation_clips, other_sound
from talkface.features.mel import mfcc as cepstra
from talkface.generation.clip import Sound, load_generator
from talkface.media.images import decode_png, encode_png
from talkface.runtime.logs import ProgressMeter
from talkface.training.device import pick_precision, prepare


def generate_clips(
    *,
    renderer: Path,
    autoencoder: Path | None,
    identities: Path,
    aus: list[Path],
    oracle_aus: bool,
    mel: list[Path],
    faces: Path | None,
    split: Path,
    speakers: list[str],
    sound: str,
    sampler: Sampler,
    evaluation: Evaluation,
    mfcc: Mfcc,
    compute: Compute,
    crop_size: int,
    seed: int,
    generated: Path,
) -> None:
    """Generate the speakers' evaluated clips (:func:`talkface.evaluation.selection.evaluation_clips`).

    ``sound`` "_other_sound" takes the sound of another clip
    (:func:`talkface.evaluation.selection.other_sound`), cut or held at its last frame to the clip's length;
    ``aus`` and ``mel`` then have two tables: the shard's own, and the clips that speakers borrow of others
    (:func:`talkface.jobs.gather_other_sounds.gather_other_sounds`). ``aus``: AU_FEATURES, AUS where the
    renderer was trained with an oracle, or nothing where it is not told action units. ``faces``: the true
    frames, given in the inpaint protocol alone.
    """
    table = read_table(split, SPLIT)
    chosen = [clip for speaker in speakers for clip in evaluation_clips(table, speaker, evaluation)]
    source = dict(zip(chosen, chosen, strict=True))
    if sound:
        source = {k: v for speaker in speakers for k, v in other_sound(table, speaker, evaluation).items()}
    frames_of = {row["clip"]: row["num_frames"] for row in table.select(["clip", "num_frames"]).to_pylist()}
    device = prepare(compute)
    generator = load_generator(renderer, autoencoder, sampler, device, pick_precision(compute, device))
    first_faces = identity_store([identities], crop_size)
    told = au_store(aus, oracle_aus)
    sounds: ClipStore[torch.Tensor] = ClipStore(
        mel, MEL, lambda rows: torch.from_numpy(cepstra(vectors(rows, "mel"), mfcc.coefficients)).float()
    )
    meter = ProgressMeter(sum(frames_of[clip] for clip in chosen), "frames")
    metadata = {
        "sampler": sampler.model_dump(mode="json"),
        "driving": "other_sound" if sound else "own",
        "seed": seed,
        "protocol": "inpaint" if faces is not None else "one_shot",
        "data": data_hashes([renderer, autoencoder, identities, *aus, *mel, faces, split], generated),
    }
    with TableWriter(generated, GENERATED, metadata) as writer:
        for clip in chosen:
            heard = source[clip]
            driving = Sound(sounds[heard], frames_of[heard], told[heard] if aus else None)
            driving = driving.fitted(frames_of[clip])
            shown = None if faces is None else _shown(ClipTable(faces, FACES), clip)
            start = 0
            for images_NHW3 in generator.pictures(
                first_faces[clip], driving, clip=clip, seed=seed, shown=shown
            ):
                writer.write(
                    {"clip": clip, "frame": start + number, "image": encode_png(image_HW3)}
                    for number, image_HW3 in enumerate(images_NHW3)
                )
                start += len(images_NHW3)
                meter.advance(len(images_NHW3), clip)
    meter.finish()


def _shown(faces: ClipTable, clip: str) -> Callable[[range], np.ndarray]:
    contents = faces.read(clip, ["image"])["image"].to_pylist()
    return lambda frames: np.stack([decode_png(contents[frame]) for frame in frames])
