"""The step ``generate_clips`` on the tables of a tiny corpus, with small random networks of both kinds."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from tiny_corpus import (
    CROP,
    Clip,
    speaker_of,
    tiny_autoencoder,
    tiny_frame_renderer,
    tiny_photo_renderer,
    tiny_renderer,
    tiny_warp_renderer,
    write_features,
    write_identities,
    write_split,
)

from talkface.artifacts.schemas import GENERATED
from talkface.artifacts.tables import ClipTable
from talkface.config import Compute, Evaluation, Mfcc, Sampler
from talkface.jobs.gather_other_sounds import gather_other_sounds
from talkface.jobs.generate_clips import generate_clips
from talkface.media.images import decode_png

EXACT = Compute(threads=1, device="cpu", precision="float32")


def tiny_models(folder: Path) -> dict[str, Path]:
    """Weights files: the autoencoder, and a renderer of each kind."""
    return {
        "autoencoder": tiny_autoencoder(folder / "autoencoder.safetensors"),
        "latents": tiny_renderer(folder / "latents.safetensors"),
        "frames": tiny_frame_renderer(folder / "frames.safetensors"),
        "warp": tiny_warp_renderer(folder / "warp.safetensors"),
        "photo": tiny_photo_renderer(folder / "photo.safetensors"),
    }


def generate_from(
    folder: Path,
    clips: list[Clip],
    models: Mapping[str, Path],
    *,
    kind: str = "latents",
    speaker: str = "s1",
    sound: str = "",
    seed: int = 0,
    oracle: bool = False,
    shown: list[Clip] | None = None,
    compute: Compute = EXACT,
    **sampler,
) -> dict[str, np.ndarray]:
    """The generated pictures [T, S, S, 3] of the speaker's test clips, by clip.

    ``shown``: clips whose true frames the inpaint protocol may look at; without them it is one-shot.
    """
    features = {name: write_features(folder, clips, name) for name in ("s1", "s2")}
    split = write_split(folder / "split.parquet", clips)

    def of_shard(part: str) -> list[Path]:
        """As rule ``generate_clips`` has it: the shard's own table, and what is borrowed of others'."""
        if not sound:
            return [features[speaker][part]]
        gathered = folder / "other_sounds" / f"{part}.parquet"
        gather_other_sounds(
            tables=[own[part] for own in features.values()], split=split, part=part, evaluation=Evaluation(),
            gathered=gathered,
        )  # fmt: skip
        return [features[speaker][part], gathered]

    faces = None if shown is None else write_features(folder / "shown", shown, speaker)["faces"]
    target = folder / "generated.parquet"
    generate_clips(
        renderer=models[kind],
        autoencoder=models["autoencoder"],
        identities=write_identities(
            folder / "identities.parquet", [clip for clip in clips if speaker_of(clip) == speaker]
        ),
        aus=of_shard("aus" if oracle else "au_features"),
        oracle_aus=oracle,
        mel=of_shard("mel"),
        faces=faces,
        split=split,
        speakers=[speaker],
        sound=sound,
        sampler=Sampler(**{"steps": 3, "batch_frames": 64, **sampler}),
        evaluation=Evaluation(),
        mfcc=Mfcc(),
        crop_size=CROP,
        compute=compute,
        seed=seed,
        generated=target,
    )
    made: dict[str, list[bytes]] = {}
    for clip, rows in ClipTable(target, GENERATED):
        made.setdefault(clip, []).extend(rows["image"].to_pylist())
    return {clip: np.stack([decode_png(image) for image in images]) for clip, images in made.items()}


def difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Absolute differences of pictures."""
    return np.abs(one.astype(int) - other.astype(int))
