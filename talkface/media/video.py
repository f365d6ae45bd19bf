"""Reads and writes the frames of video files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from talkface.artifacts.atomic import explained
from talkface.media.ffmpeg import SQUARE_PIXELS, Child, MediaError, address, existing
from talkface.media.film import (
    Kind,
    OriginalSound,
    Still,
    kind_of,
    original_input,
    picture_options,
    samples_input,
)
from talkface.media.images import encode_png
from talkface.media.marks import tag_gif, tagged_png
from talkface.media.probe import MediaInfo, probe, stored_picture
from talkface.media.program import has_filter

__all__ = ["MediaError", "MediaInfo", "probe", "read_frames", "write_pictures", "write_video"]

_MAX_HEADER_BYTES = 64
_HD_ROWS = 720
_HIGH_DYNAMIC_RANGE = ("smpte2084", "arib-std-b67")
"""PQ and HLG: far brighter than white, and dull if shown as they are."""
_TO_PLAIN_RANGE = (
    # White is between the 100 nits of old masters and the 203 of ITU-R BT.2408; more is pressed in.
    "zscale=t=linear:npl=118,format=gbrpf32le,zscale=p=bt709,tonemap=mobius:desat=0:param=0.3:peak=10,"
    "zscale=t=bt709:m=bt709:r=tv,format=yuv444p,"
)


def read_frames(path: str | Path, fps: int = 25, max_frames: int | None = None) -> Iterator[np.ndarray]:
    """Decode a clip to a constant frame rate.

    Frame ``t`` is the picture on show at ``t / fps`` seconds, give or take half a frame, by the presentation
    times counted from the clip's first frame: other and variable rates neither drift nor lose the clock. The
    rotation that the file asks for is applied, and pixels are made square. Colours follow the matrix that
    the file tells; where it tells none, BT.709 from 720 rows on and BT.601 below, as players do. A high
    dynamic range is brought to that of a plain screen.

    Yields:
        RGB frames, height x width x 3, uint8, each an array of its own.

    Raises:
        MediaError: no such file, no picture, or, at the latest after the last frame, a damaged stream
            (whatever the decoder complains about); high dynamic range and a program without zscale.
    """
    source = ffmpeg.input(address(existing(path)), threads=1)["V:0"]
    # Portable pixmaps carry their size with them, so no second process has to ask for it.
    options: dict[str, Any] = {
        "format": "image2pipe", "vcodec": "ppm", "pix_fmt": "rgb24", "threads": 1, "filter_threads": 1,
        "vf": f"{_to_plain_colours(path)}{SQUARE_PIXELS},setpts=PTS-STARTPTS,fps={fps}:round=near",
    }  # fmt: skip
    if max_frames is not None:
        options["frames:v"] = max_frames
    with Child(ffmpeg.output(source, "pipe:1", **options), path) as child:
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


def _to_plain_colours(path: str | Path) -> str:
    """Filters for clips of high dynamic range, and for HD that does not tell its matrix; empty for others."""
    stored = stored_picture(path)
    if stored is None:
        return ""  # the reader says what is wrong
    if stored.transfer in _HIGH_DYNAMIC_RANGE:
        if not has_filter("zscale"):
            raise MediaError("high dynamic range, which this ffmpeg cannot convert", path, "no filter zscale")
        return _TO_PLAIN_RANGE
    converted = not any(kind in stored.pixels for kind in ("rgb", "bgr", "gbr", "pal8"))
    assumed = converted and stored.matrix == "unknown" and stored.rows >= _HD_ROWS
    return "setparams=colorspace=bt709," if assumed else ""


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
    audio: np.ndarray | OriginalSound | None = None,
    sample_rate: int = 16_000,
    tags: Mapping[str, str] | None = None,
    still: Still | None = None,
) -> None:
    """Write a film of the kind that its name asks for.

    ``.mp4``: H.264 in yuv420p and AAC, index at the front, as browsers play it; ``.mkv``: the same in
    Matroska; ``.webm``: VP9 and Opus; ``.gif``: without sound. Except in a GIF, colours are converted by
    BT.709 in limited range, and the file says so.

    Frames are encoded as they come, so a clip of any length needs no memory. The file appears whole, under
    its own name, or not at all. Except in a GIF, odd sizes are filled up by repeating the last row or column.

    Args:
        path: target; its ending is one of :data:`talkface.media.film.KINDS`.
        frames: RGB, height x width x 3, uint8, all of one size.
        fps: frames per second.
        audio: samples in [-1, 1], float32, mono; sample 0 belongs to the beginning of frame 0. Or the sound
            of another file.
        sample_rate: of samples, in Hz.
        tags: metadata of the container; a GIF has the one called ``comment`` alone.
        still: the picture of which ``frames`` show the moving part; the film is the same as of whole frames.

    Raises:
        ValueError: another ending, no frame, or frames that differ in size or type.
        MediaError: the encoder failed (disk full), or the program lacks it.
    """
    path = Path(path)
    kind = kind_of(path)
    if still is not None and not kind.even:  # its colours are chosen for whole frames
        frames, still = map(still.filled, frames), None
    path.parent.mkdir(parents=True, exist_ok=True)
    first, queue = _begun(path, frames)
    with explained(path), tempfile.TemporaryDirectory(dir=path.parent, prefix=_hidden(path)) as folder:
        partial = Path(folder) / f"video{path.suffix}"
        sound = _sound(audio, sample_rate, kind, Path(folder)) if kind.sound else None
        size = _fitted(_checked(first, first, 0), kind).shape
        picture = _converted(_pixels("pipe:0", size, fps), kind, still, fps, Path(folder))
        with Child(_encoding(partial, picture, kind, sound, tags or {}), path, fed=True) as child:
            numbered = enumerate(chain([first], queue))
            child.feed(_fitted(_checked(frame, first, number), kind).data for number, frame in numbered)
            status, text = child.finish()
        if status != 0:
            raise MediaError("cannot be encoded", path, (text.strip().splitlines() or ["no explanation"])[0])
        if tags and kind.muxer == "gif":
            tag_gif(partial, tags["comment"])
        with partial.open("rb+") as handle:
            os.fsync(handle.fileno())
        partial.replace(path)


def write_pictures(
    folder: str | Path, frames: Iterable[np.ndarray], *, tags: Mapping[str, str] | None = None
) -> None:
    """Write frames as ``000000.png``, ``000001.png`` and so on, without loss.

    The folder appears with all of them, or not at all; memory does not grow with their number.

    Args:
        folder: target, absent or empty.
        frames: RGB, height x width x 3, uint8, all of one size.
        tags: text in each of them.

    Raises:
        ValueError: no frame, or frames that differ in size or type.
        OSError: the folder is not empty.
    """
    folder = Path(folder).resolve()  # a link to a folder stays a link
    folder.parent.mkdir(parents=True, exist_ok=True)
    first, queue = _begun(folder, frames)
    with explained(folder), tempfile.TemporaryDirectory(dir=folder.parent, prefix=_hidden(folder)) as hidden:
        partial = Path(hidden) / "pictures"
        partial.mkdir()
        for number, frame in enumerate(chain([first], queue)):
            content = tagged_png(encode_png(_checked(frame, first, number)), tags or {})
            with (partial / f"{number:06d}.png").open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        partial.replace(folder)


def _begun(path: Path, frames: Iterable[np.ndarray]) -> tuple[np.ndarray, Iterator[np.ndarray]]:
    """The first frame and those after it."""
    queue = iter(frames)
    first = next(queue, None)
    if first is None:
        raise ValueError(f"{str(path)!r}: no frames to write")
    return first, queue


def _hidden(path: Path) -> str:
    return f".{path.name[:40]}."


def _checked(frame: np.ndarray, first: np.ndarray, number: int) -> np.ndarray:
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or frame.shape != first.shape:
        raise ValueError(
            f"frame {number}: {frame.dtype} {frame.shape}; every frame must be uint8, height x width x 3, "
            f"and of the first frame's shape {first.shape}"
        )
    return np.ascontiguousarray(frame)


def _fitted(frame: np.ndarray, kind: Kind) -> np.ndarray:
    """With even numbers of rows and columns, where the encoder needs that."""
    odd_rows, odd_columns = (length % 2 for length in frame.shape[:2])
    if not kind.even or not (odd_rows or odd_columns):
        return frame
    # Repeated, not black: neighbours share their colour, and black would take it from the last row.
    return np.pad(frame, ((0, odd_rows), (0, odd_columns), (0, 0)), mode="edge")


def _sound(
    audio: np.ndarray | OriginalSound | None,
    sample_rate: int,
    kind: Kind,
    folder: Path,
) -> tuple[Any, dict[str, Any]] | None:
    if audio is None:
        return None
    if isinstance(audio, OriginalSound):
        return original_input(audio, kind)
    if audio.ndim != 1:
        raise ValueError(f"audio must be one channel of samples, not an array of shape {audio.shape}")
    target = folder / "sound.f32"
    target.write_bytes(np.ascontiguousarray(audio, dtype="<f4").data)
    return samples_input(target, sample_rate, kind)


def _pixels(source: str, size: tuple[int, ...], fps: int) -> Any:
    """The stream of RGB frames, height x width x 3."""
    video = ffmpeg.input(source, format="rawvideo", pix_fmt="rgb24", video_size=size[1::-1], framerate=fps)
    return video["v:0"]


def _converted(part: Any, kind: Kind, still: Still | None, fps: int, folder: Path) -> Any:
    """What the encoder takes: of frames, or of a still picture and the part of it that moves."""
    if still is None:
        return kind.converted(part)
    whole = _fitted(np.ascontiguousarray(still.picture_HW3), kind)
    source = folder / "still.rgb"
    source.write_bytes(whole.data)
    held = kind.converted(_pixels(address(source), whole.shape, fps)).filter("loop", loop=-1, size=1)
    return held.overlay(kind.converted(part), x=still.left, y=still.top, shortest=1, format="yuv420")


def _encoding(
    target: Path,
    picture: Any,
    kind: Kind,
    sound: tuple[Any, dict[str, Any]] | None,
    tags: Mapping[str, str],
) -> Any:
    streams, options = [picture], picture_options(kind)
    if sound is not None:
        streams.append(sound[0])
        options.update(sound[1])
    # ffmpeg-python takes a name once; the program ignores the number, so each tag has a name of its own
    options.update({f"metadata:g:{place}": f"{name}={tags[name]}" for place, name in enumerate(tags)})
    return ffmpeg.output(*streams, address(target), **options)
