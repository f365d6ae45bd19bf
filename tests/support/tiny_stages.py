"""All training stages at a size of seconds: what each is called with, on the same few drawn clips."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tiny_corpus import CROP, Clip, make_clip
from tiny_training import UNREAD, read_config, tiny_variant, write_inputs

from talkface.artifacts.schemas import HISTORY, LATENTS
from talkface.artifacts.tables import TableWriter, read_frame
from talkface.config import (
    Compute,
    Config,
    LipReader,
    Mfcc,
    PhotoRenderer,
    SyncEvaluator,
    Training,
    WarpRenderer,
)
from talkface.jobs.train_au_attention import train_au_attention
from talkface.jobs.train_au_classifier import train_au_classifier
from talkface.jobs.train_audio_to_au import train_audio_to_au
from talkface.jobs.train_autoencoder import train_autoencoder
from talkface.jobs.train_lip_reader import train_lip_reader
from talkface.jobs.train_renderer import train_renderer
from talkface.jobs.train_sync_evaluator import train_sync_evaluator

STAGES: dict[str, Callable[..., None]] = {
    "autoencoder": train_autoencoder,
    "audio_to_au": train_audio_to_au,
    "au_attention": train_au_attention,
    "au_classifier": train_au_classifier,
    "renderer": train_renderer,
    "frame_renderer": train_renderer,
    "warp_renderer": train_renderer,
    "photo_renderer": train_renderer,
    "sync_evaluator": train_sync_evaluator,
    "lip_reader": train_lip_reader,
}
CLIPS = [
    make_clip("s1/a", "train", 24, 1),
    make_clip("s1/b", "train", 27, 2),
    make_clip("s1/c", "train", 20, 3),
]


def training(items: int, samples_per_item: int = 1, steps: int = 12, **changes: Any) -> Training:
    """``steps`` steps of ``items`` items; a line of history for every step."""
    batch = items * samples_per_item
    return Training(
        samples=batch * steps,
        batch_size=items,
        learning_rate=1e-3,
        gradient_clip=1.0,
        log_every_samples=batch,
        save_every_samples=4 * batch,
        **changes,
    )


class Stages:
    """The tables under ``folder``, and ``run`` for a stage on them."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.inputs = write_inputs(folder, CLIPS)
        self.latents = _latents(folder / "latents.parquet", CLIPS)
        self.config: Config = read_config("micro", "variants")

    def run(
        self,
        stage: str,
        out: Path,
        processes: int = 1,
        tensorboard: bool = False,
        function: Callable[..., None] | None = None,
        **changes: Any,
    ) -> Path:
        """Train; ``changes`` are those of the stage's training section."""
        compute = Compute(threads=1, device="cpu", precision="float32", tensorboard=tensorboard)
        if processes > 1:
            compute = compute.model_copy(update={"processes": processes})
        arguments = self.arguments(stage)
        section = stage if stage in arguments else "renderer"
        arguments[section] = with_training(arguments[section], changes)
        # Evaluators have a seed of their own, in their section.
        seed = {} if stage in type(self.config.metrics.evaluators).model_fields else {"seed": 0}
        (function or STAGES[stage])(
            **arguments,
            **seed,
            compute=compute,
            code="1",
            model=out / "model.safetensors",
            history=out / "history.parquet",
            work=out / "work",
        )
        return out / "model.safetensors"

    def arguments(self, stage: str) -> dict[str, Any]:
        """What the stage reads, and its section of the configuration."""
        tables, config = self.inputs.features, self.config
        faces = {"split": self.inputs.split, "faces": [tables["faces"]], "crop_size": CROP}
        spoken = {"split": self.inputs.split, "mel": [tables["mel"]], "mfcc": Mfcc()}
        rendered = {**UNREAD, **spoken, "identities": [self.inputs.identities]}
        told = {"aus": [tables["au_features"]]}
        labels = [tables["aus"]]
        windows = {"window_frames": 8, "frames_per_window": 4}
        if stage == "autoencoder":
            section = config.autoencoder.model_copy(
                update={"training": training(8, ema_halflife_samples=16), "patch_size": None}
            )
            return {**faces, "autoencoder": section}
        if stage == "audio_to_au":
            section = config.audio_to_au.model_copy(update={"training": training(4, 8), "window_frames": 8})
            return {**spoken, "aus": labels, "audio_to_au": section}
        if stage == "au_attention":
            section = config.au_attention.model_copy(
                update={"training": training(4), "generator_every": 2, "critic_layers": 3}
            )
            return {**faces, "aus": labels, "au_attention": section}
        if stage == "au_classifier":
            section = config.au_classifier.model_copy(update={"training": training(8)})
            return {**faces, "aus": labels, "au_classifier": section}
        if stage == "sync_evaluator":
            section = SyncEvaluator(width=4, embedding=8, clips_per_group=2, windows_per_clip=4, least_gain=0)
            section = section.model_copy(update={"training": training(2, 8)})
            heard = {"landmarks": [tables["landmarks"]], "mel": [tables["mel"]]}
            return {**faces, **heard, "sync_evaluator": section}
        if stage == "lip_reader":
            section = LipReader(grammar=(("bin",),), width=4, features=8, most_wrong=1)
            return {**faces, "lip_reader": section.model_copy(update={"training": training(2)})}
        if stage == "renderer":
            section = config.variant_renderer("ours").model_copy(
                update={"training": training(4, 4, ema_halflife_samples=32), **windows}
            )
            return {**rendered, **told, "latents": [self.latents], "renderer": section}
        if stage in ("warp_renderer", "photo_renderer"):
            tiny = tiny_warp if stage == "warp_renderer" else tiny_photo
            section = tiny(training(4, 4, ema_halflife_samples=32), **windows)
            return {
                **rendered,
                "faces": [tables["faces"]],
                "labels": labels,
                "landmarks": [tables["landmarks"]],
                "renderer": section,
            }
        judges = {"au_classifier": self.inputs.au_classifier, "autoencoder": self.inputs.autoencoder}
        section = tiny_variant("c_full", training(4, 4), **windows)
        section = section.model_copy(
            update={"losses": section.losses.model_copy(update={"video_adversarial": 0.002})}
        )
        frames = {"faces": [tables["faces"]], "labels": labels}
        return {**rendered, **told, **judges, **frames, "renderer": section}


