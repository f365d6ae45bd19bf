"""What a media file says about itself, from decoding the first frame and the first piece of sound."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import ffmpeg

from talkface.media.ffmpeg import Child, MediaError, address, existing

_VIDEO_FRAME = re.compile(r"\[Parsed_showinfo_0 @ \w+\] n: *\d+ .*?pts_time:(\S+) .*? s:(\d+)x(\d+) ")
_VIDEO_RATE = re.compile(r"\[Parsed_showinfo_0 @ \w+\] config in time_base: \S+, frame_rate: (\d+)/(\d+)")
_AUDIO_FRAME = re.compile(r"\[Parsed_ashowinfo_0 @ \w+\] n:\d+ .*?pts_time:(\S+) ")
_DURATION = re.compile(r"^  Duration: (\d+):(\d+):([\d.]+), ", flags=re.MULTILINE)


@dataclass(frozen=True)
class MediaInfo:
    """The picture's and the sound's format and where each begins on the file's own clock."""

    fps: float
    """Nominal frames per second; 0 where the file tells none."""
    width: int
    """Pixels, after the rotation that the file asks for."""
    height: int
    has_audio: bool
    video_start_s: float
    """Presentation time of the first frame."""
    audio_start_s: float | None
    """Presentation time of the first sample; None without sound."""
    duration_s: float | None
    """As the container tells, to 10 ms; None where it tells nothing."""


def probe(path: str | Path) -> MediaInfo:
    """Look at the beginning of a clip.

    Raises:
        MediaError: no such file, not a media file, or no picture in it.
    """
    text = _beginning(path)
    frame = _VIDEO_FRAME.search(text)
    if frame is None:
        raise MediaError("no picture", path)
    rate = _VIDEO_RATE.search(text)
    fps = Fraction(int(rate[1]), int(rate[2])) if rate and int(rate[2]) else Fraction(0)
    sound = _first_time(_AUDIO_FRAME, text)
    durations = _DURATION.findall(text)
    duration_s = None
    if durations:
        hours, minutes, seconds = durations[-1]
        duration_s = 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    return MediaInfo(
        fps=float(fps),
        width=int(frame[2]),
        height=int(frame[3]),
        has_audio=_AUDIO_FRAME.search(text) is not None,
        video_start_s=_first_time(_VIDEO_FRAME, text) or 0.0,
        audio_start_s=sound,
        duration_s=duration_s,
    )


def sound_offset_s(path: str | Path) -> float:
    """Seconds from the first frame's presentation to the first sample's; 0 for a file without a picture.

    Raises:
        MediaError: no such file, not a media file, or no sound in it.
    """
    text = _beginning(path)
    if _AUDIO_FRAME.search(text) is None:
        raise MediaError("no sound", path)
    if _VIDEO_FRAME.search(text) is None:
        return 0.0
    return (_first_time(_AUDIO_FRAME, text) or 0.0) - (_first_time(_VIDEO_FRAME, text) or 0.0)


def _first_time(pattern: re.Pattern[str], text: str) -> float | None:
    found = pattern.search(text)
    if found is None:
        return None
    try:
        return float(found[1])
    except ValueError:  # NOPTS: a raw stream, which begins at 0
        return 0.0


def _beginning(path: str | Path) -> str:
    """The program's report on the first frame of the picture and the first piece of the sound."""
    source = ffmpeg.input(address(existing(path)), threads=1, copyts=None)
    # "V" leaves out cover pictures; "?" lets either be absent.
    sink = ffmpeg.output(
        source["V:0?"], source["a:0?"], "-",
        format="null", vf="showinfo=checksum=0", af="ashowinfo", **{"frames:v": 1, "frames:a": 1},
    )  # fmt: skip
    with Child(sink, path, verbosity="info") as child:
        status, text = child.finish()
    if _VIDEO_FRAME.search(text) is None and _AUDIO_FRAME.search(text) is None:
        last = [line for line in text.splitlines() if line.strip()][-1:]
        raise MediaError("not a readable media file", path, last[0] if last else f"exit status {status}")
    return text
