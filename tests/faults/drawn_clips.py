"""Clips of drawn faces, whole and odd, made by the program that will have to read them."""

import os
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from made_media import run

from talkface.corpora.synthetic.face import Pose, draw_face
from talkface.corpora.synthetic.speaker_look import make_identity
from talkface.media.video import write_video

OPEN = np.array([0, 0, 0, 4, 2])
FRAMES = 20


@cache
def talking(count: int = FRAMES, speaker: int = 1) -> tuple[np.ndarray, ...]:
    """A nodding head that opens and shuts its mouth: pictures of 360 x 288."""
    shares = [(1 - np.cos(frame * np.pi / 5)) / 2 for frame in range(count)]
    return tuple(
        draw_face(make_identity(0, speaker), share * OPEN, Pose(x_px=2 * np.sin(frame / 6)))
        for frame, share in enumerate(shares)
    )


def tone(seconds: float, rate: int = 16_000) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * 220 * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def plain(path: Path, count: int = FRAMES) -> Path:
    """A clip with nothing odd about it."""
    write_video(path, talking(count), audio=tone(count / 25))
    return path


def of_frames(frames):
    """Writes a clip of these pictures with sound."""

    def write(path: Path, source: Path) -> None:
        write_video(path, frames(), audio=tone(FRAMES / 25))

    return write


def by_program(*words: str):
    """Writes a clip made from the plain one with the program's own options."""

    def write(path: Path, source: Path) -> None:
        run("-i", str(source), *words, str(path))

    return write


def empty(path: Path, source: Path) -> None:
    path.write_bytes(b"")


def text(path: Path, source: Path) -> None:
    path.write_text("no video at all\n")


def truncated(path: Path, source: Path) -> None:
    run("-i", str(source), "-c", "copy", "-f", "matroska", str(path))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def bit_flipped(path: Path, source: Path) -> None:
    run("-i", str(source), "-c:v", "mpeg4", "-c:a", "copy", "-f", "matroska", str(path))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 300] = bytes(byte ^ 0x55 for byte in content[middle : middle + 300])
    path.write_bytes(content)


def rotated(path: Path, source: Path) -> None:
    lying = path.with_name("lying.tmp.mov")
    run("-i", str(source), "-vf", "transpose=clock", "-c:a", "copy", str(lying))
    run("-display_rotation", "90", "-i", str(lying), "-c", "copy", str(path))
    lying.unlink()


def hanging(path: Path, source: Path) -> None:
    """A playlist in a clip's clothes; the file that it names never says a word."""
    os.mkfifo(path.with_name("mute.ts.part"))
    path.write_text("ffconcat version 1.0\nfile mute.ts.part\n")


def two_faces() -> list[np.ndarray]:
    """The bigger one to the left, another, smaller one to the right."""
    pairs = []
    for frame, other in zip(talking(), talking(speaker=2), strict=True):
        small = cv2.resize(other, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
        wide = np.full((300, 760, 3), 110, np.uint8)
        wide[6:294, 20:380] = frame
        wide[50 : 50 + small.shape[0], 480 : 480 + small.shape[1]] = small
        pairs.append(wide)
    return pairs


def no_face() -> list[np.ndarray]:
    """A ramp of colours that moves."""
    ramp = np.linspace(0, 255, 360).astype(np.uint8)
    return [
        np.repeat(np.roll(ramp, 4 * frame)[None, :, None], 288, 0).repeat(3, 2) for frame in range(FRAMES)
    ]


def profile() -> list[np.ndarray]:
    """A head seen from the side: forehead, nose, lips and chin as an outline, one eye."""
    outline = np.array(
        [(120, 60), (190, 50), (215, 90), (218, 115), (245, 150), (222, 160), (228, 176), (220, 184),
         (227, 196), (214, 206), (216, 228), (190, 240), (160, 232), (150, 288), (90, 288),
         (95, 200), (85, 120)]
    )  # fmt: skip
    picture = np.full((288, 360, 3), 120, np.uint8)
    cv2.fillPoly(picture, [outline.astype(np.int32)], (205, 160, 135))
    cv2.ellipse(picture, (205, 118), (7, 4), 0, 0, 360, (60, 40, 30), -1)
    return [np.roll(picture, frame % 3, axis=1) for frame in range(FRAMES)]


def huge(path: Path, source: Path) -> None:
    """7680 x 4320, the face in its middle."""
    run(
        "-i", str(source), "-frames:v", "4", "-t", "0.16", "-vf", "scale=2880:2304,pad=7680:4320:-1:-1:gray",
        "-c:v", "libx264", "-preset", "ultrafast", "-threads", "1", "-c:a", "copy", str(path),
    )  # fmt: skip


def ten_minutes(path: Path, source: Path) -> None:
    """15 000 frames: the plain clip's pictures over and over, under a tone."""
    mute = path.with_name("mute.tmp.mov")  # a loop is as long as its longest stream: the picture alone
    run("-i", str(source), "-an", "-c:v", "copy", str(mute))
    run(
        "-stream_loop", str(15_000 // FRAMES - 1), "-i", str(mute), "-f", "lavfi", "-i", "sine=220:d=600",
        "-c:v", "copy", "-map", "0:v", "-map", "1:a", str(path),
    )  # fmt: skip
    mute.unlink()
