"""Compares finished films with true ones by our metrics, whichever system made them.

Both films are cropped as clips are: each on its own face, frame by frame. So what is compared is the face in
the same place of a crop, however large and wherever it is in the film.

Shapes: T frames, S crop size, A action units.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from talkface.config import AuLabels, Faces, Mel, Video
from talkface.data.regions import mouth_box
from talkface.features.alignment import FaceError
from talkface.features.aus import ClipFrames, Labeller, open_labeller
from talkface.features.faces import FaceMesh, Track, track_face
from talkface.features.mel import log_mel
from talkface.media.audio import read_audio
from talkface.media.probe import probe
from talkface.media.video import read_frames
from talkface.metrics.catalogue import all_metrics
from talkface.metrics.clip import Clip, Mesh, Part, Units
from talkface.metrics.declaration import Score

MOST_DIFFERENT_FRAMES = 5
"""By how much two films may differ in length: a fifth of a second, which encoders add or drop."""


@dataclass(frozen=True)
class Means:
    """What films are read with: the sections of a configuration, by default those of an experiment."""

    video: Video = field(default_factory=Video)
    faces: Faces = field(default_factory=Faces)
    labels: AuLabels = field(default_factory=AuLabels)
    mel: Mel = field(default_factory=Mel)


def compare(name: str, film: Path, truth: Path, means: Means | None = None) -> dict[str, Score]:
    """Values of all metric families by their names in the score tables.

    Units are present on the scale of the true film alone. Words are not known: what is measured within them
    is measured over the whole film. Without sound in the true film, what needs it is left out.

    Raises:
        ValueError: naming the file, for one that cannot be read, shows no face, or is of another length.
    """
    means = means or Means()
    made, true = _tracked(film, means), _tracked(truth, means)
    lengths = len(made.images), len(true.images)
    if abs(lengths[0] - lengths[1]) > MOST_DIFFERENT_FRAMES:
        raise ValueError(
            f"{film}: {lengths[0]} frames at 25 a second, {truth} has {lengths[1]}: films of one "
            "length, from the same first frame on, can be compared; cut one of them"
        )
    num_frames = min(lengths)
    with closing(open_labeller(means.labels, means.faces)) as labeller:
        aus, true_aus = _units(labeller, made, true, means.labels.presence_threshold)
    parts: dict[Part, Any] = {
        "frames": made.images[:num_frames],
        "true_frames": true.images[:num_frames],
        "mouth_box": mouth_box(means.video.crop_size),
        "landmarks": Mesh(made.points[:num_frames], made.detected[:num_frames]),
        "true_landmarks": Mesh(true.points[:num_frames], true.detected[:num_frames]),
        "aus": _begun(aus, num_frames),
        "true_aus": _begun(true_aus, num_frames),
    }
    if probe(truth).has_audio:
        parts["mel"] = log_mel(read_audio(truth, num_frames=num_frames), means.mel)
    scores: dict[str, Score] = {}
    for family in all_metrics().values():
        if family.per == "clip" and not family.weights and set(family.needs) <= set(parts):
            own: dict[str, Any] = {part: parts[part] for part in family.needs}
            score: Any = family.score
            scores |= score(Clip(name, num_frames, **own))
    return scores


def _tracked(film: Path, means: Means) -> Track:
    try:
        with FaceMesh(means.faces) as mesh:
            frames = read_frames(film, means.video.fps, max_frames=means.faces.max_frames + 1)
            return track_face(frames, means.faces, means.video.crop_size, mesh)
    except FaceError as error:
        raise ValueError(f"{film}: {error}; films that show one face can be compared") from error


def _units(labeller: Labeller, made: Track, true: Track, threshold: float) -> tuple[Units, Units]:
    """Units on both films, on the scale of the true one; missed frames have those of the first true frame."""

    def labels_of(name: str, track: Track) -> ClipFrames:
        return ClipFrames(name, track.points, track.detected, partial(np.asarray, track.images))

    truth, found = labeller.label(labels_of("truth", true)), labeller.label(labels_of("film", made))
    scale = labeller.speaker_statistics(truth.raw, truth.detected)
    true_TA, made_TA = (labeller.normalise(labels.raw, scale) for labels in (truth, found))
    held_TA = np.where(found.detected[:, None], made_TA, true_TA[0])
    return (
        Units(held_TA >= threshold, held_TA, found.detected),
        Units(true_TA >= threshold, true_TA, truth.detected),
    )


def _begun(units: Units, frames: int) -> Units:
    """Those of the first frames."""
    return Units(units.presence_TA[:frames], units.intensity_TA[:frames], units.known_T[:frames])
