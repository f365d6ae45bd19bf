"""The mean skull of the geometric AU measures, from the meshes of real speakers.

    python benchmarks/mean_skull.py results/real/grid

The folder is a finished ``results/{experiment}/{corpus}`` of the target ``features``. Each speaker counts
once: the speaker's frames, fitted to the mean so far, are averaged; the mean over speakers is averaged with
its mirror image and scaled to an outer-eye distance of 1; and so on until it stands still. Printed is
``_SKULL`` of talkface/features/aus/geometric.py, made from GRID's s1-s5, s10, s20, s23, s26, s27 and s30.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa

from talkface.artifacts.schemas import LANDMARKS
from talkface.artifacts.tables import read_table
from talkface.data.rows import vectors
from talkface.features.aus import geometric
from talkface.features.landmarks import NUM_POINTS

MIRRORED = {33: 263, 133: 362, 67: 297, 54: 284, 127: 356}
MOST_FRAMES = 1500  # of one speaker


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path)
    tables = sorted(parser.parse_args().results.glob("features/*/landmarks.parquet"))
    read = [read_table(table, LANDMARKS) for table in tables]
    speakers = [seen_points(rows) for rows in read if rows.num_rows]
    skull = geometric._SKULL
    names = list(skull)
    for _ in range(100):
        before = np.array([skull[name] for name in names])
        mean = np.mean([geometric.turn_to_front(points)[:, names].mean(0) for points in speakers], axis=0)
        after = normalised(names, mean)
        skull.update(zip(names, map(tuple, after.tolist()), strict=True))
        if np.abs(after - before).max() < 1e-6:
            break
    print(f"# {len(speakers)} speakers")
    for name, place in skull.items():
        print(f"{name}: ({', '.join(f'{value:.4f}' for value in place)}),")


def seen_points(rows: pa.Table) -> np.ndarray:
    """Meshes [T, 478, 3] of frames in which the face was seen, evenly spread where there are many."""
    points = vectors(rows, "points").reshape(-1, NUM_POINTS, 3)
    points = points[np.asarray(rows["detected"].to_pylist(), bool)]
    return points[:: max(1, len(points) // MOST_FRAMES)]


def normalised(names: list[int], mean_K3: np.ndarray) -> np.ndarray:
    """Symmetric, origin between the outer eyes, their distance 1."""
    other = MIRRORED | {right: left for left, right in MIRRORED.items()}
    flipped = mean_K3[[names.index(other.get(name, name)) for name in names]] * [-1, 1, 1]
    even = (mean_K3 + flipped) / 2
    left, right = even[names.index(33)], even[names.index(263)]
    return (even - (left + right) / 2) / np.linalg.norm(right - left)


if __name__ == "__main__":
    main()
