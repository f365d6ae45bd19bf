"""Which of a file's sound tracks is heard, and its channels one by one."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import ffmpeg
import numpy as np

from talkface.media.ffmpeg import Child, address, existing

SILENT = 1e-4
"""A sound that never exceeds this amplitude (3 steps of 16 bits) is no sound worth the name."""
_LINE = re.compile(r"(?m)^ {2,4}Stream #0:(\d+)(?:\[0x[0-9a-f]+\])?(?:\(.*?\))?: Audio: (.*)$")
_FORMAT = re.compile(r"(\d+) Hz, ([^,]+)")
_AFTER_INPUT = re.compile(r"(?m)^(?:Stream mapping:|Output #0)")
_AU_HEADER = struct.Struct(">4s5I")  # magic, where the samples begin, size, encoding, sample rate, channels
_PIECE_SAMPLES = 1 << 16


@dataclass(frozen=True)
class SoundTrack:
    """One of a file's sound tracks."""

    stream: int
    """Its number among all streams of the file, from 0."""
    number: int
    """Its number among the sound tracks, from 1."""
    count: int
    """How many sound tracks the file has."""
    sample_rate: int
    """In Hz; 0 where the file tells none."""
    layout: str
    """Of its channels, in the program's words, such as ``mono``, ``stereo`` or ``5.1(side)``."""
    default: bool
    """Marked as the one to play."""

    @property
    def mono(self) -> bool:
        """Whether it has one channel."""
        return self.layout in ("mono", "1 channels")


def listed_tracks(path: str | Path, log: str) -> list[SoundTrack]:
    """The sound tracks of a file, by what the program prints on opening it; empty for one without sound."""
    # The name is printed as it is, line breaks and all, and may look like a list of streams: skip it.
    name = os.fsencode(address(path)).decode(errors="replace")
    listing = _AFTER_INPUT.split(log.partition(name)[2] or log)[0]
    lines = _LINE.findall(listing)
    return [
        _track(int(stream), text, number, len(lines)) for number, (stream, text) in enumerate(lines, start=1)
    ]


def _track(stream: int, text: str, number: int, count: int) -> SoundTrack:
    told = _FORMAT.search(text)
    rate, layout = (int(told[1]), told[2].strip()) if told else (0, "")
    return SoundTrack(stream, number, count, rate, layout, " (default)" in text)


def heard(path: str | Path, tracks: Sequence[SoundTrack]) -> SoundTrack:
    """The track that a player would play: the default one, if it is not silent.

    Otherwise the first track that is not silent; where all are, the default one or the first.
    """
    marked = [track for track in tracks if track.default][:1]
    ordered = [*marked, *(track for track in tracks if track not in marked)]
    if len(ordered) == 1:
        return ordered[0]
    return next((track for track in ordered if _has_sound(path, track)), ordered[0])


def _has_sound(path: str | Path, track: SoundTrack) -> bool:
    # What cannot be decoded gives no samples here: it counts as silent.
    return any(np.abs(piece_SC).max() > SILENT for piece_SC in channels(path, track))


def channels(path: str | Path, track: SoundTrack, sample_rate: int | None = None) -> Iterator[np.ndarray]:
    """The samples [S, channels] of a track, float32, piece by piece, in bounded memory.

    Args:
        path: a clip or a sound file of any format.
        track: one of :func:`listed_tracks`.
        sample_rate: in Hz; None: the track's own.
    """
    source = ffmpeg.input(address(existing(path)), threads=1)[str(track.stream)]
    rate = {} if sample_rate is None else {"af": f"aresample={sample_rate}:async=1", "ar": sample_rate}
    # Sun's format carries the number of channels with it, so nothing rests on the names of layouts.
    sink = ffmpeg.output(source, "pipe:1", format="au", acodec="pcm_f32be", **rate)
    with Child(sink, path) as child:
        header = child.read(_AU_HEADER.size)
        if len(header) < _AU_HEADER.size:
            return
        _, begin, _, _, _, count = _AU_HEADER.unpack(header)
        child.read(begin - _AU_HEADER.size)
        while content := child.read(_PIECE_SAMPLES * count * 4):
            whole = len(content) // (4 * count) * count
            if whole:
                yield np.frombuffer(content, ">f4", whole).reshape(-1, count).astype(np.float32)
