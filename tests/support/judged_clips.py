"""Clips of all kinds, from the raw file to what the checks say of them."""

from pathlib import Path

import numpy as np

from talkface.artifacts.schemas import CHECKS, CLIPS, LANDMARKS
from talkface.artifacts.tables import ClipTable, read_table, write_table
from talkface.config import Corpus, Faces, Limits
from talkface.data.rows import vectors
from talkface.features.landmarks import lip_opening
from talkface.jobs.crop_faces import crop_faces


def judged(root: Path, limits: Limits) -> dict[str, dict]:
    """The checks of all clips in ``root/x``, by name; the tables lie in ``root``."""
    rows = [
        {
            "clip": f"x/{path.stem}", "speaker": "x", "utterance": path.stem, "path": f"x/{path.name}",
            "size_bytes": 1, "words": [],
        }
        for path in sorted((root / "x").iterdir())
    ]  # fmt: skip
    write_table(root / "clips.parquet", CLIPS, rows)
    crop_faces(
        corpus=Corpus(root=root), shard="x", clips=root / "clips.parquet", faces=Faces(), limits=limits,
        crop_size=112, faces_table=root / "faces.parquet", landmarks_table=root / "landmarks.parquet",
        checks_table=root / "checks.parquet",
    )  # fmt: skip
    rows = read_table(root / "checks.parquet", CHECKS).to_pylist()
    return {row["clip"].removeprefix("x/"): row for row in rows}


def openings(root: Path, name: str) -> np.ndarray:
    """How far the lips are open in each frame of a judged clip."""
    points = vectors(ClipTable(root / "landmarks.parquet", LANDMARKS).read(f"x/{name}", ["points"]), "points")
    return lip_opening(points.reshape(len(points), -1, 3))
