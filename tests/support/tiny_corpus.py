"""Feature tables of a few tiny clips, drawn from a seed, for tests of what comes after the features."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from talkface.artifacts.schemas import AU_FEATURES, AUS, FACES, GENERATED, IDENTITIES, LANDMARKS, MEL, SPLIT
from talkface.artifacts.tables import TableWriter, write_table
from talkface.artifacts.weights import save_model
from talkface.features.aus.geometric import _SKULL
from talkface.features.landmarks import NUM_POINTS
from talkface.media.images import encode_png
from talkface.models.autoencoder import VQAutoencoder
from talkface.models.frame_renderer import FrameRenderer
from talkface.models.photo_renderer import PhotoRenderer
from talkface.models.renderer import Renderer
from talkface.models.trunk import Trunk
from talkface.models.warp_renderer import WarpRenderer

CROP = 32
BANDS = 13


@dataclass
class Clip:
    """Everything that the feature rules say of one clip."""

    name: str
    subset: str
    images: np.ndarray  # [T, S, S, 3]
    points: np.ndarray  # [T, 478, 3]
    detected: np.ndarray  # [T]
    raw: np.ndarray  # [T, 5]
    mel: np.ndarray  # [K, 13]
    au_feature: np.ndarray  # [T, 320]
    words: list[dict]


def talking_mesh(num_frames: int, rng: np.random.Generator) -> np.ndarray:
    """Meshes [T, 478, 3] in pixels of the crop: a still skull, and a mouth and chin that move."""
    unit = np.zeros((num_frames, NUM_POINTS, 3))  # in outer-eye distances from between the eyes
    unit[:] = rng.uniform(-0.6, 0.6, (NUM_POINTS, 3))
    unit[:, list(_SKULL)] = list(_SKULL.values())
    phase_3, pace_3 = rng.uniform(0, 3, (3, 1)), rng.uniform(0.3, 0.9, (3, 1))
    gap, jaw, smile = 0.1 * (1 + np.sin(phase_3 + pace_3 * np.arange(num_frames)))
    for point, x, y in (
        (0, 0, 0.72 - 0.1 * gap),
        (13, 0, 0.8 - gap / 2),
        (14, 0, 0.8 + gap / 2),
        (2, 0, 0.55),
        (152, 0, 1.3 + jaw),
        (61, -0.3 - smile / 4, 0.82 - smile),
        (291, 0.3 + smile / 4, 0.82 - smile),
    ):
        unit[:, point, 0], unit[:, point, 1], unit[:, point, 2] = x, y, -0.4
    points = unit * (46 / 112 * CROP)
    points[..., :2] += np.array([0.5, 0.375]) * CROP
    return points.astype(np.float32)


def make_clip(name: str, subset: str, num_frames: int, seed: int) -> Clip:
    rng = np.random.default_rng(seed)
    base = cv2.resize(rng.integers(0, 255, (6, 6, 3), dtype=np.uint8), (CROP, CROP))
    drift = rng.normal(0, 6, (num_frames, 1, 1, 3)).cumsum(axis=0)
    points = talking_mesh(num_frames, rng)
    return Clip(
        name,
        subset,
        np.clip(base + drift, 0, 255).astype(np.uint8),
        points.astype(np.float32),
        np.ones(num_frames, dtype=bool),
        rng.uniform(0, 5, (num_frames, 5)).astype(np.float32),
        rng.normal(-5, 2, (4 * num_frames + 1, BANDS)).astype(np.float32),
        rng.normal(0, 1, (num_frames, 320)).astype(np.float32),
        [{"start_s": 0.12, "end_s": num_frames / 25 - 0.12, "word": "bin"}],
    )


def small_corpus() -> list[Clip]:
    """s1: a training clip and two held back; s2, unseen: one clip."""
    return [
        make_clip("s1/a", "train", 12, 1),
        make_clip("s1/b", "seen_test", 15, 2),
        make_clip("s1/c", "seen_test", 11, 3),
        make_clip("s2/d", "unseen_test", 7, 4),
    ]


def speaker_of(clip: Clip) -> str:
    return clip.name.split("/")[0]


def write_truth(folder: Path) -> tuple[list[Clip], Path, dict[str, dict[str, Path]]]:
    """The small corpus on disk: its clips, the split, and the feature tables of both speakers."""
    clips = small_corpus()
    split = write_split(folder / "split.parquet", clips)
    return clips, split, {speaker: write_features(folder, clips, speaker) for speaker in ("s1", "s2")}


def write_split(path: Path, clips: list[Clip]) -> Path:
    rows = [
        {
            "clip": clip.name,
            "speaker": speaker_of(clip),
            "utterance": clip.name.split("/")[1],
            "subset": clip.subset,
            "ok": clip.subset != "unused",
            "reason": "" if clip.subset != "unused" else "no face",
            "doubts": "",
            "num_frames": len(clip.images),
            "words": clip.words,
        }
        for clip in clips
    ]
    write_table(path, SPLIT, rows)
    return path


def write_features(folder: Path, clips: list[Clip], speaker: str) -> dict[str, Path]:
    """Write faces, landmarks, aus, mel and au_features of one speaker; returns their paths by schema name."""
    paths = {schema.name: folder / speaker / f"{schema.name}.parquet" for schema, _ in TABLES}
    for schema, rows_of in TABLES:
        with TableWriter(paths[schema.name], schema) as writer:
            for clip in clips:
                if speaker_of(clip) == speaker:
                    writer.write(rows_of(clip))
    return paths


def write_generated(path: Path, clips: list[Clip]) -> Path:
    """Write the clips' pictures as a table of generated frames."""
    with TableWriter(path, GENERATED) as writer:
        for clip in clips:
            writer.write(
                {"clip": clip.name, "frame": frame, "image": encode_png(image)}
                for frame, image in enumerate(clip.images)
            )
    return path


