"""Rule ``crop_faces``: raw clips of one shard -> aligned crops, landmarks and checks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import CHECKS, CLIPS, FACES, FACTS, LANDMARKS
from talkface.artifacts.tables import TableWriter, read_table, write_table
from talkface.config import Corpus, Faces, Limits
from talkface.corpora import clip_path
from talkface.data.first_face import first_detected
from talkface.data.regions import mouth_box
from talkface.features.alignment import AlignedFrame, FaceError, Image, Tally
from talkface.features.faces import FaceMesh, follow_face
from talkface.features.facts import ClipFacts
from talkface.features.judging import judge
from talkface.media.ffmpeg import MediaError
from talkface.media.images import encode_png
from talkface.media.video import probe, read_frames
from talkface.runtime.binding import OfConfig
from talkface.runtime.logs import progress

_log = logging.getLogger(__name__)


def crop_faces(
    *,
    corpus: Annotated[Corpus, OfConfig()],
    shard: str,
    clips: Path,
    faces: Annotated[Faces, OfConfig()],
    limits: Limits,
    crop_size: int,
    faces_table: Path,
    landmarks_table: Path,
    checks_table: Path,
) -> None:
    """Follow and align the face of every listed clip of the shard.

    A clip that cannot be decoded, shows no face or breaks a limit becomes a row of ``checks_table`` with
    ``ok = false`` and a reason; it has no rows in the other two tables. ``detected`` is true of frames in
    which a face was found that is lit and sharp: the first of them is the clip's photo. Clips are streamed:
    what is held of one are its crops.
    """
    listed = read_table(clips, CLIPS).to_pylist()
    metadata = {
        "shard": shard, "crop_size": crop_size, "fps": 25,
        "faces": faces.model_dump(mode="json", exclude={"landmarker"}),
        "data": data_hashes([clips], faces_table),
    }  # fmt: skip
    checks = []
    with (
        TableWriter(faces_table, FACES, metadata) as faces_writer,
        TableWriter(landmarks_table, LANDMARKS, metadata) as landmarks_writer,
        FaceMesh(faces) as mesh,
    ):
        for clip in progress(listed, len(listed), f"crop_faces {shard}"):
            path = clip_path(corpus, clip["path"])
            check, frames = _crop_clip(clip["clip"], path, faces, limits, crop_size, mesh)
            if check["ok"]:
                faces_writer.write(frames.faces())
                landmarks_writer.write(frames.landmarks())
            else:
                _log.warning("%r: %s", clip["clip"], check["reason"])
            checks.append(check)
    write_table(checks_table, CHECKS, checks, metadata)
    failed = sum(not check["ok"] for check in checks)
    _log.info("%s: %d clips cropped, %d failed", shard, len(checks) - failed, failed)


def _crop_clip(
    clip: str, path: Path, faces: Faces, limits: Limits, crop_size: int, mesh: FaceMesh
) -> tuple[dict[str, Any], _ClipFrames]:
    """The clip's row of CHECKS, and its frames (incomplete where the clip fails)."""
    check: dict[str, Any] = {
        "clip": clip, "ok": True, "reason": "", "num_frames": 0, "source_fps": 0.0, "width": 0, "height": 0,
        "has_audio": False, "num_detected": 0, "num_bridged": 0, "doubts": "", "first_face": -1,
        **dict.fromkeys(FACTS),
    }  # fmt: skip
    tally, seen = Tally(), ClipFacts(mouth_box(crop_size))
    frames = _ClipFrames(clip)
    try:
        info = probe(path)
        check |= {
            "source_fps": info.fps, "width": info.width, "height": info.height, "has_audio": info.has_audio,
        }  # fmt: skip
        source = read_frames(path, max_frames=faces.max_frames + 1)
        for frame in follow_face(seen.watch(source), faces, crop_size, mesh, tally):
            frames.add(frame)
            seen.add(frame)
        frames.keep_detected(seen.clear())
        facts = seen.facts()
        reason, doubts = judge(facts, limits)
        check |= facts | {"ok": not reason, "reason": reason, "doubts": doubts}
        check["first_face"] = first_detected(frames.detected) if check["ok"] else -1
    except (MediaError, FaceError) as error:
        check |= {"ok": False, "reason": error.reason}
        _log.info("%r: %s", clip, error)
    return check | {
        "num_frames": tally.num_frames,
        "num_detected": tally.num_detected,
        "num_bridged": tally.num_bridged,
    }, frames  # fmt: skip


class _ClipFrames:
    """Gathers a clip's frames in the form in which they are stored, so that a long clip stays small."""

    def __init__(self, clip: str, encode: Callable[[Image], bytes] = encode_png):
        self._clip, self._encode = clip, encode
        self._images: list[bytes] = []
        self._points: list[npt.NDArray[np.float32]] = []
        self._affine: list[npt.NDArray[np.float32]] = []
        self.detected: list[bool] = []

    def add(self, frame: AlignedFrame) -> None:
        """Append the next frame."""
        self._images.append(self._encode(frame.image))
        self._points.append(frame.points.ravel())
        self._affine.append(frame.affine.ravel())
        self.detected.append(frame.detected)

    def keep_detected(self, clear_T: npt.NDArray[np.bool_]) -> None:
        """Count only clear frames as detected, unless none would be left."""
        both_T = clear_T & np.array(self.detected)
        if both_T.any():
            self.detected = both_T.tolist()

    def faces(self) -> pa.Table:
        """Rows of FACES."""
        return self._table({"image": pa.array(self._images, pa.binary()), "affine": _vectors(self._affine)})

    def landmarks(self) -> pa.Table:
        """Rows of LANDMARKS."""
        return self._table({"points": _vectors(self._points)})

    def _table(self, columns: dict[str, pa.Array]) -> pa.Table:
        count = len(self.detected)
        return pa.table(
            {
                "clip": pa.array([self._clip] * count, pa.string()),
                "frame": pa.array(np.arange(count, dtype=np.int32)),
                **columns,
                "detected": pa.array(self.detected, pa.bool_()),
            }
        )


def _vectors(rows: list[npt.NDArray[np.float32]]) -> pa.Array:
    flat = pa.array(np.concatenate(rows))
    return pa.FixedSizeListArray.from_arrays(flat, len(rows[0]))
