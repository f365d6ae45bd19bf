"""Sound out of any media file, on its own clock or on the picture's."""

from __future__ import annotations

from pathlib import Path

import ffmpeg
import numpy as np

from talkface.media.ffmpeg import Child, MediaError, address, existing
from talkface.media.probe import sound_offset_s

__all__ = ["MediaError", "read_audio"]


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


def _decode(path: str | Path, sample_rate: int) -> np.ndarray:
    source = ffmpeg.input(address(existing(path)), threads=1)["a:0"]
    # async=1: holes in the timestamps become silence, overlaps are cut, nothing is stretched.
    # rematrix_maxval=1: channels are averaged; by default two loud ones add up beyond 1.
    sink = ffmpeg.output(
        source, "pipe:1", af=f"aresample={sample_rate}:async=1:rematrix_maxval=1", ac=1, ar=sample_rate,
        format="f32le", acodec="pcm_f32le",
    )  # fmt: skip
    with Child(sink, path) as child:
        content = child.read_all()
        if not content and "matches no streams" in child.finish()[1]:
            raise MediaError("no sound", path)
        child.finish_decoding(delivered=bool(content))
    if not content:
        raise MediaError("no sound", path)
    return np.frombuffer(content, "<f4").astype(np.float32, copy=False)
