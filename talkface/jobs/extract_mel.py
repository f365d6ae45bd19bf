"""Rule ``extract_mel``: the sound of one shard's clips, as log-mel frames on the picture's clock."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import CHECKS, CLIPS, MEL
from talkface.artifacts.tables import TableWriter, read_table, write_table
from talkface.config import Corpus, Limits, Mel
from talkface.corpora import clip_path
from talkface.features.judging import judge
from talkface.features.mel import log_mel
from talkface.media.audio import MediaError, read_audio
from talkface.runtime.binding import OfConfig
from talkface.runtime.logs import progress

logger = logging.getLogger(__name__)


def extract_mel(
    *,
    corpus: Annotated[Corpus, OfConfig()],
    shard: str,
    clips: Path,
    checks: Path,
    mel: Mel,
    limits: Limits,
    mel_table: Path,
    sound_checks: Path,
) -> None:
    """Write MEL for every clip whose picture is usable, and a row of ``sound_checks`` for every listed clip.

    ``sound_checks`` has the columns of CHECKS; ``ok``, ``reason`` and ``doubts`` speak of the sound ("no
    sound", "silent", "damaged stream"). A clip whose picture failed fails here too, its sound is not
    decoded: the reason is "no sound" where the file has none, otherwise the picture's.

    Raises:
        ValueError: ``checks`` are not those of ``clips``.
    """
    listed = read_table(clips, CLIPS).to_pylist()
    checked = {row["clip"]: row for row in read_table(checks, CHECKS).to_pylist()}
    if set(checked) != {row["clip"] for row in listed}:
        raise ValueError(f"{checks}: not the clips of {clips}; rebuild it")
    metadata = {
        "shard": shard, "fps": 25, "mel": mel.model_dump(mode="json"),
        "data": data_hashes([clips, checks], mel_table),
    }  # fmt: skip
    rows = []
    with TableWriter(mel_table, MEL, metadata) as writer:
        for clip in progress(listed, len(listed), f"extract_mel {shard}"):
            check = checked[clip["clip"]] | {"doubts": ""}
            if check["ok"]:
                check |= _write_sound(
                    clip["clip"], clip_path(corpus, clip["path"]), check["num_frames"], mel, limits, writer
                )
            elif check["width"] and not check["has_audio"]:
                check["reason"] = "no sound"
            rows.append(check | {"ok": not check["reason"]})
    write_table(sound_checks, CHECKS, rows, metadata)
    failed = [row for row in rows if not row["ok"]]
    for row in failed:
        logger.warning("%r: %s", row["clip"], row["reason"])
    logger.info("%s: %d clips with sound, %d without", shard, len(rows) - len(failed), len(failed))


def _write_sound(
    clip: str, path: Path, num_frames: int, mel: Mel, limits: Limits, writer: TableWriter
) -> dict[str, Any]:
    """Write a clip's log-mel frames, unless its sound cannot serve; what the checks say of it."""
    try:
        samples = read_audio(path, num_frames=num_frames)
    except MediaError as error:
        logger.info("%s", error)
        return {"reason": error.reason}
    facts = {"sound_peak": float(np.abs(samples).max())}
    reason, doubts = judge(facts, limits)
    if not reason:
        writer.write(_rows(clip, log_mel(samples, mel)))
    return facts | {"reason": reason, "doubts": doubts}


def _rows(clip: str, mel_KM: np.ndarray) -> pa.Table:
    count, bands = mel_KM.shape
    offsets = np.arange(0, (count + 1) * bands, bands, dtype=np.int32)
    columns: dict[str, Any] = {
        "clip": pa.array([clip] * count, pa.string()),
        "hop": pa.array(np.arange(count, dtype=np.int32)),
        "mel": pa.ListArray.from_arrays(pa.array(offsets), pa.array(mel_KM.ravel())),
    }
    return pa.table(columns)
