"""Sound of files that strangers send: decoded with little memory, little time, and by what they contain.

The program guesses a file's kind from its content, and some kinds (playlists, scripts) name other files,
which it would open. Here the kind is told by the first bytes, from a list of kinds that hold everything
themselves, and the program is told to use that one.
"""

from __future__ import annotations

import math
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import ffmpeg

from talkface.media.audio import SoundFile
from talkface.media.ffmpeg import Child, MediaError, address, existing
from talkface.media.tracks import SoundTrack, listed_tracks

if sys.platform == "linux":
    from resource import RLIMIT_AS, RLIMIT_CPU, prlimit

SOUND_KINDS = "WAV, MP3, M4A, OGG, FLAC, AIFF, WebM, MP4, MKV, MOV, AVI or MPEG"
"""What people call the kinds that are taken."""
_BEGINNINGS = (
    (b"fLaC", 0, "flac"),
    (b"OggS", 0, "ogg"),
    (b"\x1a\x45\xdf\xa3", 0, "matroska"),
    (b"caff", 0, "caf"),
    (b".snd", 0, "au"),
    (b"#!AMR", 0, "amr"),
    (b"FLV\x01", 0, "flv"),
    (b"\x00\x00\x01\xba", 0, "mpeg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", 0, "asf"),
    (b"WAVE", 8, "wav"),
    (b"AVI ", 8, "avi"),
    (b"AIFF", 8, "aiff"),
    (b"AIFC", 8, "aiff"),
    *((box, 4, "mov") for box in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")),
)
"""Bytes, where they stand, and the program's name for files with them."""
_WRAPPED = {b"WAVE": (b"RIFF", b"RF64"), b"AVI ": (b"RIFF",), b"AIFF": (b"FORM",), b"AIFC": (b"FORM",)}
_TS_PACKET = 188
_MOST_STREAMS = 64
_MOST_TRACKS = 8
_MOST_HZ, _CALM_HZ = 96_000, 48_000
_MEMORY_BYTES = 2_000_000_000
"""Of address space: the program itself maps a few hundred megabytes."""
_PROCESSOR_S = 60
_SILENCE_S = 90.0
_LEAST_S = 0.1
_NO_SOUND = "there is no sound in it; give a file with speech"
_FEW = ("mono", "stereo", "1 channels", "2 channels")


class LimitedChild(Child):
    """A run of the program with an upper bound of memory and of processor time (on Linux)."""

    def __init__(self, stream: Any, path: Path, *, verbosity: str = "error"):
        super().__init__(stream, path, verbosity=verbosity, silence_s=_SILENCE_S)
        if sys.platform == "linux":
            with suppress(ProcessLookupError):  # it has ended already
                prlimit(self._process.pid, RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
                prlimit(self._process.pid, RLIMIT_CPU, (_PROCESSOR_S, _PROCESSOR_S + 5))


def kind_of_sound(path: Path) -> str | None:
    """The program's name for what a file is, by its first bytes; None: not a kind that is taken."""
    with existing(path).open("rb") as file:
        begin = file.read(10)
        if begin[:3] == b"ID3" and len(begin) == 10:  # a tag, of a length in four times seven bits
            file.seek(10 + sum((byte & 0x7F) << 7 * (3 - place) for place, byte in enumerate(begin[6:])))
            return _of_frames(file.read(2)) or "mp3"
        file.seek(0)
        begin = file.read(2 * _TS_PACKET + 1)
    for magic, at, kind in _BEGINNINGS:
        if begin[at : at + len(magic)] == magic and begin[:4] in _WRAPPED.get(magic, (begin[:4],)):
            return kind
    if len(begin) > 2 * _TS_PACKET and all(begin[n * _TS_PACKET] == 0x47 for n in range(3)):
        return "mpegts"
    return _of_frames(begin[:2])


def _of_frames(begin: bytes) -> str | None:
    """MP3 and ADTS have no header: each frame begins with eleven or twelve set bits."""
    if len(begin) < 2 or begin[0] != 0xFF or begin[1] & 0xE0 != 0xE0:
        return None
    layer = begin[1] & 0x06
    if layer:
        return "mp3" if begin[1] & 0x18 != 0x08 else None
    return "aac" if begin[1] & 0xF0 == 0xF0 else None


def copy_sound(path: Path, target: Path, *, most_seconds: float) -> float:
    """Decode the sound of a file that may be hostile into a WAV file of our own.

    It is the track that :func:`talkface.media.probe.sound_track` would choose, at its own sample rate (up to
    96 kHz), in one or two channels.

    Args:
        path: what was sent.
        target: a ``.wav`` file.
        most_seconds: no longer sound is taken.

    Returns:
        Its length in seconds.

    Raises:
        ValueError: naming what is wrong, without the file's name: no kind that is taken, damaged, without
            sound, too long, too short, or one that took too much memory or time.
    """
    kind = kind_of_sound(path)
    if kind is None:
        raise ValueError(f"not a sound or film of a kind that is taken here; give {SOUND_KINDS}")
    tracks = _tracks(path, kind)
    if len(tracks) > _MOST_TRACKS:
        raise ValueError(f"it has {len(tracks)} sound tracks; give a file with one (at most {_MOST_TRACKS})")
    ordered = sorted(tracks, key=lambda track: not track.default)
    for track in ordered:
        _decode(path, kind, track, target, most_seconds)
        if len(ordered) == 1 or not _read(target).silent:
            break
    else:
        _decode(path, kind, ordered[0], target, most_seconds)
    seconds = _seconds(target)
    if seconds > most_seconds:
        raise ValueError(f"longer than {most_seconds:g} s; cut it, or begin with a shorter one")
    if seconds < _LEAST_S:
        raise ValueError(f"shorter than {_LEAST_S:g} s; give a sound with speech in it")
    return seconds


def _input(path: Path, kind: str) -> Any:
    return ffmpeg.input(
        address(path), format=kind, protocol_whitelist="file", threads=1, max_streams=_MOST_STREAMS,
        probesize=5_000_000, analyzeduration=10_000_000,
    )  # fmt: skip


def _tracks(path: Path, kind: str) -> list[SoundTrack]:
    sink = ffmpeg.output(_input(path, kind)["a?"], "pipe:1", format="null", t=0)
    with LimitedChild(sink, path, verbosity="info") as child:
        child.read_all()
        status, log = child.finish()
    tracks = listed_tracks(path, log)
    if "max_streams" in log:
        raise ValueError(f"more than {_MOST_STREAMS} streams are in it; give a file with sound alone")
    if not tracks and "Input #0" in log:
        raise ValueError(_NO_SOUND)
    if not tracks:
        raise ValueError(f"damaged, or not what it begins as{_stopped(status)}; give {SOUND_KINDS}")
    return tracks


def _decode(path: Path, kind: str, track: SoundTrack, target: Path, most_seconds: float) -> None:
    rate = track.sample_rate if 0 < track.sample_rate <= _MOST_HZ else _CALM_HZ
    more = {} if track.layout in _FEW else {"ac": 2}
    # async=1: holes in the timestamps become silence, as where a sound is read that nobody doubts
    sink = ffmpeg.output(
        _input(path, kind)[str(track.stream)], address(target), format="wav", acodec="pcm_f32le", ar=rate,
        af=f"aresample={rate}:async=1:rematrix_maxval=1", t=most_seconds + 1, map_metadata=-1, **more,
    ).overwrite_output()  # fmt: skip
    with LimitedChild(sink, path) as child:
        child.read_all()
        try:
            child.finish_decoding(delivered=target.is_file() and target.stat().st_size > 0)
        except MediaError as error:
            raise ValueError(f"its sound is damaged ({error.detail}); give another copy of it") from error


def _stopped(status: int) -> str:
    return " (stopped: too much memory or time)" if status < 0 else ""


def _read(path: Path) -> SoundFile:
    try:
        return SoundFile(path)
    except MediaError as error:  # of our own file, which is empty then
        raise ValueError(_NO_SOUND) from error


def _seconds(path: Path) -> float:
    return math.floor(1000 * _read(path).num_samples / 16_000) / 1000
