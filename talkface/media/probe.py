"""What a media file says about itself, from decoding the first frame and the first piece of sound."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import ffmpeg

from talkface.media.ffmpeg import SQUARE_PIXELS, Child, MediaError, address, existing
from talkface.media.tracks import SoundTrack, heard, listed_tracks

_TICKS_PER_S = 90_000  # of the picture's times
_LEAD_S = 1000  # added to every time, so that no time is negative: the program would clip it to 0
_RATE = re.compile(r"config in time_base: \S+, frame_rate: (\d+)/(\d+)")
_STORED = re.compile(r"fmt:(\w+) .*? s:(\d+)x(\d+) .*? color_space:(\w+) .*? color_trc:([\w-]+)", re.DOTALL)
_DURATION = re.compile(r"^  Duration: (\d+):(\d+):([\d.]+), ", flags=re.MULTILINE)


@dataclass(frozen=True)
class _Beginning:
    """When the first frame and the first sample are presented (seconds), the frame's size, the log."""

    video_start_s: float | None
    audio_start_s: float | None
    width: int
    height: int
    log: str
    problem: str
    """Why nothing could be decoded; "" if something was."""


class StoredPicture(NamedTuple):
    """The pixel format, the shorter side and the colours of a picture, in the program's words."""

    pixels: str
    rows: int
    """Of the camera or broadcast, which may be turned."""
    matrix: str
    transfer: str


@dataclass(frozen=True)
class MediaInfo:
    """The picture's and the sound's format and where each begins on the file's own clock."""

    fps: float
    """Nominal frames per second; 0 where the file tells none."""
    width: int
    """Pixels, after the rotation that the file asks for; square ones, as ``read_frames`` gives them."""
    height: int
    has_audio: bool
    video_start_s: float
    """Presentation time of the first frame."""
    audio_start_s: float | None
    """Presentation time of the first sample that is heard; None without sound."""
    duration_s: float | None
    """As the container tells, to 10 ms; None where it tells nothing."""


def probe(path: str | Path) -> MediaInfo:
    """Look at the beginning of a clip.

    Raises:
        MediaError: no such file, not a media file, or no picture in it.
    """
    begin, _ = _opened(path)
    if begin.video_start_s is None:
        raise MediaError("no picture", path)
    rate = _RATE.search(begin.log)
    durations = _DURATION.findall(begin.log)
    duration_s = None
    if durations:
        hours, minutes, seconds = durations[-1]
        duration_s = 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    return MediaInfo(
        fps=float(Fraction(int(rate[1]), int(rate[2]))) if rate and int(rate[2]) else 0.0,
        width=begin.width,
        height=begin.height,
        has_audio=begin.audio_start_s is not None,
        video_start_s=begin.video_start_s,
        audio_start_s=begin.audio_start_s,
        duration_s=duration_s,
    )


def sound_track(path: str | Path) -> SoundTrack:
    """The sound track that is heard: the default one, or the first that is not silent.

    Raises:
        MediaError: no such file, not a media file, or no sound in it.
    """
    _, track = _opened(path)
    if track is None:
        raise MediaError("no sound", path)
    return track


def sound_offset_s(path: str | Path) -> float:
    """Seconds from the first frame's presentation to that of the first sample that is heard; 0 for a file
    without a picture.

    Raises:
        MediaError: no such file, not a media file, or no sound in it.
    """
    begin, _ = _opened(path)
    if begin.audio_start_s is None:
        raise MediaError("no sound", path)
    return begin.audio_start_s - begin.video_start_s if begin.video_start_s is not None else 0.0


def stored_picture(path: str | Path) -> StoredPicture | None:
    """How the first frame of a clip is stored; None where there is none to be seen."""
    try:
        told = _STORED.search(_opened(path)[0].log)
    except MediaError:
        return None
    return None if told is None else StoredPicture(told[1], min(int(told[2]), int(told[3])), told[4], told[5])


def sound_tracks(path: str | Path) -> list[SoundTrack]:
    """The sound tracks of a file, as its container lists them; empty for a file without sound.

    Raises:
        MediaError: no such file.
    """
    return listed_tracks(path, _look(path, "a:0").log)


def _opened(path: str | Path) -> tuple[_Beginning, SoundTrack | None]:
    """The beginning of a file, and the sound track that is heard, if it has one."""
    tracks = sound_tracks(path)
    track = heard(path, tracks) if tracks else None
    begin = _look(path, "a:0" if track is None or track.number == 1 else str(track.stream))
    if begin.problem:
        raise MediaError("not a readable media file", path, begin.problem)
    return begin, track


def _look(path: str | Path, sound: str) -> _Beginning:
    status = existing(path).stat()
    return _beginning(address(path), (status.st_ino, status.st_mtime_ns, status.st_size), sound)


@functools.lru_cache(maxsize=4)
def _beginning(file: str, stamp: tuple[int, ...], sound: str) -> _Beginning:
    """Decode one frame of the picture and one piece of a sound stream, and note their times.

    ``stamp`` tells a file from an earlier one of its name: opening a file costs more than looking at it.
    """
    path = Path(file.removeprefix("file:"))
    source = ffmpeg.input(file, threads=1, copyts=None)
    # "V" leaves out cover pictures; "?" lets either be absent. Each stream is ended by its own filter:
    # "-frames" of one stream would end the other too, at times before its first frame.
    sink = ffmpeg.output(
        source["V:0?"], source[f"{sound}?"], "pipe:1", format="framecrc",
        vf=f"showinfo=checksum=0,{SQUARE_PIXELS},trim=end_frame=1,setpts=PTS+{_LEAD_S}/TB",
        af=f"atrim=end_sample=1,asetpts=PTS+{_LEAD_S}/TB",
        **{"enc_time_base:v": f"1:{_TICKS_PER_S}"},
    )  # fmt: skip
    with Child(sink, path, verbosity="info") as child:
        report = child.read_all().decode()
        status, log = child.finish()
    kinds = dict(re.findall(r"^#media_type (\d): (\w+)$", report, flags=re.MULTILINE))
    bases = {stream: Fraction(base) for stream, base in re.findall(r"(?m)^#tb (\d): (\d+/\d+)$", report)}
    starts: dict[str, float] = {}
    for stream, pts in re.findall(r"(?m)^(\d), *-?\d+, *(-?\d+),", report):
        starts.setdefault(kinds[stream], float(int(pts) * bases[stream] - _LEAD_S))
    last = [line for line in log.splitlines() if line.strip()][-1:]
    problem = "" if starts else last[0] if last else f"exit status {status}"
    size = re.search(r"(?m)^#dimensions \d: (\d+)x(\d+)$", report)
    width, height = (int(size[1]), int(size[2])) if size else (0, 0)
    return _Beginning(starts.get("video"), starts.get("audio"), width, height, log, problem)
