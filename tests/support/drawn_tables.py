"""Small FACES, LANDMARKS, AUS and SPLIT tables of drawn faces, for the tests of the stages."""

from pathlib import Path

import cv2
import numpy as np

from talkface.artifacts.schemas import AUS, FACES, LANDMARKS, SPLIT
from talkface.artifacts.tables import TableWriter, write_table
from talkface.media.images import encode_png

SIZE, CLIPS, FRAMES = 32, 3, 12


def draw_face(opening: float, skin: int) -> np.ndarray:
    """A face of SIZE px whose mouth opens by ``opening`` in [0, 1]."""
    image = np.full((4 * SIZE, 4 * SIZE, 3), 60, np.uint8)
    cv2.ellipse(image, (64, 68), (43, 56), 0, 0, 360, (skin, skin - 30, skin - 50), -1)
    for x in (43, 85):
        cv2.circle(image, (x, 48), 5, (30, 30, 30), -1)
    cv2.ellipse(image, (64, 94), (16, 4 + round(10 * opening)), 0, 0, 360, (150, 40, 50), -1)
    return cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def write_tables(root: Path) -> dict[str, list[Path]]:
    """Two speakers; the last clip of each is held back. Returns the paths by table name."""
    rng = np.random.default_rng(0)
    paths: dict[str, list[Path]] = {
        "split": [root / "split.parquet"],
        "faces": [],
        "landmarks": [],
        "aus": [],
    }
    split = []
    for speaker, skin in (("s1", 200), ("s2", 140)):
        for name in ("faces", "landmarks", "aus"):
            paths[name].append(root / speaker / f"{name}.parquet")
        with (
            TableWriter(paths["faces"][-1], FACES) as faces,
            TableWriter(paths["landmarks"][-1], LANDMARKS) as landmarks,
            TableWriter(paths["aus"][-1], AUS) as aus,
        ):
            for number in range(CLIPS):
                clip = f"{speaker}/u{number}"
                shares_TA = rng.random((FRAMES, 5))
                shares_TA[:, 3] = shares_TA[:, 4]
                faces.write(_faces(clip, shares_TA[:, 3], skin))
                landmarks.write(_landmarks(clip))
                aus.write(_aus(clip, shares_TA))
                split.append(_split(clip, "train" if number < CLIPS - 1 else "seen_test"))
    write_table(paths["split"][0], SPLIT, split)
    return paths


def _faces(clip: str, opening_T: np.ndarray, skin: int) -> list[dict]:
    return [
        {
            "clip": clip,
            "frame": frame,
            "image": encode_png(draw_face(opening, skin)),
            "affine": [0.0] * 6,
            "detected": True,
        }
        for frame, opening in enumerate(opening_T)
    ]


def _landmarks(clip: str) -> list[dict]:
    """Of each frame other numbers, which no drawn face has."""
    return [
        {"clip": clip, "frame": frame, "points": [float(frame)] * 478 * 3, "detected": True}
        for frame in range(FRAMES)
    ]


def _aus(clip: str, shares_TA: np.ndarray) -> list[dict]:
    return [
        {
            "clip": clip,
            "frame": frame,
            "raw": (5 * shares_A).tolist(),
            "normalised": [0.0] * 5,
            "presence": [False] * 5,
            "detected": frame != 3,
        }
        for frame, shares_A in enumerate(shares_TA)
    ]


def _split(clip: str, subset: str) -> dict:
    speaker, utterance = clip.split("/")
    return {
        "clip": clip,
        "speaker": speaker,
        "utterance": utterance,
        "subset": subset,
        "ok": True,
        "reason": "",
        "doubts": "",
        "num_frames": FRAMES,
        "words": [],
    }
