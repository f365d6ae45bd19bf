"""Reads and writes the frames of video files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from talkface.artifacts.atomic import explained
from talkface.media.ffmpeg import SQUARE_PIXELS, Child, MediaError, address, existing
from talkface.media.probe import MediaInfo, probe
from talkface.media.program import encoders, has_filter

__all__ = ["MediaError", "MediaInfo", "probe", "read_frames", "write_video"]

_MAX_HEADER_BYTES = 64
_TO_PLAIN_RANGE = (
    # White is between the 100 nits of old masters and the 203 of ITU-R BT.2408; more is pressed in.
    "zscale=t=linear:npl=118,format=gbrpf32le,zscale=p=bt709,tonemap=mobius:desat=0:param=0.3:peak=10,"
    "zscale=t=bt709:m=bt709:r=tv,format=yuv444p,"
)
_H264_ENCODERS = ("libx264", "libopenh264", "h264_videotoolbox")


def read_frames(
    path: str | Path,
    fps: int = 25,
    max_frames: int | None = None,
    *,
    high_dynamic_range: bool = False,
    silence_s: float | None = None,
) -> Iterator[np.ndarray]:
    """Decode a clip to a constant frame rate.

    Frame ``t`` is the picture on show at ``t / fps`` seconds, give or take half a frame, by the presentation
    times counted from the clip's first frame: other and variable rates neither drift nor lose the clock. The
    rotation that the file asks for is applied, and pixels are made square. ``high_dynamic_range`` (see
    ``MediaInfo``): brought to the range of a plain screen.

    Yields:
        RGB frames, height x width x 3, uint8, each an array of its own.

    Raises:
        MediaError: no such file, no picture, or, at the latest after the last frame, a damaged stream
            (whatever the decoder complains about); high dynamic range and a program without zscale.
    """
    if high_dynamic_range and not has_filter("zscale"):
        raise MediaError("high dynamic range, which this ffmpeg cannot convert", path, "no filter zscale")
    source = ffmpeg.input(address(existing(path)), threads=1)["V:0"]
    # Portable pixmaps carry their size with them, so no second process has to ask for it.
    options: dict[str, Any] = {
        "format": "image2pipe", "vcodec": "ppm", "pix_fmt": "rgb24", "threads": 1, "filter_threads": 1,
        "vf": f"{_TO_PLAIN_RANGE if high_dynamic_range else ''}{SQUARE_PIXELS},setpts=PTS-STARTPTS,"
        f"fps={fps}:round=near",
    }  # fmt: skip
    if max_frames is not None:
        options["frames:v"] = max_frames
    with Child(ffmpeg.output(source, "pipe:1", **options), path, silence_s=silence_s) as child:
        header, width, height = _read_header(child)
        if not header:
            _finish_empty(child)
        size = 3 * width * height
        pixels = child.read(size)
        while len(pixels) == size:
            yield np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
            if child.read(len(header)) != header:
                break
            pixels = child.read(size)
        child.finish_decoding(delivered=True)


def _read_header(child: Child) -> tuple[bytes, int, int]:
    """The first pixmap's header (``P6 <width> <height> 255``); empty when there is no picture."""
    header = b""
    while header.count(b"\n") < 3 and len(header) < _MAX_HEADER_BYTES:
        byte = child.read(1)
        if not byte:
            return b"", 0, 0
        header += byte
    magic, width, height, depth = header.split()
    assert (magic, depth) == (b"P6", b"255"), f"unexpected pixmap header {header!r}"
    return header, int(width), int(height)


def _finish_empty(child: Child) -> None:
    status, text = child.finish()
    if "matches no streams" in text:
        raise MediaError("no picture", child.path)
    child.finish_decoding(delivered=False)
    raise MediaError("no picture", child.path, f"exit status {status}, no frame decoded")


