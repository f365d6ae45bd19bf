"""Colours on their way into a film and back, through our reader and through the program alone."""

import re
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from made_media import run

from talkface.media.program import executable
from talkface.media.video import read_frames, write_video

PATCHES = np.array(
    [(0, 255, 0), (255, 0, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (128, 128, 128), (255, 255, 0),
     (200, 120, 60), (20, 40, 200)], np.uint8
).reshape(3, 3, 3)  # fmt: skip


def patches(height: int, width: int) -> np.ndarray:
    rows, columns = np.arange(height) * 3 // height, np.arange(width) * 3 // width
    return PATCHES[rows[:, None], columns[None]]


def differences(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Of each patch's median; codecs blur where colours meet."""
    height, width = expected.shape[:2]
    differing = []
    for row in range(3):
        for column in range(3):
            inner = np.s_[
                (6 * row + 1) * height // 18 + 1 : (6 * row + 5) * height // 18,
                (6 * column + 1) * width // 18 + 1 : (6 * column + 5) * width // 18,
            ]
            differing.append(np.median(np.abs(found[inner].astype(int) - expected[inner]), axis=(0, 1)))
    return np.array(differing)


def by_the_program(path: Path, png: Path) -> np.ndarray:
    run("-i", str(path), "-frames:v", "1", str(png))
    return cv2.imread(str(png))[..., ::-1]


@pytest.mark.parametrize("ending", ["mp4", "mkv", "webm"])
@pytest.mark.parametrize("size", [(112, 112), (720, 1280), (111, 97), (97, 130)])
def test_colours_come_back(tmp_path, ending, size):
    path, frame = tmp_path / f"a.{ending}", patches(*size)
    write_video(path, [frame] * 5)
    for found in (*read_frames(path), by_the_program(path, tmp_path / "a.png")):
        assert differences(found, frame).max() <= 2


@pytest.mark.parametrize("colour", [(0, 255, 0), (255, 0, 255), (201, 133, 97), (3, 250, 128)])
@pytest.mark.parametrize("size", [(112, 112), (111, 113)])
def test_one_colour_comes_back_up_to_the_border(tmp_path, colour, size):
    frame = np.full((*size, 3), colour, np.uint8)
    write_video(tmp_path / "a.mp4", [frame] * 3)
    for found in read_frames(tmp_path / "a.mp4"):  # an odd size comes back even
        assert np.abs(found.astype(int) - colour).max() <= 2


@pytest.mark.parametrize("ending", ["mp4", "mkv", "webm"])
def test_the_film_says_its_colours(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    write_video(path, [patches(720, 1280)] * 2)
    words = [executable(), "-i", str(path), "-vf", "showinfo=checksum=0", "-frames:v", "1", "-f", "null", "-"]
    told = subprocess.run(words, capture_output=True, text=True).stderr
    assert re.search(r"color_range:tv color_space:bt709 color_primaries:bt709 color_trc:bt709", told), (
        told
    )  # by the stream itself, not the container alone


def encoded(
    path: Path, frame: np.ndarray, matrix: str, *tags: str, pixels: str = "yuv420p", spread: str = "tv"
) -> Path:
    """A film of one picture by a matrix, with the tags given and no others."""
    height, width = frame.shape[:2]
    words = [executable(), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    words += ["-s", f"{width}x{height}", "-r", "25", "-i", "-"]
    untagged = "setparams=colorspace=unknown:color_primaries=unknown:color_trc=unknown:range=unknown"
    words += ["-vf", f"scale=out_color_matrix={matrix}:out_range={spread},format={pixels},{untagged}"]
    codec = ["rawvideo"] if path.suffix == ".nut" else ["libx264", "-qp", "4"]
    words += ["-c:v", *codec, *tags, str(path)]
    subprocess.run(words, input=frame.tobytes() * 2, check=True, timeout=60)
    return path


TAGGED_601 = ("-x264-params", "colormatrix=smpte170m:colorprim=smpte170m:transfer=smpte170m")
TAGGED_709 = ("-x264-params", "colormatrix=bt709:colorprim=bt709:transfer=bt709")
READ = {  # size, the matrix used, tags
    "untagged HD": ((720, 1280), "bt709", ()),
    "untagged HD, larger": ((1080, 1920), "bt709", ()),
    "untagged SD": ((576, 720), "bt601", ()),
    "untagged, just below HD": ((718, 1280), "bt601", ()),
    "tagged HD of the other kind": ((720, 1280), "bt601", TAGGED_601),
    "tagged SD of the other kind": ((288, 360), "bt709", TAGGED_709),
    "tagged HD": ((720, 1280), "bt709", TAGGED_709),
}


@pytest.mark.parametrize("name", READ)
def test_reading_follows_the_tags_or_the_convention(tmp_path, name):
    size, matrix, tags = READ[name]
    frame = patches(*size)
    path = encoded(tmp_path / "a.mp4", frame, matrix, *tags)
    for found in read_frames(path):
        assert differences(found, frame).max() <= 3
    if "untagged" not in name or matrix == "bt601":
        return
    # the program alone takes the other matrix: green is where it shows
    assert differences(by_the_program(path, tmp_path / "a.png"), frame).max() > 10


@pytest.mark.parametrize("pixels", ["yuyv422", "uyvy422", "yuv422p10le", "nv12", "yuv444p"])
def test_untagged_hd_of_cameras(tmp_path, pixels):
    frame = patches(720, 1280)
    path = encoded(tmp_path / "a.nut", frame, "bt709", pixels=pixels)
    # the program converts packed pixels less exactly; by the other matrix the differences exceed 20
    assert differences(next(read_frames(path)), frame).max() <= 6


@pytest.mark.parametrize("turned", ["tagged by primaries alone", "full range"])
def test_untagged_hd_that_says_something_else(tmp_path, turned):
    frame = patches(720, 1280)
    if turned == "full range":
        made = encoded(tmp_path / "a.mp4", frame, "bt709", "-x264-params", "fullrange=on", spread="pc")
    else:
        made = encoded(tmp_path / "a.mp4", frame, "bt709", "-x264-params", "colorprim=bt709:transfer=bt709")
    assert differences(next(read_frames(made)), frame).max() <= 3


@pytest.mark.parametrize(("degrees", "size"), [("90", (720, 1280)), ("270", (720, 1280)), ("90", (480, 800))])
def test_a_turned_film_is_judged_as_it_was_taken(tmp_path, degrees, size):
    frame = patches(*size)
    made = encoded(tmp_path / "a.mp4", frame, "bt709" if size[0] >= 720 else "bt601")
    path = tmp_path / "turned.mp4"
    run("-display_rotation", degrees, "-i", str(made), "-c", "copy", str(path))
    upright = np.rot90(frame, int(degrees) // 90)
    for found in read_frames(path):
        assert differences(found, upright).max() <= 3


@pytest.mark.parametrize("codec", ["ffv1", "png", "mjpeg", "rawvideo"])
def test_hd_in_other_pixels(tmp_path, codec):
    frame, path = patches(720, 1280), tmp_path / "a.nut"
    cv2.imwrite(str(tmp_path / "a.png"), frame[..., ::-1])
    pixels = {"ffv1": "gbrp", "png": "rgb24", "mjpeg": "yuvj444p", "rawvideo": "bgr24"}[codec]
    run("-i", str(tmp_path / "a.png"), "-c:v", codec, "-q:v", "1", "-pix_fmt", pixels, str(path))
    assert differences(next(read_frames(path)), frame).max() <= 3
    assert np.array_equal(next(read_frames(path)), by_the_program(path, tmp_path / "b.png"))


@pytest.mark.parametrize("codec", ["mpeg4", "mpeg1video", "libx264"])
def test_sd_is_decoded_as_the_program_decodes_it(tmp_path, codec):
    path = tmp_path / "a.mkv"
    run("-f", "lavfi", "-i", "testsrc2=s=360x288:r=25:d=0.2", "-c:v", codec, "-pix_fmt", "yuv420p", str(path))
    assert np.array_equal(next(read_frames(path)), by_the_program(path, tmp_path / "a.png"))
