"""Reads sound from any media file, with its own timing or aligned to the video frames."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import ffmpeg
import numpy as np

from talkface.media.ffmpeg import Child, MediaError, address, existing
from talkface.media.probe import sound_offset_s

__all__ = ["MediaError", "SoundFile", "read_audio"]

_PIECE_SAMPLES = 1 << 18
_SAMPLE_BYTES = 4


def read_audio(
    path: str | Path, *, sample_rate: int = 16_000, num_frames: int | None = None, fps: int = 25
) -> np.ndarray:
    """Decode the sound to one channel.

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
    offset_s = 0.0 if num_frames is None else sound_offset_s(path)
    samples = _decode(path, sample_rate)
    if num_frames is None:
        return samples
    return place(samples, round(offset_s * sample_rate), round(num_frames / fps * sample_rate))


def place(samples: np.ndarray, offset: int, length: int) -> np.ndarray:
    """Put samples [S] at ``offset`` (negative: their beginning is cut) of ``length`` samples of silence."""
    placed = np.zeros(length, np.float32)
    begin, end = max(offset, 0), min(offset + len(samples), length)
    if begin < end:
        placed[begin:end] = samples[begin - offset : end - offset]
    return placed


class SoundFile:
    """The sound of a file of any length, decoded once into a scratch file of which any part can be read.

    The scratch file has no name and goes with this object; memory does not grow with the length.

    Args:
        path: a clip or a sound file of any format.
        sample_rate: of what is read, in Hz.

    Raises:
        MediaError: as :func:`read_audio`.
    """

    def __init__(self, path: str | Path, *, sample_rate: int = 16_000):
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this object
        for content in _decoded(path, sample_rate):
            self._file.write(content)
        self._file.flush()
        self.num_samples = self._file.tell() // _SAMPLE_BYTES

    def read(self, start: int, stop: int) -> np.ndarray:
        """float32 samples ``start`` to ``stop``; silence before the beginning and after the end."""
        begin, end = max(start, 0), min(stop, self.num_samples)
        samples = np.zeros(stop - start, np.float32)
        if begin < end:
            content = os.pread(self._file.fileno(), (end - begin) * _SAMPLE_BYTES, begin * _SAMPLE_BYTES)
            samples[begin - start : end - start] = np.frombuffer(content, "<f4")
        return samples

    def pieces(self, num_samples: int) -> Iterator[np.ndarray]:
        """The sound cut, or held in silence, to ``num_samples``, piece by piece."""
        for start in range(0, num_samples, _PIECE_SAMPLES):
            yield self.read(start, min(start + _PIECE_SAMPLES, num_samples))


def _decode(path: str | Path, sample_rate: int) -> np.ndarray:
    return np.frombuffer(bytearray().join(_decoded(path, sample_rate)), "<f4").astype(np.float32, copy=False)


def _decoded(path: str | Path, sample_rate: int) -> Iterator[bytearray]:
    """The sound as it comes from the decoder, in whole samples."""
    source = ffmpeg.input(address(existing(path)), threads=1)["a:0"]
    # async=1: holes in the timestamps become silence, overlaps are cut, nothing is stretched.
    # rematrix_maxval=1: channels are averaged; by default two loud ones add up beyond 1.
    sink = ffmpeg.output(
        source, "pipe:1", af=f"aresample={sample_rate}:async=1:rematrix_maxval=1", ac=1, ar=sample_rate,
        format="f32le", acodec="pcm_f32le",
    )  # fmt: skip
    with Child(sink, path) as child:
        delivered = False
        while content := child.read(_PIECE_SAMPLES * _SAMPLE_BYTES):
            delivered = True
            yield content
        if not delivered and "matches no streams" in child.finish()[1]:
            raise MediaError("no sound", path)
        child.finish_decoding(delivered=delivered)
    if not delivered:
        raise MediaError("no sound", path)
