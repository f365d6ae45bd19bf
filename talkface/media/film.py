"""Kinds of films that can be written: containers, encoders, and the sound each of them holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from talkface.media.ffmpeg import MediaError, address
from talkface.media.program import encoders
from talkface.media.tracks import SoundTrack

_FALLBACK_HZ = 48_000
_AAC_HZ = (
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
)  # fmt: skip
_OPUS_HZ = (48_000, 24_000, 16_000, 12_000, 8_000)
_H264 = ("libx264", "libopenh264", "h264_videotoolbox")
_FEW_CHANNELS = ("mono", "stereo", "1 channels", "2 channels", "downmix")


def _in_bt709(picture: Any) -> Any:
    """Colours are the mean of 2 x 2 pixels, without ringing. The file says its matrix, so that no player
    guesses."""
    scaled = picture.filter(
        "scale", out_color_matrix="bt709", out_range="tv", flags="area+accurate_rnd+full_chroma_inp"
    )
    named = {"colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709", "range": "tv"}
    return scaled.filter("format", "yuv420p").filter("setparams", **named)


def _with_palettes(picture: Any) -> Any:
    """A palette for each frame: one for all would need all frames in memory."""
    halves = picture.split()
    once, again = halves[0], halves[1]
    return ffmpeg.filter([again, once.filter("palettegen", stats_mode="single")], "paletteuse", new=1)


_QUALITY: Mapping[str, Mapping[str, Any]] = {
    "libx264": {"crf": 18, "preset": "veryfast"},
    "libvpx-vp9": {"crf": 18, "b:v": 0, "deadline": "good", "cpu-used": 5},
    "gif": {},
}


@dataclass(frozen=True)
class Kind:
    """What a film of one ending consists of."""

    muxer: str
    picture: tuple[str, ...]
    """Encoders that will do, the best first."""
    converted: Callable[[Any], Any]
    """RGB frames -> what the encoder takes, as streams of ffmpeg-python."""
    even: bool = False
    """Whether rows and columns must be even in number, as 2 x 2 pixels share a colour."""
    sound: tuple[str, ...] = ()
    """Likewise; empty: it holds no sound."""
    rates_hz: tuple[int, ...] = ()
    """Sample rates that its sound may have."""
    options: Mapping[str, Any] = field(default_factory=dict)


KINDS: Mapping[str, Kind] = {
    ".mp4": Kind("mp4", _H264, _in_bt709, True, ("aac",), _AAC_HZ, {"movflags": "+faststart"}),
    ".mkv": Kind("matroska", _H264, _in_bt709, True, ("aac",), _AAC_HZ),
    ".webm": Kind("webm", ("libvpx-vp9",), _in_bt709, True, ("libopus",), _OPUS_HZ),
    ".gif": Kind("gif", ("gif",), _with_palettes),
}
"""By the ending of the file's name."""


@dataclass(frozen=True)
class OriginalSound:
    """A track of another file, for a film: as it is, cut or padded with silence to the film's length."""

    path: Path
    track: SoundTrack
    seconds: float


@dataclass(frozen=True)
class Still:
    """A picture of which one part moves. What keeps still is handed over and converted once for a film."""

    picture_HW3: np.ndarray
    top: int
    """First row of the part; even, as is ``left``. The part's sides are even too, or end with the picture."""
    left: int
    """First column of the part."""

    def filled(self, part_hw3: np.ndarray) -> np.ndarray:
        """The whole picture with what the part shows."""
        whole_HW3 = self.picture_HW3.copy()
        rows, columns = part_hw3.shape[:2]
        whole_HW3[self.top : self.top + rows, self.left : self.left + columns] = part_hw3
        return whole_HW3


def kind_of(path: str | Path) -> Kind:
    """The kind that a name's ending asks for.

    Raises:
        ValueError: no kind has this ending.
        MediaError: the program lacks an encoder for it.
    """
    kind = KINDS.get(Path(path).suffix.lower())
    if kind is None:
        raise ValueError(f"{str(path)!r}: a film's name ends in {', '.join(KINDS)}; choose one of these")
    for wanted in filter(None, (kind.picture, kind.sound)):
        _encoder(wanted)
    return kind


def _encoder(wanted: tuple[str, ...]) -> str:
    for name in wanted:
        if name in encoders():
            return name
    remedy = f"it needs one of {', '.join(wanted)}: install a full build, or set media.ffmpeg to 'wheel'"
    raise MediaError("no such encoder", "ffmpeg", remedy)


def picture_options(kind: Kind) -> dict[str, Any]:
    """How the program encodes RGB frames; the same frames give the same bytes (one thread, no dates)."""
    encoder = _encoder(kind.picture)
    return {
        "format": kind.muxer, "vcodec": encoder, "threads": 1, "fflags": "+bitexact",
        "flags:v": "+bitexact", "map_metadata": -1, "map_chapters": -1,
        **_QUALITY.get(encoder, {"b:v": "2M"}), **kind.options,
    }  # fmt: skip


def samples_input(file: Path, sample_rate: int, kind: Kind) -> tuple[Any, dict[str, Any]]:
    """The stream of a file of float32 samples, one channel, and how to encode it."""
    stream = ffmpeg.input(address(file), format="f32le", ar=sample_rate, ac=1)["a:0"]
    return stream, {"b:a": "128k", **_sound_options(kind)}


def original_input(sound: OriginalSound, kind: Kind) -> tuple[Any, dict[str, Any]]:
    """The stream of a track of another file, and how to encode it.

    It keeps its sample rate, if this kind of film holds it (otherwise 48 kHz), and one or two channels; more
    are mixed to two.
    """
    track = sound.track
    rate = track.sample_rate if track.sample_rate in kind.rates_hz else _FALLBACK_HZ
    # As the sound is read: holes become silence, and its first sample belongs to the first frame.
    filters = f"aresample={rate}:async=1:rematrix_maxval=1,asetpts=N/SR/TB,apad,atrim=end={sound.seconds}"
    options = {"af": filters, "ar": rate, "b:a": "192k", **_sound_options(kind)}
    if track.layout not in _FEW_CHANNELS:
        options["ac"] = 2
    return ffmpeg.input(address(sound.path), threads=1)[str(track.stream)], options


def _sound_options(kind: Kind) -> dict[str, Any]:
    return {"acodec": _encoder(kind.sound), "flags:a": "+bitexact"}
