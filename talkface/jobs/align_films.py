"""Rule ``align_films``: another system's films on the clock and in the crop of the true clips."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import CLIPS, FILM_CHECKS, GENERATED, SPLIT
from talkface.artifacts.tables import TableWriter, read_table, write_table
from talkface.config import EXTERNAL, Corpus, Evaluation, External, Faces
from talkface.corpora import clip_path
from talkface.corpora.films import films_of
from talkface.evaluation.aligned_films import (
    FPS,
    FilmError,
    Reading,
    cropped,
    offset_of,
    pictures_on_clock,
)
from talkface.evaluation.selection import evaluation_clips
from talkface.features.alignment import FaceError, Image
from talkface.features.faces import FaceMesh
from talkface.media.audio import read_audio
from talkface.media.ffmpeg import MediaError
from talkface.media.images import encode_png
from talkface.media.probe import probe
from talkface.runtime.binding import OfConfig
from talkface.runtime.logs import progress

_log = logging.getLogger(__name__)


def align_films(
    *,
    system: str,
    shard: str,
    clips: Path,
    split: Path,
    speakers: list[str],
    evaluation: Evaluation,
    corpus: Annotated[Corpus, OfConfig()],
    external: Annotated[dict[str, External], OfConfig()],
    faces: Annotated[Faces, OfConfig()],
    crop_size: int,
    generated: Path,
    checks: Path,
) -> None:
    """Write the films of the speakers' evaluated clips as if they had been generated here.

    ``system``: the row's name, "external_" and the name of its folder in the configuration. A clip without a
    film, or whose film cannot be read, aligned or shows no face, becomes a row of ``checks`` with
    ``ok = false`` and a reason, and is not in ``generated``. An assumed offset (no sound) is told there too.
    """
    given = external[system.removeprefix(EXTERNAL)]
    listing = read_table(split, SPLIT)
    frames_of = {row["clip"]: row["num_frames"] for row in listing.select(["clip", "num_frames"]).to_pylist()}
    paths = {row["clip"]: row["path"] for row in read_table(clips, CLIPS).to_pylist()}
    chosen = [clip for speaker in speakers for clip in evaluation_clips(listing, speaker, evaluation)]
    films = {clip: film for speaker in speakers for clip, film in films_of(given.films, speaker).items()}
    if spare := len(films.keys() - chosen):
        _log.info("%s: %d films belong to no evaluated clip", shard, spare)
    rows: list[dict[str, Any]] = []
    metadata = {"shard": shard, "crop_size": crop_size, "data": data_hashes([clips, split], generated)}
    with TableWriter(generated, GENERATED, metadata) as writer, FaceMesh(faces) as mesh:
        for clip in progress(chosen, what="films"):
            film = films.get(clip)
            row: dict[str, Any] = {
                "clip": clip, "ok": False, "reason": "no film", "film": "", "sha256": "", "source_fps": 0.0,
                "width": 0, "height": 0, "has_audio": False, "offset_s": 0.0, "offset_found": False,
                "correlation": None, "num_frames": frames_of[clip], "num_held": 0, "num_detected": 0,
            }  # fmt: skip
            if film is not None:
                row["film"] = film.relative_to(given.films.expanduser()).as_posix()
                as_they_are = given.picture == "crop"
                try:
                    images = _aligned(
                        row, film, clip_path(corpus, paths[clip]), faces, crop_size, mesh, as_they_are
                    )
                    writer.write(
                        {"clip": clip, "frame": frame, "image": encode_png(image)}
                        for frame, image in enumerate(images)
                    )
                    row |= {"ok": True, "reason": ""}
                except (FilmError, FaceError, MediaError) as error:
                    row["reason"] = error.reason
                except OSError as error:
                    row["reason"] = f"cannot be read: {error.strerror}"
            if not row["ok"]:
                _log.warning("%r: %s", clip, row["reason"])
            rows.append(row)
    write_table(checks, FILM_CHECKS, rows, metadata)
    _log.info("%s: %d of %d clips have a film", shard, sum(row["ok"] for row in rows), len(rows))


def _aligned(
    row: dict[str, Any],
    film: Path,
    truth: Path,
    faces: Faces,
    crop_size: int,
    mesh: FaceMesh,
    as_they_are: bool,
) -> list[Image]:
    """The film's crops, one for each true frame; ``row`` of FILM_CHECKS is filled on the way."""
    with film.open("rb") as file:
        row["sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
    info = probe(film)
    row |= {
        "source_fps": info.fps, "width": info.width, "height": info.height, "has_audio": info.has_audio,
    }  # fmt: skip
    num_frames: int = row["num_frames"]
    offset = offset_of(film, info, _sound(truth, num_frames) if info.has_audio else None)
    row |= {
        "offset_s": offset.seconds, "offset_found": offset.found, "correlation": offset.correlation,
    }  # fmt: skip
    reading = Reading()
    pictures = pictures_on_clock(film, offset, num_frames, reading)
    images, tally = cropped(pictures, info, faces, crop_size, mesh, as_they_are)
    row |= {"num_held": reading.num_held, "num_detected": tally.num_detected}
    return images


def _sound(truth: Path, num_frames: int) -> np.ndarray | None:
    """The true clip's, on its picture's clock; None where it has none."""
    if not probe(truth).has_audio:
        return None
    return read_audio(truth, num_frames=num_frames, fps=FPS)
