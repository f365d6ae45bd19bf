"""How a face moves by one action unit: what a renderer that starts from the photo has not learned of it.

A renderer learns action units from speech, where some hardly vary and none varies alone. So it moves the face
too little for a unit that is set by hand, or moves other units along. But its shapes say how landmarks move
in speech, and the measures of the geometric labeller are linear in the landmarks, but for the depth of the
mouth's corners, which shapes do not have. So with enough shapes there is a mixture of them that changes one
measure and leaves the others as they are; the smallest such mixture adds what the renderer does not do.

Shapes: N frames, A action units in the order of ``AU_NAMES``, K shapes, P landmarks, E code.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from talkface.features.aus.geometric import measures_of_front
from talkface.features.landmarks import OUTER_EYES
from talkface.models.photo_trunk import PhotoTrunk

_DEVIATIONS = 2.0 * 5.0 / 3.5
"""Of a measure, from rest to intensity 5: a speaker's reach, called 3.5, is about two of them."""

_LEAST_SHARE = 0.2
"""Of the largest singular value: below, units cannot be told apart, and a mixture would be no likely face."""


class UnitShapes:
    """How much of each shape to add so that an action unit that is set shows.

    With few shapes (five units need five; there are 12) other units move along.

    Args:
        renderer: its shapes are as large as their deviation in the training, so a measure's deviation is the
            root of the sum of its squared changes by each shape.
    """

    def __init__(self, renderer: PhotoTrunk):
        change_KA = _changes(renderer.mean_P2, renderer.shape_KP2)
        deviation_A = np.sqrt((change_KA**2).sum(0))
        unit_KA = change_KA / np.maximum(_DEVIATIONS * deviation_A, 1e-6)
        self._unit_KA = torch.from_numpy(unit_KA).float()
        self._shape_AK = torch.from_numpy(np.linalg.pinv(unit_KA, rcond=_LEAST_SHARE)).float()

    def missing(self, wanted_NA: Tensor, answer_NK: Tensor) -> Tensor:
        """Sizes of the shapes to be added, [N, K].

        Args:
            wanted_NA: changes of fifths of intensities.
            answer_NK: how the renderer changes the sizes of its shapes by itself, when it is told of them. An
                answer that goes beyond what is wanted stays, and so does what it changes of other units.
        """
        unit_KA, shape_AK = self._unit_KA.to(wanted_NA.device), self._shape_AK.to(wanted_NA.device)
        missing_NA = wanted_NA.float() - answer_NK.float() @ unit_KA
        missing_NA = torch.where(missing_NA * wanted_NA > 0, missing_NA, 0.0)
        return missing_NA @ shape_AK


def _changes(mean_P2: Tensor, shape_KP2: Tensor) -> np.ndarray:
    """How each shape changes the measures of the mean face, which looks to the front: [K, A]."""
    mean, shape = mean_P2.double().cpu().numpy(), shape_KP2.double().cpu().numpy()
    eyes = max(np.linalg.norm(mean[OUTER_EYES[0]] - mean[OUTER_EYES[1]]), 1e-6)
    faces_NP2 = np.concatenate([mean[None], mean + shape]) / eyes
    measures_NA = measures_of_front(np.pad(faces_NP2, ((0, 0), (0, 0), (0, 1))))
    return measures_NA[1:] - measures_NA[0]
