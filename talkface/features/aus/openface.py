"""AU intensities and presence by OpenFace 2: its finished CSVs, or its program run on the aligned crops.

Baltrusaitis et al., OpenFace 2.0 (FG 2018). Columns ``AU10_r`` hold intensity 0-5, ``AU10_c`` presence 0/1.
Shapes: T frames, A = 5 AUs.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from talkface.artifacts.schemas import AU_NAMES
from talkface.features.aus.base import AuError, ClipFrames, PlainScale, RawLabels, fill_missed

FPS = 25
_INTENSITY = [f"{name}_r" for name in AU_NAMES]
_PRESENCE = [f"{name}_c" for name in AU_NAMES]
_MAGNIFY = 3  # OpenFace wants faces of 100 px and more between the eyes and chin
_MAX_CLIP_S = 3600


class OpenFaceLabeller(PlainScale):
    """OpenFace's own labels. CSVs, when given, go before the program."""

    name = "openface"

    def __init__(self, program: Path | None, csv_folder: Path | None):
        if csv_folder is None and program is None:
            raise AuError(
                "aus.backend is 'openface': it needs aus.openface_csv (a folder of "
                "{speaker}/{utterance}.csv) or aus.openface_program (FeatureExtraction); "
                "the backend 'geometric' needs neither"
            )
        if csv_folder is not None and not csv_folder.is_dir():
            raise AuError(f"aus.openface_csv: {csv_folder}: no such folder")
        if csv_folder is None and program is not None and not program.is_file():
            raise AuError(f"aus.openface_program: {program}: no such file")
        self._program, self._csv_folder = program, csv_folder
        self.version = (
            "OpenFace 2 (CSV)" if csv_folder is not None else "OpenFace 2 (FeatureExtraction on crops)"
        )

    def label(self, frames: ClipFrames) -> RawLabels:
        """Labels of one clip; frames in which OpenFace saw no face are filled from their neighbours."""
        count = len(frames.detected)
        if self._csv_folder is not None:
            return _joined(read_csv(self._csv_folder / f"{frames.clip}.csv", count), frames)
        assert self._program is not None
        with tempfile.TemporaryDirectory(prefix="openface-") as folder:
            return _joined(_run(self._program, frames, Path(folder)), frames)


def read_csv(path: Path, num_frames: int) -> RawLabels:
    """Read OpenFace's CSV onto ``num_frames`` frames at 25 fps, by its timestamps (nearest row).

    ``AuError`` names the file where it is missing, lacks a column or is shorter than the clip.
    """
    if not path.is_file():
        raise AuError(f"{path}: no such file; OpenFace has not been run on this clip")
    try:
        table = pd.read_csv(path, skipinitialspace=True)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise AuError(f"{path}: not a CSV of OpenFace ({error})") from error
    wanted = ["timestamp", "confidence", "success", *_INTENSITY, *_PRESENCE]
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        raise AuError(f"{path}: lacks the columns {missing}; run FeatureExtraction with -aus")
    best = table.sort_values(["timestamp", "confidence"], kind="stable").drop_duplicates(
        "timestamp", keep="last"
    )
    row_s = best["timestamp"].to_numpy(float)
    if len(row_s) == 0:
        raise AuError(f"{path}: contains no frame")
    frame_s = np.arange(num_frames) / FPS
    after = np.searchsorted(row_s, frame_s).clip(0, len(row_s) - 1)
    before = (after - 1).clip(0)
    nearest = np.where(frame_s - row_s[before] < row_s[after] - frame_s, before, after)
    # OpenFace may end a frame early; rates below 25 fps leave rows further apart than our frames.
    step = float(np.median(np.diff(row_s))) if len(row_s) > 1 else 1 / FPS
    if np.abs(row_s[nearest] - frame_s).max() > max(step, 1 / FPS) * 1.01:
        raise AuError(f"{path}: covers {row_s[-1]:.2f} s, the clip lasts {num_frames / FPS:.2f} s")
    chosen = best.iloc[nearest]
    seen = chosen["success"].to_numpy(float) > 0
    intensity = chosen[_INTENSITY].to_numpy(np.float32)
    presence = chosen[_PRESENCE].to_numpy(np.float32)
    if not np.isfinite(intensity[seen]).all():
        raise AuError(f"{path}: contains intensities that are not numbers")
    raw = np.clip(fill_missed(intensity, seen), 0, 5)
    return RawLabels(raw, seen, fill_missed(presence, seen) >= 0.5)


def _joined(labels: RawLabels, frames: ClipFrames) -> RawLabels:
    return RawLabels(labels.raw, labels.detected & frames.detected, labels.presence)


def _run(program: Path, frames: ClipFrames, folder: Path) -> RawLabels:
    """Run FeatureExtraction on the clip's crops, written as numbered pictures."""
    pictures, results = folder / "frames", folder / "results"
    pictures.mkdir()
    results.mkdir()
    for number, image in enumerate(frames.images()):
        _write_picture(pictures / f"{number:06d}.png", image)
    command = [
        str(program.resolve()), "-fdir", str(pictures), "-out_dir", str(results), "-of", "labels.csv",
        "-aus", "-q",
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_MAX_CLIP_S, cwd=folder, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AuError(f"aus.openface_program: {program}: {frames.clip}: {error}") from error
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "no explanation").splitlines()[-1]
        raise AuError(
            f"aus.openface_program: {program}: {frames.clip}: exit status {done.returncode}: {last}"
        )
    csv = results / "labels.csv"
    _stamp_frames(csv, frames.clip)
    return read_csv(csv, len(frames.detected))


def _stamp_frames(csv: Path, clip: str) -> None:
    """Pictures carry no clock: OpenFace numbers them from 1, and ``timestamp`` means nothing."""
    if not csv.is_file():
        raise AuError(f"OpenFace wrote no CSV for {clip}")
    table = pd.read_csv(csv, skipinitialspace=True)
    if "frame" not in table.columns:
        raise AuError(f"OpenFace's CSV for {clip} lacks the column 'frame'")
    table["timestamp"] = (table["frame"] - 1) / FPS
    table.to_csv(csv, index=False)


def _write_picture(path: Path, image: npt.NDArray[np.uint8]) -> None:
    side = image.shape[0] // 4
    padded = cv2.copyMakeBorder(image, side, side, side, side, cv2.BORDER_REPLICATE)
    larger = cv2.resize(padded, None, fx=_MAGNIFY, fy=_MAGNIFY, interpolation=cv2.INTER_CUBIC)
    if not cv2.imwrite(str(path), cv2.cvtColor(larger, cv2.COLOR_RGB2BGR)):
        raise AuError(f"{path}: cannot be written")