def face_rows(clip: Clip) -> list[dict]:
    return [
        {
            "clip": clip.name,
            "frame": frame,
            "image": encode_png(image),
            "affine": [1, 0, 0, 0, 1, 0],
            "detected": bool(detected),
        }
        for frame, (image, detected) in enumerate(zip(clip.images, clip.detected, strict=True))
    ]


def landmark_rows(clip: Clip) -> list[dict]:
    return [
        {"clip": clip.name, "frame": frame, "points": points.ravel(), "detected": bool(detected)}
        for frame, (points, detected) in enumerate(zip(clip.points, clip.detected, strict=True))
    ]


def au_rows(clip: Clip) -> list[dict]:
    return [
        {
            "clip": clip.name,
            "frame": frame,
            "raw": raw,
            "normalised": raw,
            "presence": list(map(bool, raw > 1)),
            "detected": bool(detected),
        }
        for frame, (raw, detected) in enumerate(zip(clip.raw, clip.detected, strict=True))
    ]


def mel_rows(clip: Clip) -> list[dict]:
    return [{"clip": clip.name, "hop": hop, "mel": mel} for hop, mel in enumerate(clip.mel)]


def au_feature_rows(clip: Clip) -> list[dict]:
    return [
        {"clip": clip.name, "frame": frame, "feature": feature.tobytes(), "probability": [0.5] * 5}
        for frame, feature in enumerate(clip.au_feature.astype(np.float16))
    ]


TABLES = [
    (FACES, face_rows),
    (LANDMARKS, landmark_rows),
    (AUS, au_rows),
    (MEL, mel_rows),
    (AU_FEATURES, au_feature_rows),
]


def random_weights(module, seed: int):
    """Fill a network so that nothing in it is silent: several layers start at zero."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        if not parameter.any():
            parameter.data = 0.2 * torch.randn(parameter.shape, generator=generator)
    return module.eval()


def tiny_autoencoder(path: Path) -> Path:
    torch.manual_seed(0)
    network = VQAutoencoder(width=8, multipliers=[1, 2, 2], blocks=1, codes=512)
    random_weights(network, 0)
    latents = torch.randn(512, 3, generator=torch.Generator().manual_seed(1))
    network.codebook.codes_DC.copy_(latents)
    save_model(path, network, {})
    return path


TRUNK = {
    "audio_width": 16,
    "face_width": 16,
    "encoder_width": 4,
    "fusion_widths": [16],
    "crop_size": CROP,
}


def tiny_renderer(path: Path, **changes) -> Path:
    torch.manual_seed(1)
    denoiser = {"width": 16, "multipliers": [1, 2], "blocks": 1, "attention_levels": [1], "head_width": 8}
    return save_tiny(path, Renderer(**{**TRUNK, **denoiser, "timesteps": 100, **changes}))


def tiny_frame_renderer(path: Path, **changes) -> Path:
    torch.manual_seed(4)
    return save_tiny(path, FrameRenderer(**{**TRUNK, "decoder_width": 32, **changes}))


def tiny_warp_renderer(path: Path, **changes) -> Path:
    torch.manual_seed(5)
    sizes = {"width": 8, "multipliers": [1, 1], "code_width": 16, "sees_face": True}
    return save_tiny(path, WarpRenderer(**{**TRUNK, **sizes, **changes}))


def tiny_photo_renderer(path: Path, **changes) -> Path:
    torch.manual_seed(6)
    sizes = {"width": 8, "multipliers": [1, 1], "code_width": 16, "decoder_width": 8, "sees_face": True}
    denoiser = {"denoiser_width": 8, "denoiser_multipliers": [1, 1], "attention_levels": [], "timesteps": 100}
    return save_tiny(path, PhotoRenderer(**{**TRUNK, **sizes, **denoiser, **changes}))


def save_tiny(path: Path, network: Trunk) -> Path:
    random_weights(network, 2)
    heads = [] if network.audio_encoder is None else [network.audio_encoder.dense[-1]]
    assert network.face_encoder is not None
    for layer in (*heads, network.face_encoder.dense):
        assert isinstance(layer, torch.nn.Linear)
        layer.weight.data *= 30  # untrained, the three features differ in scale by as much
    save_model(path, network, {})
    return path


def write_identities(path: Path, clips: list[Clip], seed: int = 0) -> Path:
    """Identity records that no network made: any numbers will do where only their use is tested."""
    rng = np.random.default_rng(seed)
    with TableWriter(path, IDENTITIES) as writer:
        for clip in clips:
            latents = rng.normal(0, 1, (2, 3, CROP // 4, CROP // 4)).astype(np.float16)
            writer.write(
                [
                    {
                        "clip": clip.name,
                        "frame": 0,
                        "image": clip.images[0].tobytes(),
                        "points": clip.points[0].ravel(),
                        "mask": np.full((CROP, CROP), 0.5, np.float16).tobytes(),
                        "audio_face": (clip.images[0] // 2).tobytes(),
                        "identity_latent": latents[0].tobytes(),
                        "masked_latent": latents[1].tobytes(),
                    }
                ]
            )
    return path
