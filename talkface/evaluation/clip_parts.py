"""Reads the parts of a clip that a metric needs: one function for each part, of the part's name.

A function opens what it reads once for all clips and returns what reads one clip. It is called by its name,
so that an edit of the labeller, say, reruns only the metrics that need labels (:func:`needs.code_behind`).

Shapes: T frames, P = 478 mesh points, A action units.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from talkface.artifacts.schemas import AU_NAMES, AUS, CLIPS, FACES, GENERATED, LANDMARKS, MEL
from talkface.artifacts.tables import ClipTable, read_metadata, read_table
from talkface.config import AuLabels, Faces, Weights
from talkface.data.regions import mouth_box as box_of_mouth
from talkface.data.rows import speaker_of, vectors
from talkface.data.state_dicts import read_state_dict
from talkface.evaluation.evaluator_quality import sha256_of
from talkface.evaluation.score_rows import same_length, tables_by_clip
from talkface.features.aus import ClipFrames, Labeller, Statistics, open_labeller
from talkface.features.landmarks import NUM_POINTS
from talkface.media.audio import read_audio
from talkface.media.images import decode_png
from talkface.metrics.clip import Box, Evaluator, Frames, Mesh, StateDict, Units

if TYPE_CHECKING:
    from talkface.models.network import Network

# torch is imported where it is needed: its start takes as long as half of a short job's scores.

_log = logging.getLogger(__name__)
_KEPT_FRAMES = 1500
"""Pictures of a clip are kept decoded, for the metrics after the first, unless there are more: a minute."""


@dataclass
class Sources:
    """Where the parts of clips are read from."""

    files: Mapping[str, Sequence[Path]]
    """The tables of each kind (``needs.FILES``)."""
    num_frames: Mapping[str, int]
    """Of each true clip."""
    crop_size: int
    labels: AuLabels
    faces: Faces
    opened: ExitStack
    """Closes what has to be closed."""
    raw_clip: Callable[[str], Path] | None = None
    """From the path in a CLIPS table to the clip's file."""
    weights: Mapping[str, Weights] = field(default_factory=dict)
    """Files of trained weights, by the names in the metric's declaration."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """What the score tables say of how the parts were made."""


Reader = Callable[[str], Any]
"""From a clip's name to a part of the clip."""


def frames(sources: Sources) -> Reader:
    """The generated frames."""
    tables = tables_by_clip(sources.files["frames"], GENERATED)

    def read(clip: str) -> Frames:
        pictures = _Pictures(tables[clip], clip)
        same_length(clip, sources.num_frames[clip], len(pictures), "pictures")
        return pictures

    return read


def true_frames(sources: Sources) -> Reader:
    """The true frames."""
    tables = tables_by_clip(sources.files["true_frames"], FACES)
    return lambda clip: _Pictures(tables[clip], clip)


def mouth_box(sources: Sources) -> Reader:
    """The mouth's rectangle, the same in all clips."""
    box: Box = box_of_mouth(sources.crop_size)
    sources.metadata |= {"crop_size": sources.crop_size, "mouth_box": box}
    return lambda clip: box


def landmarks(sources: Sources) -> Reader:
    """The mesh found on the generated frames."""
    tables = tables_by_clip(sources.files["landmarks"], LANDMARKS)

    def read(clip: str) -> Mesh:
        mesh = _mesh(tables[clip], clip)
        same_length(clip, sources.num_frames[clip], len(mesh.found_T), "landmarks")
        return mesh

    return read


def true_landmarks(sources: Sources) -> Reader:
    """The mesh of the true frames."""
    tables = tables_by_clip(sources.files["true_landmarks"], LANDMARKS)
    return lambda clip: _mesh(tables[clip], clip)


def true_aus(sources: Sources) -> Reader:
    """Action units of the true frames."""
    tables = tables_by_clip(sources.files["true_aus"], AUS)
    return lambda clip: _units(tables[clip], clip)


def aus(sources: Sources) -> Reader:
    """Action units of the generated frames.

    Labels of the truth that came from OpenFace's finished CSVs have no counterpart for generated frames:
    without its program there are none.
    """
    labels = sources.labels
    sources.metadata["aus"] = labels.model_dump(mode="json")
    if labels.backend == "openface" and labels.openface_program is None:
        _log.warning("aus.openface_csv alone cannot label generated frames: give aus.openface_program")
        return lambda clip: None
    # Finished CSVs are named by clip and tell of the true frames: they must never label the generated ones.
    labeller = sources.opened.enter_context(
        closing(open_labeller(labels.model_copy(update={"openface_csv": None}), sources.faces))
    )
    sources.metadata |= {"labeller": labeller.name, "labeller_version": labeller.version}
    mesh = landmarks(sources)
    truth = tables_by_clip(sources.files["true_aus"], AUS)
    pictures = tables_by_clip(sources.files["frames"], GENERATED)

    def read(clip: str) -> Units:
        points_TP3, found_T = mesh(clip)
        shown = ClipFrames(clip, points_TP3, found_T, images=lambda: _Pictures(pictures[clip], clip)[:])
        true = _units(truth[clip], clip)
        return _label(labeller, shown, truth[clip].path, labels.presence_threshold, true)

    return read