def write_video(
    path: str | Path,
    frames: Iterable[np.ndarray],
    *,
    fps: int = 25,
    audio: np.ndarray | Iterable[np.ndarray] | None = None,
    sample_rate: int = 16_000,
) -> None:
    """Write an mp4 that browsers play: H.264 in yuv420p, AAC, index at the front.

    Frames are encoded as they come, so a clip of any length needs no memory. The file appears whole, under
    its own name, or not at all. Odd sizes are padded by one black row or column.

    Args:
        path: target, ``.mp4``.
        frames: RGB, height x width x 3, uint8, all of one size.
        fps: frames per second.
        audio: samples in [-1, 1], float32, mono, whole or piece by piece; sample 0 belongs to the beginning
            of frame 0.
        sample_rate: of ``audio``, in Hz.

    Raises:
        ValueError: no frame, or frames that differ in size or type.
        MediaError: the encoder failed (disk full, no H.264 encoder in the program).
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    queue = iter(frames)
    first = next(queue, None)
    if first is None:
        raise ValueError(f"{str(path)!r}: no frames to write")
    hidden = f".{path.name[:40]}."
    with explained(path), tempfile.TemporaryDirectory(dir=path.parent, prefix=hidden) as folder:
        partial = Path(folder) / "video.mp4"
        sink = _encoding(partial, _checked(first, first, 0), fps, _stored(audio, folder), sample_rate)
        with Child(sink, path, fed=True) as child:
            numbered = enumerate(chain([first], queue))
            child.feed(_checked(frame, first, number).data for number, frame in numbered)
            status, text = child.finish()
        if status != 0:
            raise MediaError("cannot be encoded", path, (text.strip().splitlines() or ["no explanation"])[0])
        with partial.open("rb+") as handle:
            os.fsync(handle.fileno())
        partial.replace(path)


def _checked(frame: np.ndarray, first: np.ndarray, number: int) -> np.ndarray:
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or frame.shape != first.shape:
        raise ValueError(
            f"frame {number}: {frame.dtype} {frame.shape}; every frame must be uint8, height x width x 3, "
            f"and of the first frame's shape {first.shape}"
        )
    return np.ascontiguousarray(frame)


def _stored(audio: np.ndarray | Iterable[np.ndarray] | None, folder: str) -> Path | None:
    if audio is None:
        return None
    target = Path(folder) / "sound.f32"
    with target.open("wb") as file:
        for piece in [audio] if isinstance(audio, np.ndarray) else audio:
            samples = np.ascontiguousarray(piece, dtype="<f4")
            if samples.ndim != 1:
                raise ValueError(
                    f"audio must be one channel of samples, not an array of shape {samples.shape}"
                )
            file.write(samples.data)
    return target


def _encoding(target: Path, frame: np.ndarray, fps: int, sound: Path | None, sample_rate: int) -> Any:
    height, width = frame.shape[:2]
    picture = ffmpeg.input(
        "pipe:0", format="rawvideo", pix_fmt="rgb24", video_size=(width, height), framerate=fps
    )
    streams = [picture["v:0"]]
    options: dict[str, Any] = {
        "vf": "pad=ceil(iw/2)*2:ceil(ih/2)*2,format=yuv420p", "vcodec": _h264_encoder(),
        "movflags": "+faststart",
        # one thread and no dates: the same frames give the same file
        "threads": 1, "fflags": "+bitexact", "flags:v": "+bitexact", "map_metadata": -1, "format": "mp4",
    }  # fmt: skip
    if options["vcodec"] == "libx264":
        options.update(crf=18, preset="veryfast")
    else:
        options["b:v"] = "2M"
    if sound is not None:
        streams.append(ffmpeg.input(address(sound), format="f32le", ar=sample_rate, ac=1)["a:0"])
        options.update({"acodec": "aac", "b:a": "128k", "flags:a": "+bitexact"})
    return ffmpeg.output(*streams, address(target), **options)


def _h264_encoder() -> str:
    for name in _H264_ENCODERS:
        if name in encoders():
            return name
    remedy = f"it needs one of {', '.join(_H264_ENCODERS)}: install a full build"
    raise MediaError("no H.264 encoder", "ffmpeg", remedy)
