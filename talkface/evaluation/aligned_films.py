"""Brings films of other systems onto the clock and into the crop of the true clips.

A film's clock is found by its sound: the true clip's sound is looked for in it. The film's picture is taken
to be in time with its own sound, so a system whose mouth is late stays late.

Shapes: T frames, S crop size, P mesh points, N samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.signal import correlate, correlation_lags

from talkface.config import Faces
from talkface.features.alignment import FaceError, Image, Tally, fit_similarity, template
from talkface.features.faces import FaceMesh, follow_face, mesh_crops
from talkface.features.landmarks import RIGID
from talkface.media.audio import read_audio
from talkface.media.probe import MediaInfo, sound_offset_s
from talkface.media.tracks import SILENT
from talkface.media.video import read_frames

FPS = 25
MOST_HELD_FRAMES = 5
"""So many true frames may have no picture in the film; its first or last one stands in their place."""
MOST_OFFSET_S = 2.0
"""How far the true clip's sound is looked for in the film's."""
LEAST_CORRELATION = 0.5
"""Of the film's sound with the true clip's. Copies through AAC, MP3 or Opus have 0.95 and more, other clips
of one speaker 0.3 and less."""

_RATE = 16_000
_TICKS = 5  # steps within a frame in which a film is read whose offset is not one of whole frames
_OWN_CROP = 0.025  # of the crop's side: how far the face may be from its place in a crop of ours


class FilmError(ValueError):
    """A film that cannot stand for its clip; ``reason`` is a phrase for the table of films."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Offset:
    """When the true clip begins on the film's clock."""

    seconds: float
    found: bool
    """By the sound; False: assumed."""
    correlation: float | None = None
    """Of the two sounds at that offset."""


def offset_of(film: Path, info: MediaInfo, true_sound: npt.NDArray[np.float32] | None) -> Offset:
    """Where the true clip's sound lies in the film.

    Args:
        film: its path.
        info: what the film tells of itself.
        true_sound: of the clip, ``[N]`` at 16 kHz, sample 0 at its first frame; None: it has none.

    Raises:
        FilmError: the film has another sound.
        MediaError: its sound cannot be read.
    """
    if not info.has_audio or true_sound is None:
        return Offset(0.0, False)
    heard = read_audio(film, sample_rate=_RATE)
    if min(np.abs(heard).max(initial=0), np.abs(true_sound).max(initial=0)) <= SILENT:
        return Offset(0.0, False)
    lead = sound_offset_s(film)
    lag, correlation = _lag(heard, true_sound, round(lead * _RATE))
    if correlation < LEAST_CORRELATION:
        raise FilmError(f"another sound than the clip's (correlation {correlation:.2f})")
    return Offset(lead + lag / _RATE, True, correlation)


def _lag(heard: npt.NDArray[np.float32], true: npt.NDArray[np.float32], lead: int) -> tuple[int, float]:
    """By how many samples the true sound is late in the heard one, and their correlation there.

    ``lead``: of the heard sound's first sample, on its picture's clock: offsets count from the picture.
    """
    one, other = heard.astype(np.float64), true.astype(np.float64)
    products = np.abs(correlate(one, other, mode="full", method="fft"))
    lags = correlation_lags(len(one), len(other), mode="full")
    products[np.abs(lags + lead) > MOST_OFFSET_S * _RATE] = 0
    best = int(products.argmax())
    lag = int(lags[best])
    begin, end = max(0, -lag), min(len(other), len(one) - lag)
    energy = (other[begin:end] ** 2).sum() * (one[begin + lag : end + lag] ** 2).sum()
    return lag, float(products[best] / np.sqrt(energy)) if energy > 0 else 0.0


@dataclass
class Reading:
    """How a film was read."""

    num_held: int = 0
    """True frames for which it has no picture."""


def pictures_on_clock(
    film: Path, offset: Offset, num_frames: int, reading: Reading
) -> Iterator[npt.NDArray[np.uint8]]:
    """The film's pictures at the times of the true clip's frames, RGB, exactly ``num_frames``.

    Other rates become 25 a second as in ``talkface.media.video.read_frames``; an offset is kept to 8 ms.

    Raises:
        FilmError: the film shows too few of the frames, or, where nothing tells when it begins, too many.
        MediaError: it cannot be read.
    """
    ticks = round(offset.seconds * FPS * _TICKS)
    whole = ticks % _TICKS == 0
    step = 1 if whole else _TICKS
    # The picture on show half a frame later, as at 25 frames a second.
    first = ticks // _TICKS if whole else ticks + _TICKS // 2
    most = first + step * (num_frames - 1) + 1 + (MOST_HELD_FRAMES + 1 if not offset.found else 0)
    shown = 0
    last: npt.NDArray[np.uint8] | None = None
    place = -1
    for place, picture in enumerate(read_frames(film, FPS * step, max_frames=max(most, 1))):
        last = picture
        while shown < num_frames and (wanted := first + step * shown) <= place:
            reading.num_held += wanted < place
            shown += 1
            yield picture
    if not offset.found and place + 1 > num_frames + MOST_HELD_FRAMES:
        raise FilmError(f"longer than the clip's {num_frames} frames, and no sound tells where it begins")
    assert last is not None, "the reader gives a picture or raises"
    reading.num_held += num_frames - shown
    if reading.num_held > MOST_HELD_FRAMES:
        raise FilmError(f"shows only {num_frames - reading.num_held} of the clip's {num_frames} frames")
    for _ in range(num_frames - shown):
        yield last


def cropped(
    pictures: Iterator[Image],
    info: MediaInfo,
    faces: Faces,
    crop_size: int,
    mesh: FaceMesh,
    as_they_are: bool,
) -> tuple[list[Image], Tally]:
    """The face of each picture as ``crop_faces`` cuts it out, ``[S, S, 3]``, and how often it was found.

    Films of the crop's size whose face lies where it lies in our crops are taken as they are, and with
    ``as_they_are`` all of that size.

    Raises:
        FilmError: pictures that should be crops are of another size.
        FaceError: no face can be followed.
    """
    tally = Tally()
    if (info.width, info.height) != (crop_size, crop_size):
        if as_they_are:
            raise FilmError(f"pictures of {info.width} x {info.height} pixels, crops have {crop_size}")
        return [frame.image for frame in follow_face(pictures, faces, crop_size, mesh, tally)], tally
    images = list(pictures)
    points_TP3, found_T = mesh_crops(images, faces)
    if as_they_are or (found_T.any() and _in_place(points_TP3[found_T], crop_size)):
        tally.num_frames, tally.num_detected = len(images), int(found_T.sum())
        return images, tally
    return [frame.image for frame in follow_face(images, faces, crop_size, mesh, tally)], tally


def _in_place(points_TP3: npt.NDArray[np.float32], crop_size: int) -> bool:
    """Whether a face lies where alignment would put it."""
    rigid_R2 = np.median(points_TP3[:, list(RIGID), :2].astype(np.float64), axis=0)
    target_R2 = template(crop_size)
    try:
        affine = fit_similarity(rigid_R2, target_R2)
    except FaceError:
        return False
    moved_R2 = target_R2 @ affine[:, :2].T + affine[:, 2]
    return bool(np.linalg.norm(moved_R2 - target_R2, axis=1).max() <= _OWN_CROP * crop_size)