def mel(sources: Sources) -> Reader:
    """The log-mel frames of the true clip's sound."""
    tables = tables_by_clip(sources.files["mel"], MEL)
    return lambda clip: vectors(tables[clip].read(clip, ["mel"]), "mel")


def sound(sources: Sources) -> Reader:
    """The true clip's own sound, decoded anew: other people's networks want it whole."""
    assert sources.raw_clip is not None, "no corpus to read the sound from"
    find = sources.raw_clip
    path_of = {
        row["clip"]: row["path"]
        for table in sources.files["clips"]
        for row in read_table(table, CLIPS).to_pylist()
    }
    return lambda clip: read_audio(find(path_of[clip]), num_frames=sources.num_frames[clip])


def weights(sources: Sources) -> Reader:
    """The weights that the metric declares, read once; their SHA-256 stands in the score table."""
    states = {
        name: StateDict(given.sha256, read_state_dict(given.path, given.sha256))
        for name, given in sources.weights.items()
    }
    sources.metadata["weights"] = {name: state.sha256 for name, state in states.items()}
    return lambda clip: states


def sync_evaluator(sources: Sources) -> Reader:
    """The sync evaluator, read once; the SHA-256 of its file stands in the score table."""
    from talkface.models.sync_evaluator import SyncEvaluator

    return _evaluator(sources, SyncEvaluator)


def lip_reader(sources: Sources) -> Reader:
    """The lip reader, likewise."""
    from talkface.models.lip_reader import LipReader

    return _evaluator(sources, LipReader)


def _evaluator(sources: Sources, kind: type[Network]) -> Reader:
    from talkface.artifacts.weights import load_model

    [path] = sources.files[kind.name]
    judge = Evaluator(sha256_of(path), load_model(path, kind))
    sources.metadata["weights"] = {kind.name: judge.sha256}
    return lambda clip: judge


class _Pictures:
    """A clip's pictures, kept as PNG and decoded when asked for: of a short clip once for all metrics."""

    def __init__(self, table: ClipTable, clip: str):
        self._contents: list[bytes] = table.read(clip, ["image"])["image"].to_pylist()
        self._decoded: dict[int, npt.NDArray[np.uint8]] = {}

    def __len__(self) -> int:
        return len(self._contents)

    def __getitem__(self, which: slice, /) -> npt.NDArray[np.uint8]:
        return np.stack([self._picture(frame) for frame in range(*which.indices(len(self)))])

    def _picture(self, frame: int) -> npt.NDArray[np.uint8]:
        if (kept := self._decoded.get(frame)) is not None:
            return kept
        picture = decode_png(self._contents[frame])
        if len(self) <= _KEPT_FRAMES:
            self._decoded[frame] = picture
        return picture


def _mesh(table: ClipTable, clip: str) -> Mesh:
    columns = table.read(clip, ["points", "detected"])
    points_TP3 = vectors(columns, "points").reshape(-1, NUM_POINTS, 3)
    return Mesh(points_TP3, columns["detected"].to_numpy().astype(bool))


def _units(table: ClipTable, clip: str) -> Units:
    columns = table.read(clip, ["presence", "normalised", "detected"])
    presence_TA = np.array(columns["presence"].to_pylist(), dtype=bool).reshape(-1, len(AU_NAMES))
    detected_T = columns["detected"].to_numpy().astype(bool)
    return Units(presence_TA, vectors(columns, "normalised"), detected_T)


def _label(labeller: Labeller, shown: ClipFrames, true_aus: Path, threshold: float, true: Units) -> Units:
    """On the scale of the true clip's speaker; missed frames have what the first true frame has."""
    found = labeller.label(shown)
    statistics = Statistics.from_dict(read_metadata(true_aus)["statistics"][speaker_of(shown.clip)])
    intensity_TA = labeller.normalise(found.raw, statistics)
    presence_TA = intensity_TA >= threshold if found.presence is None else found.presence
    seen_T1 = found.detected[:, None]
    return Units(
        np.where(seen_T1, presence_TA, true.presence_TA[0]),
        np.where(seen_T1, intensity_TA, true.intensity_TA[0]),
        found.detected,
    )
