"""Clips that are not what a corpus' clips should be, beside one that is: each row tells its own story."""

import pytest

from faults import drawn_clips as clips
from faults.observing import leftovers
from faults.one_speaker import extract
from faults.registry import declare, each
from talkface.config import Faces

REFUSED = "a row with ok = false and its reason; the others as without it"
USED = "used like any other clip"
MADE = {
    # name: how, made by, expected reason of the picture, of the sound, frames
    "empty": ("0 bytes", clips.empty, "not a readable media file", None, 0),
    "text": ("a text file under a clip's name", clips.text, "not a readable media file", None, 0),
    "truncated": ("the second half of the file is missing", clips.truncated, "damaged stream", None, None),
    "bit-flipped": ("300 bytes in its middle are turned", clips.bit_flipped, "damaged stream", None, None),
    "audio-only": ("no picture, only sound", clips.by_program("-vn"), "no picture", None, 0),
    "video-only": ("no sound", clips.by_program("-an", "-c:v", "copy"), "", "no sound", clips.FRAMES),
    "silent": (
        "a sound track of silence",
        clips.by_program("-c:v", "copy", "-af", "volume=0"),
        "",
        "silent",
        clips.FRAMES,
    ),
    "one-frame": ("a single frame", clips.by_program("-frames:v", "1", "-t", "0.04"), "", "", 1),
    "rotated": (
        "lies on its side, with the container's wish to be turned",
        clips.rotated,
        "",
        "",
        clips.FRAMES,
    ),
    "variable-rate": (
        "of ten frames of its first half three remain, by timestamps alone",
        clips.by_program("-vf", "select='gt(t,0.4)+lt(mod(n,10),3)'", "-fps_mode", "vfr"),
        "",
        "",
        clips.FRAMES,
    ),
    "thirty-fps": ("30 frames a second", clips.by_program("-r", "30"), "", "", clips.FRAMES),
    "two-faces": ("a second, smaller face beside the first", clips.of_frames(clips.two_faces), "", "", 20),
    "no-face": ("nobody in the picture", clips.of_frames(clips.no_face), "no face", None, clips.FRAMES),
    "profile": ("a head seen from the side", clips.of_frames(clips.profile), "no face", None, clips.FRAMES),
    "hanging": ("a playlist whose file never answers", clips.hanging, "decoder hangs", None, 0),
}
FAULTS = declare(
    "Odd clips",
    *(
        (f"clip-{name}", how, REFUSED if picture or sound else USED)
        for name, (how, _, picture, sound, _) in MADE.items()
    ),
)
LONG = {
    "8k": ("7680 x 4320 pixels", clips.huge, 4),
    "ten-minutes": ("ten minutes long, 15 000 frames", clips.ten_minutes, 15_000),
}
LARGE = declare("Odd clips", *((f"clip-{name}", how, USED) for name, (how, _, _) in LONG.items()))
[TOO_LONG] = declare("Odd clips", ("clip-too-long", "longer than faces.max_frames", REFUSED))


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The features of the good clips without any odd one beside them."""
    root = tmp_path_factory.mktemp("alone")
    for name in ("a good one", "z good one"):
        (root / "x").mkdir(exist_ok=True)
        clips.plain(root / "x" / f"{name}.mp4")
    return extract(root, "x", root / "features")


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """The features of all odd clips between two good ones."""
    root = tmp_path_factory.mktemp("odd")
    (root / "x").mkdir()
    source = clips.plain(root / "source.mp4")
    for name in ("a good one", "z good one"):
        clips.plain(root / "x" / f"{name}.mp4")
    for name, (_, make, *_) in MADE.items():
        make(root / "x" / f"{name}.mp4", source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("talkface.media.ffmpeg.SILENCE_S", 4.0)
        return extract(root, "x", root / "features")


def unharmed(found, alone) -> str:
    """The good clips' rows are those of the run without odd ones."""
    for clip in ("x/a good one", "x/z good one"):
        assert found.rows(clip) == alone.rows(clip), clip
        assert found.checks()[clip]["ok"] and found.split()[clip]["ok"]
    assert leftovers(found.folder) == []
    return "without it the other clips' rows are the same"


@pytest.mark.slow
@each(FAULTS)
def test_odd_clip(fault, together, alone, outcome):
    name = fault.name.removeprefix("clip-")
    _, _, picture, sound, frames = MADE[name]
    clip = f"x/{name}"
    check, heard = together.checks()[clip], together.checks("sound_checks")[clip]
    assert (check["ok"], check["reason"]) == (not picture, picture)
    if frames is not None:
        assert abs(check["num_frames"] - frames) <= (1 if name in ("variable-rate", "thirty-fps") else 0)
    if not picture:
        assert (heard["ok"], heard["reason"]) == (not sound, sound)
    split = together.split()[clip]
    assert split["ok"] == (not picture and not sound) and (split["subset"] == "unused") == (not split["ok"])
    faces, landmarks, mel = together.rows(clip)
    assert (faces is None, landmarks is None) == (bool(picture), bool(picture))
    assert (mel is None) == bool(picture or sound)
    if name == "rotated":
        assert (check["width"], check["height"]) == (360, 288)
    if name == "two-faces":
        affine = faces[0]["affine"]
        scale = (affine[0] ** 2 + affine[1] ** 2) ** 0.5
        assert 45 / scale > 60, "eyes of the bigger face are that far apart"
    outcome.after = unharmed(together, alone)
    outcome.observed = (
        f"ok = false, {split['reason']!r}" if not split["ok"] else f"used, {check['num_frames']} frames"
    )


@each([TOO_LONG])
def test_a_clip_beyond_the_limit(fault, tmp_path, outcome):
    (tmp_path / "x").mkdir()
    clips.plain(tmp_path / "x" / "long.mp4", 12)
    refused = extract(tmp_path, "x", tmp_path / "limited", Faces(max_frames=10)).checks()["x/long"]
    assert (refused["ok"], refused["reason"]) == (False, "too long: more than 10 frames")
    assert extract(tmp_path, "x", tmp_path / "whole").checks()["x/long"]["ok"]
    outcome.observed, outcome.after = f"ok = false, {refused['reason']!r}", "with a higher limit it is used"


@pytest.mark.full
@each(LARGE)
def test_large_clip(fault, alone, tmp_path, outcome):
    _, make, frames = LONG[fault.name.removeprefix("clip-")]
    (tmp_path / "x").mkdir()
    source = clips.plain(tmp_path / "source.mp4")
    for name in ("a good one", "z good one"):
        clips.plain(tmp_path / "x" / f"{name}.mp4")
    make(tmp_path / "x" / "large.mp4", source)
    found = extract(tmp_path, "x", tmp_path / "features")
    check = found.checks()["x/large"]
    assert check["ok"] and abs(check["num_frames"] - frames) <= 1 and check["num_detected"] > 0.9 * frames
    assert len(found.rows("x/large")[2]) == 4 * check["num_frames"] + 1
    outcome.after = unharmed(found, alone)
    outcome.observed = f"used, {check['num_frames']} frames at {check['width']} x {check['height']}"
