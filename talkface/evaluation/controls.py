"""The control rows: what a frozen, a late or a perfect mouth would score. Imports no torch.

Shapes: T frames, P mesh points, D coordinates, H rows, W columns.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from talkface.data.first_face import first_detected
from talkface.features.landmarks import lip_opening, mouth_points
from talkface.media.images import decode_png, encode_png

COPIES = ("static", "mean_mouth", "ground_truth", "early", "late", "loudness")
"""Controls that repeat true frames of the clip."""
CHANGED = ("blurred", "codec")
"""Controls whose frames are the true ones, each a little worse."""
BORROWED = ("other_clip", "other_face")
"""Controls that show the true frames of another clip: of the same speaker, or of another one."""

BLUR = 2 / 112
"""Standard deviation of the blur, as a share of the crop's side: two pixels of 112."""


class CodecError(ValueError):
    """The video codec gave back another number of frames than it was given."""


def shown_frames(
    method: str,
    points_TPD: np.ndarray,
    detected_T: list[bool],
    *,
    shift: int = 0,
    loudness_T: npt.NDArray[np.float64] | None = None,
) -> np.ndarray:
    """Which true frame a control shows at each frame, int ``[T]``.

    ``static``: the first with a detected face, held. ``mean_mouth``: the one whose mouth (20 points, centred
    on their mean) is nearest to the clip's mean mouth, held. ``ground_truth``: every frame itself. ``early``,
    ``late``: what is true ``shift`` frames later or earlier, the clip's ends held. ``loudness``: the frames
    in another order, so that the lips are open the wider the louder ``loudness_T``. Raises ``ValueError`` for
    another method.
    """
    num_frames = len(detected_T)
    if method == "ground_truth":
        return np.arange(num_frames)
    if method in ("early", "late"):
        moved_T = np.arange(num_frames) + (shift if method == "early" else -shift)
        return np.clip(moved_T, 0, num_frames - 1)
    if method == "loudness":
        assert loudness_T is not None
        shown_T = np.empty(num_frames, dtype=int)
        shown_T[np.argsort(loudness_T, kind="stable")] = np.argsort(lip_opening(points_TPD), kind="stable")
        return shown_T
    if method == "static":
        return np.full(num_frames, first_detected(detected_T))
    if method != "mean_mouth":
        raise ValueError(f"unknown control '{method}': choose from {COPIES}")
    mouth_TP2 = mouth_points(points_TPD).astype(np.float64)
    mouth_TP2 -= mouth_TP2.mean(axis=1, keepdims=True)
    distance_T = np.linalg.norm(mouth_TP2 - mouth_TP2.mean(axis=0), axis=-1).mean(axis=1)
    return np.full(num_frames, int(distance_T.argmin()))


def mean_mouth_points(points_TPD: np.ndarray) -> np.ndarray:
    """The true landmarks' mean over the clip at every frame: ``[T, P, D]``.

    No picture has exactly these points. They are those of an oracle that knows the whole clip and freezes its
    mouth in the middle: a stricter control for landmark distances than any frozen frame, tracked or not.
    """
    mean_PD = np.asarray(points_TPD, dtype=np.float64).mean(axis=0).astype(np.float32)
    return np.repeat(mean_PD[None], len(points_TPD), axis=0)


def blurred(images: Sequence[bytes]) -> list[bytes]:
    """Pictures (PNG) under a Gaussian blur of :data:`BLUR`."""
    import cv2  # not above: the other controls need none

    return [
        encode_png(cv2.GaussianBlur(picture, (0, 0), BLUR * picture.shape[0]))
        for picture in map(decode_png, images)
    ]


def through_codec(images: Sequence[bytes]) -> list[bytes]:
    """Pictures (PNG) as the gallery's films show them: H.264 in yuv420p, encoded and decoded again.

    Raises ``CodecError`` where frames get lost on the way.
    """
    from talkface.media.video import read_frames, write_video  # not above: the other controls need no program

    with tempfile.TemporaryDirectory(prefix="talkface_codec_") as folder:
        film = Path(folder) / "film.mp4"
        write_video(film, map(decode_png, images))
        height, width = decode_png(images[0]).shape[:2]
        decoded = [encode_png(frame[:height, :width]) for frame in read_frames(film)]
    if len(decoded) != len(images):
        raise CodecError(f"{len(decoded)} of {len(images)} frames came back from the video codec")
    return decoded


def lenders(method: str, borrowers: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    """Which clip of ``known`` each clip shows in its place, for the controls in ``BORROWED``.

    ``other_clip``: another one of the same speaker; ``other_face``: one of another speaker. The choice
    depends on the sorted names alone. A clip for which there is none is left out.
    """
    lent: dict[str, str] = {}
    for place, clip in enumerate(borrowers):
        own = _speaker(clip)
        if method == "other_clip":
            fitting = sorted(name for name in known if _speaker(name) == own and name != clip)
        else:
            fitting = sorted(name for name in known if _speaker(name) != own)
        if fitting:
            lent[clip] = fitting[place % len(fitting)]
    return lent


def held_to(num_frames: int, images: Sequence[bytes]) -> list[bytes]:
    """The first ``num_frames`` pictures; where there are fewer, the last one is held."""
    return [images[min(frame, len(images) - 1)] for frame in range(num_frames)]


def _speaker(clip: str) -> str:
    return clip.rpartition("/")[0]
