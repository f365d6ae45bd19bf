"""Rule ``label_aus``: landmarks and crops of one shard -> raw and normalised AU intensities, presence."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import AUS, FACES, LANDMARKS
from talkface.artifacts.tables import ClipTable, TableError, TableWriter
from talkface.config import AuLabels, Faces
from talkface.data.rows import speaker_of
from talkface.features.aus import PROXY_AUS, ClipFrames, Labeller, RawLabels, Statistics, open_labeller
from talkface.media.images import decode_png
from talkface.runtime.binding import OfConfig
from talkface.runtime.logs import progress

_log = logging.getLogger(__name__)


def label_aus(
    *,
    landmarks: Path,
    faces_table: Path,
    shard: str,
    aus: AuLabels,
    faces: Annotated[Faces, OfConfig()],
    aus_table: Path,
) -> None:
    """Label every frame of the shard's clips.

    Normalised intensities rest on the statistics of all of a speaker's clips. Those of each speaker go into
    the table's metadata (``statistics``, with ``labeller``, ``labeller_version`` and ``proxy_aus``): what is
    generated for a speaker is scored on the same scale.
    """
    meshes, crops = ClipTable(landmarks, LANDMARKS), ClipTable(faces_table, FACES)
    if meshes.clips != crops.clips:
        raise TableError(
            f"{landmarks} and {faces_table} do not hold the same clips; remove both and run again"
        )
    with closing(open_labeller(aus, faces)) as labeller:
        labelled: dict[str, RawLabels] = {}
        for frames in progress(_clips(meshes, crops), len(meshes.clips), f"label_aus {shard}"):
            labelled[frames.clip] = labeller.label(frames)
        statistics = _statistics(labeller, labelled)
        metadata = {
            "shard": shard,
            "aus": aus.model_dump(mode="json"),
            "labeller": labeller.name,
            "labeller_version": labeller.version,
            "proxy_aus": sorted(PROXY_AUS[labeller.name]),
            "statistics": {speaker: own.as_dict() for speaker, own in statistics.items()},
            "data": data_hashes([landmarks, faces_table], aus_table),
        }
        with TableWriter(aus_table, AUS, metadata) as writer:
            for clip, labels in labelled.items():
                normalised = labeller.normalise(labels.raw, statistics[speaker_of(clip)])
                writer.write(_rows(clip, labels, normalised, aus.presence_threshold))
    _log.info("%s: %d clips labelled by %s", shard, len(labelled), labeller.version)


def _statistics(labeller: Labeller, labelled: Mapping[str, RawLabels]) -> dict[str, Statistics]:
    """Each speaker's own scale, over all of the speaker's frames."""
    of_speaker: dict[str, list[RawLabels]] = {}
    for clip, labels in labelled.items():
        of_speaker.setdefault(speaker_of(clip), []).append(labels)
    return {
        speaker: labeller.speaker_statistics(
            np.concatenate([labels.raw for labels in own]),
            np.concatenate([labels.detected for labels in own]),
        )
        for speaker, own in of_speaker.items()
    }


def _clips(meshes: ClipTable, crops: ClipTable) -> Iterator[ClipFrames]:
    for clip, table in meshes:
        flat = np.asarray(table["points"].combine_chunks().flatten(), np.float32)
        yield ClipFrames(
            clip=clip,
            points=flat.reshape(table.num_rows, -1, 3),
            detected=np.asarray(table["detected"].combine_chunks().to_numpy(zero_copy_only=False), bool),
            images=partial(_images, crops, clip),
        )


def _images(crops: ClipTable, clip: str) -> npt.NDArray[np.uint8]:
    return np.stack([decode_png(content) for content in crops.read(clip, ["image"])["image"].to_pylist()])


def _rows(clip: str, labels: RawLabels, normalised: npt.NDArray[np.float32], threshold: float) -> pa.Table:
    presence = normalised >= threshold if labels.presence is None else labels.presence
    count = len(normalised)
    return pa.table(
        {
            "clip": pa.array([clip] * count, pa.string()),
            "frame": pa.array(np.arange(count, dtype=np.int32)),
            "raw": _vectors(labels.raw),
            "normalised": _vectors(normalised),
            "presence": _vectors(presence),
            "detected": pa.array(labels.detected),
        }
    )


def _vectors(values_TA: npt.NDArray[np.generic]) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(values_TA.ravel()), values_TA.shape[1])
