"""What a media file says about itself, from decoding the first frame and the first piece of sound."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import ffmpeg

from talkface.media.ffmpeg import SQUARE_PIXELS, Child, MediaError, address, existing
from talkface.media.tracks import SoundTrack, heard, sound_tracks

_TICKS_PER_S = 90_000  # of the picture's times
_LEAD_S = 1000  # added to every time, so that no time is negative: the program would clip it to 0
_RATE = re.compile(r"config in time_base: \S+, frame_rate: (\d+)/(\d+)")
_DURATION = re.compile(r"^  Duration: (\d+):(\d+):([\d.]+), ", flags=re.MULTILINE)


@dataclass(frozen=True)
class _Beginning:
    """When the first frame and the first sample are presented (seconds), the frame's size, the log."""

    video_start_s: float | None
    audio_start_s: float | None
    width: int
    height: int
    log: str


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
    tracks = sound_tracks(path)
    begin = _beginning(path, heard(path, tracks) if tracks else None)
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
    tracks = sound_tracks(path)
    if not tracks:
        raise MediaError("no sound", path)
    return heard(path, tracks)


def sound_offset_s(path: str | Path, track: SoundTrack | None = None) -> float:
    """Seconds from the first frame's presentation to the first sample's; 0 for a file without a picture.

    Args:
        path: a clip or a sound file.
        track: whose first sample; None: of the track that is heard.

    Raises:
        MediaError: no such file, not a media file, or no sound in it.
    """
    begin = _beginning(path, sound_track(path) if track is None else track)
    if begin.audio_start_s is None:
        raise MediaError("no sound", path)
    return begin.audio_start_s - begin.video_start_s if begin.video_start_s is not None else 0.0


def _beginning(path: str | Path, track: SoundTrack | None) -> _Beginning:
    """Decode one frame of the picture and one piece of the sound, and note their times."""
    source = ffmpeg.input(address(existing(path)), threads=1, copyts=None)
    sound = "a:0" if track is None else str(track.stream)
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
    if not starts:
        last = [line for line in log.splitlines() if line.strip()][-1:]
        raise MediaError("not a readable media file", path, last[0] if last else f"exit status {status}")
    size = re.search(r"(?m)^#dimensions \d: (\d+)x(\d+)$", report)
    width, height = (int(size[1]), int(size[2])) if size else (0, 0)
    return _Beginning(starts.get("video"), starts.get("audio"), width, height, log)