PHOTO = {
    "speech": ["audio"],
    "width": 8,
    "multipliers": [1, 1, 1, 1],
    "photo_maps": 8,
    "code_width": 16,
    "fusion_widths": [16, 16],
    "audio_width": 16,
    "encoder_width": 4,
    "sound_windows": 2,
}
"""Of the renderers that start from the photo, at a size of seconds."""


def tiny_warp(own: Training, **changes: Any) -> WarpRenderer:
    """The renderer that warps the photo, with a critic."""
    losses = {"adversarial": 0.01, "adversarial_start": 0.5}
    return WarpRenderer.model_validate(
        {**PHOTO, "training": own, "mixtures": 8, "losses": losses, "critic_width": 8} | changes
    )


def tiny_photo(own: Training, **changes: Any) -> PhotoRenderer:
    """Paper A's diffusion with the photo."""
    denoiser = {"denoiser_width": 8, "denoiser_multipliers": [1, 1], "attention_levels": [1], "head_width": 8}
    return PhotoRenderer.model_validate(
        {**PHOTO, "training": own, "decoder_width": 8, "timesteps": 100, **denoiser} | changes
    )


def with_training(section: Any, changes: dict[str, Any]) -> Any:
    """The section with other values of its training."""
    return section.model_copy(update={"training": section.training.model_copy(update=changes)})


def _latents(path: Path, clips: list[Clip]) -> Path:
    rng = np.random.default_rng(5)
    with TableWriter(path, LATENTS) as writer:
        for clip in clips:
            latents = rng.normal(0, 1, (len(clip.images), 3, CROP // 4, CROP // 4)).astype(np.float16)
            writer.write(
                {"clip": clip.name, "frame": frame, "latent": latent.tobytes()}
                for frame, latent in enumerate(latents)
            )
    return path


def curves(model: Path):
    """The values of a training's history by name and samples seen."""
    rows = read_frame(model.with_name("history.parquet"), HISTORY)
    return rows.set_index(["name", "samples"]).value
