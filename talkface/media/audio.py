"""Reads sound from any media file, with its own timing or aligned to the video frames."""

from __future__ import annotations

import io
import logging
import os
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import ffmpeg
import numpy as np

from talkface.media.ffmpeg import Child, MediaError, address, existing
from talkface.media.probe import sound_offset_s, sound_track
from talkface.media.tracks import SILENT, SoundTrack, channels

__all__ = ["MediaError", "SoundFile", "read_audio"]

logger = logging.getLogger(__name__)

_PIECE_SAMPLES = 1 << 18
_SAMPLE_BYTES = 4
_LOST = 0.2
"""Channels cancel each other if their average keeps less than this share of what it keeps where one of N
channels sounds alone: 1 / N^2 of its power."""


def read_audio(
    path: str | Path, *, sample_rate: int = 16_000, num_frames: int | None = None, fps: int = 25
) -> np.ndarray:
    """Decode the sound to one channel: that of the track that :func:`sound_track` tells.

    Channels are averaged. Where they cancel each other (out of phase), the loudest is taken instead.

    With ``num_frames`` the picture is the clock: sample 0 sounds while frame 0 begins to be shown, by the
    presentation times in the file, and the sound is padded with silence or trimmed to the picture's length.
    A GRID clip, for one, has 75 frames and 74.45 frames of sound.

    Args:
        path: a clip or a sound file of any format.
        sample_rate: of the result, in Hz.
        num_frames: length of the picture in frames; None: the whole sound as it is.
        fps: frames per second of ``num_frames``.

    Returns:
        float32 samples, full scale 1; with ``num_frames`` exactly ``round(num_frames / fps * sample_rate)``.

    Raises:
        MediaError: no such file, no sound, or a damaged stream.
    """
    track = sound_track(path)
    content = io.BytesIO()
    _decode(path, track, sample_rate, content)
    samples = np.frombuffer(content.getvalue(), "<f4").astype(np.float32)
    if num_frames is None:
        return samples
    offset = round(sound_offset_s(path) * sample_rate)
    return place(samples, offset, round(num_frames / fps * sample_rate))


def place(samples: np.ndarray, offset: int, length: int) -> np.ndarray:
    """Put samples [S] at ``offset`` (negative: their beginning is cut) of ``length`` samples of silence."""
    placed = np.zeros(length, np.float32)
    begin, end = max(offset, 0), min(offset + len(samples), length)
    if begin < end:
        placed[begin:end] = samples[begin - offset : end - offset]
    return placed


class SoundFile:
    """The sound of a file of any length, decoded once into a scratch file of which any part can be read.

    The scratch file has no name and goes with this object; memory does not grow with the length. Track and
    channels are chosen as by :func:`read_audio`.

    Args:
        path: a clip or a sound file of any format.
        sample_rate: of what is read, in Hz.

    Raises:
        MediaError: as :func:`read_audio`.
    """

    def __init__(self, path: str | Path, *, sample_rate: int = 16_000):
        self.path = Path(path)
        self.track = sound_track(path)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this object
        weakref.finalize(self, self._file.close)
        level = _decode(path, self.track, sample_rate, self._file)
        self._file.flush()
        self.num_samples = self._file.tell() // _SAMPLE_BYTES
        self.silent = level.peak <= SILENT

    def read(self, start: int, stop: int) -> np.ndarray:
        """float32 samples ``start`` to ``stop``; silence before the beginning and after the end."""
        begin, end = max(start, 0), min(stop, self.num_samples)
        samples = np.zeros(stop - start, np.float32)
        if begin < end:
            content = os.pread(self._file.fileno(), (end - begin) * _SAMPLE_BYTES, begin * _SAMPLE_BYTES)
            samples[begin - start : end - start] = np.frombuffer(content, "<f4")
        return samples


class _Level:
    """How loud the channels of a sound are that comes in pieces [S, C]."""

    def __init__(self) -> None:
        self.peak = 0.0
        self._count = 0
        self._sum_C, self._squares_C = np.zeros(1), np.zeros(1)

    def add(self, piece_SC: np.ndarray) -> None:
        self.peak = max(self.peak, float(np.abs(piece_SC).max()))
        self._count += len(piece_SC)
        self._sum_C = self._sum_C + piece_SC.sum(0, dtype=np.float64)
        self._squares_C = self._squares_C + np.square(piece_SC, dtype=np.float64).sum(0)

    def power(self) -> np.ndarray:
        """Mean square of each channel [C] about its mean: a constant offset is not heard."""
        count = max(self._count, 1)
        return self._squares_C / count - np.square(self._sum_C / count)


def _decode(path: str | Path, track: SoundTrack, sample_rate: int, target: BinaryIO) -> _Level:
    """Write the sound to an empty file, as one channel of float32; how loud it is."""
    if track.number > 1:
        why = "marked as the default" if track.default else "the first that is not silent"
        logger.warning("%r: its sound is track %d of %d, %s", str(path), track.number, track.count, why)
    level = _write(_decoded(path, track, sample_rate), target)
    channel = None if track.mono else _instead_of_average(path, track, sample_rate, level)
    if channel is None:
        return level
    logger.warning("%r: its channels cancel each other; channel %d is taken alone", str(path), channel + 1)
    target.seek(0)
    target.truncate()
    return _write(_decoded(path, track, sample_rate, channel), target)


def _write(pieces: Iterator[bytearray], target: BinaryIO) -> _Level:
    level = _Level()
    for content in pieces:
        target.write(content)
        level.add(np.frombuffer(content, "<f4")[:, None])
    return level


def _instead_of_average(path: str | Path, track: SoundTrack, sample_rate: int, average: _Level) -> int | None:
    """The number of the loudest channel, from 0, where the channels' average lost nearly all of it."""
    level = _Level()
    for piece_SC in channels(path, track, sample_rate):
        level.add(piece_SC)
    power_C = level.power()
    lost = average.power()[0] < _LOST / len(power_C) ** 2 * power_C.max()
    return int(power_C.argmax()) if lost else None


def _decoded(
    path: str | Path, track: SoundTrack, sample_rate: int, channel: int | None = None
) -> Iterator[bytearray]:
    """The sound as it comes from the decoder, in whole samples: one channel, or the average of all."""
    source = ffmpeg.input(address(existing(path)), threads=1)[str(track.stream)]
    alone = "" if channel is None else f"pan=mono|c0=c{channel},"
    # async=1: holes in the timestamps become silence, overlaps are cut, nothing is stretched.
    # rematrix_maxval=1: channels are averaged; by default two loud ones add up beyond 1.
    sink = ffmpeg.output(
        source, "pipe:1", af=f"{alone}aresample={sample_rate}:async=1:rematrix_maxval=1", ac=1,
        ar=sample_rate, format="f32le", acodec="pcm_f32le",
    )  # fmt: skip
    with Child(sink, path) as child:
        delivered = False
        while content := child.read(_PIECE_SAMPLES * _SAMPLE_BYTES):
            delivered = True
            yield content
        child.finish_decoding(delivered=delivered)
    if not delivered:
        raise MediaError("no sound", path)
