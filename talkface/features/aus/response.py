"""Does a labeller tell the units apart? Faces of known AUs, each unit driven alone.

Shapes: A = 5 AUs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from talkface.features.aus.geometric import normalise, raw_intensities, speaker_statistics
from talkface.features.faces import FaceMesh

Draw = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.uint8]]
"""AU intensities ``[5]``, 0-5 -> picture ``[H, W, 3]`` of one and the same person."""

_SETTLING_FRAMES = 3  # the mesh follows a face: a still is shown to it a few times


def response_matrix(
    people: Sequence[Draw], levels: Sequence[float] = (1.25, 2.5, 3.75, 5.0)
) -> npt.NDArray[np.float64]:
    """Normalised intensity ``[5 driven, 5 measured]`` that the geometric labeller gives at the highest level.

    Every person is drawn at rest and with each unit alone at each level; the person's statistics are those of
    the drawn pictures, rest as often as all others together. Mean over people.
    """
    matrices = []
    with FaceMesh() as mesh:
        for draw in people:
            driven = [level * np.eye(5)[unit] for unit in range(5) for level in levels]
            pictures = [np.zeros(5), *driven]
            raw = np.concatenate([raw_intensities(_settled(mesh, draw(aus))[None]) for aus in pictures])
            statistics = speaker_statistics(
                np.concatenate([np.repeat(raw[:1], len(driven), axis=0), raw[1:]])
            )
            measured = normalise(raw[1:], statistics).reshape(5, len(levels), 5)
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


def _settled(mesh: FaceMesh, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    mesh.reset()
    points = None
    for _ in range(_SETTLING_FRAMES):
        points = mesh.detect(picture)
    if points is None:
        raise ValueError("no face found in a drawn picture")
    return points
