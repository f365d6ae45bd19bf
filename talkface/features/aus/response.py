"""Tests whether a labeller separates the AUs: drawn faces with one active AU each.

Shapes: A = 5 AUs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from talkface.config import Faces
from talkface.features.aus.base import ClipFrames, Labeller
from talkface.features.faces import FaceMesh, track_face

Draw = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.uint8]]
"""AU intensities ``[5]``, 0-5 -> picture ``[H, W, 3]`` of one and the same person."""

_SETTLING_FRAMES = 3  # the mesh follows a face: a still is shown to it a few times


def response_matrix(
    people: Sequence[Draw], labeller: Labeller, levels: Sequence[float] = (1.25, 2.5, 3.75, 5.0)
) -> npt.NDArray[np.float64]:
    """Normalised intensity ``[5 driven, 5 measured]`` that a labeller gives at the highest level.

    Every person is drawn at rest and with each unit alone at each level; the person's statistics are those of
    the drawn pictures, rest as often as all others together. Mean over people.
    """
    matrices = []
    with FaceMesh(Faces()) as mesh:
        for draw in people:
            driven = [level * np.eye(5)[unit] for unit in range(5) for level in levels]
            pictures = [np.zeros(5), *driven]
            raw = np.concatenate([_label(labeller, mesh, draw(aus)) for aus in pictures])
            drawn = np.concatenate([np.repeat(raw[:1], len(driven), axis=0), raw[1:]])
            statistics = labeller.speaker_statistics(drawn, np.ones(len(drawn), bool))
            measured = labeller.normalise(raw[1:], statistics).reshape(5, len(levels), 5)
            matrices.append(measured[:, int(np.argmax(levels))])
    return np.mean(matrices, axis=0)


def told_apart(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Units ``[5]`` that are strictly diagonal-dominant.

    A unit outweighs all others together, in its row (what it is taken for) and in its column (what is taken
    for it).
    """
    diagonal = np.diag(matrix)
    others = np.abs(matrix - np.diag(diagonal))
    return (diagonal > others.sum(axis=1)) & (diagonal > others.sum(axis=0))


def _label(labeller: Labeller, mesh: FaceMesh, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Raw intensities ``[1, 5]`` of a picture; ``ValueError`` where the labeller sees no face."""
    track = track_face([picture] * _SETTLING_FRAMES, Faces(), 112, mesh)
    last = ClipFrames("drawn", track.points[-1:], track.detected[-1:], lambda: track.images[-1:])
    labels = labeller.label(last)
    if not labels.detected.all():
        raise ValueError("no face found in a drawn picture")
    return labels.raw
