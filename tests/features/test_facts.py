"""What people bring: clips of all kinds, from the raw file to what the checks say of them.

All are made of real clips by ffmpeg: nothing is wrong with those but what the test does to them.
"""

import numpy as np
import pytest
from judged_clips import judged, openings
from made_media import run

from talkface.artifacts.schemas import FACES
from talkface.artifacts.tables import ClipTable
from talkface.config import Limit, Limits
from talkface.features.judging import RULES, judge

pytestmark = [pytest.mark.real, pytest.mark.slow]

ENCODE = ("-c:v", "libx264", "-crf", "20", "-preset", "veryfast", "-c:a", "aac")
HELD = "select=eq(n\\,30),loop=74:1:0,setpts=N/25/TB"
OUTSIDE, STILL, CUT = "mouth outside the picture", "mouth does not move", "cut to another picture"

ONE, OTHER, THIRD = "s1/bbaf5a", "s26/bgbsza", "s30/bwwy5n"
FILTERED = {
    # name: (speaker, filter of the picture, reason or "", doubts or "")
    "as_it_is": (ONE, "null", "", ""),
    "chin_cut_off": (ONE, "crop=360:212:0:0", OUTSIDE, ""),
    "mouth_half_cut_off": (ONE, "crop=360:230:0:0", OUTSIDE, ""),
    "face_at_the_side": (ONE, "crop=192:288:0:0", OUTSIDE, ""),
    "cut_below_the_chin": (ONE, "crop=360:245:0:0", "", ""),
    "fade_from_black": (ONE, "fade=in:0:20", "", "some dim or blurred frames"),
    "fade_from_white": (OTHER, "fade=in:0:15:color=white", "", "some dim or blurred frames"),
    "blurred_at_first": (OTHER, "gblur=sigma=6:enable='lt(n,12)'", "", "some dim or blurred frames"),
    "soft": (OTHER, "gblur=sigma=3", "", "soft"),
    "dark": (OTHER, "eq=brightness=-0.35:contrast=0.4", "", "dark"),
    "still": (ONE, HELD, STILL, ""),
    "still_with_noise": (OTHER, f"{HELD},noise=alls=15:allf=t", STILL, ""),
    "still_rocked": (OTHER, f"{HELD},rotate='0.05*sin(2*PI*n/40)'", STILL, ""),
    "still_zoomed": (THIRD, f"{HELD},zoompan=z='1+0.0015*on':d=1:s=360x288:fps=25", STILL, ""),
    "flash": (ONE, "eq=brightness=0.5:enable='eq(n,30)'", "", ""),
}  # fmt: skip
ANAMORPHIC = {
    "wide_pixels": "scale=270:288,setsar=4/3",
    "high_pixels": "scale=360:216,setsar=3/4",
    "dvd": "scale=300:288,setsar=6/5",
}
_LINEAR = (
    "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv,"
    "zscale=t=linear:npl={nits},format=gbrpf32le,zscale=p=bt2020,"
    "zscale=t={transfer}:m=bt2020nc:r=tv:npl={nits},format=yuv420p10le"
)
HIGH_DYNAMIC_RANGE = {
    "hlg": ("arib-std-b67", 203), "pq": ("smpte2084", 203), "hlg_of_an_old_master": ("arib-std-b67", 100)
}  # fmt: skip
JOINED = {"cut_1": (ONE, OTHER), "cut_2": (OTHER, THIRD), "cut_3": (THIRD, ONE)}


@pytest.fixture(scope="module")
def checked(real_clips, tmp_path_factory):
    """The checks of one run over all kinds, by name, and the folder with the tables."""
    root = tmp_path_factory.mktemp("kinds")
    (root / "x").mkdir()
    grid = real_clips / "grid"
    for name, (clip, picture, *_) in FILTERED.items():
        run("-i", f"{grid / clip}.mpg", "-vf", picture, *ENCODE, f"{root}/x/{name}.mp4")
    for name, (first, second) in JOINED.items():
        joined = (
            "[0:v]trim=0:1.5,setpts=PTS-STARTPTS[a];[1:v]trim=1.5:3,setpts=PTS-STARTPTS[b];[a][b]concat[v]"
        )
        run(
            "-i", f"{grid / first}.mpg", "-i", f"{grid / second}.mpg", "-filter_complex", joined,
            "-map", "[v]", "-map", "0:a", *ENCODE, f"{root}/x/{name}.mp4",
        )  # fmt: skip
    for name, picture in ANAMORPHIC.items():
        run("-i", f"{grid / ONE}.mpg", "-vf", picture, *ENCODE, f"{root}/x/{name}.mp4")
    for name, (transfer, nits) in HIGH_DYNAMIC_RANGE.items():
        run(
            "-i", f"{grid / ONE}.mpg", "-vf", _LINEAR.format(transfer=transfer, nits=nits),
            "-c:v", "libx265", "-x265-params", "log-level=error", "-crf", "16", "-preset", "ultrafast",
            "-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc", "-c:a", "aac",
            f"{root}/x/{name}.mp4",
        )  # fmt: skip
    return judged(root, Limits()), root


@pytest.mark.parametrize("name", FILTERED)
def test_each_kind_is_judged_by_what_it_shows(checked, name):
    row, (_, _, reason, doubts) = checked[0][name], FILTERED[name]
    assert row["reason"].split("; ")[0] == reason, row
    assert row["ok"] == (not reason)
    if not reason:
        assert row["doubts"] == doubts, row


@pytest.mark.parametrize("name", JOINED)
def test_a_cut_to_another_person_is_found(checked, name):
    row = checked[0][name]
    assert row["reason"].split("; ")[0] == CUT and row["cuts"] == 1


def test_the_photo_is_the_first_frame_that_is_lit_and_sharp(checked):
    rows, root = checked
    first = {name: row["first_face"] for name, row in rows.items()}
    assert first["as_it_is"] == first["dark"] == first["soft"] == 0
    assert 15 <= first["fade_from_black"] <= 20
    assert 11 <= first["fade_from_white"] <= 16
    assert 11 <= first["blurred_at_first"] <= 13
    table = ClipTable(root / "faces.parquet", FACES)
    for name in ("fade_from_black", "fade_from_white", "blurred_at_first"):
        detected = table.read(f"x/{name}", ["detected"])["detected"].to_pylist()
        assert detected.index(True) == first[name] and all(detected[first[name] :])


@pytest.mark.parametrize("name", ANAMORPHIC)
def test_pixels_that_are_not_square_squeeze_no_face(checked, name):
    rows, root = checked
    assert (rows[name]["width"], rows[name]["height"]) == (360, 288)
    plain, own = openings(root, "as_it_is"), openings(root, name)
    assert own.mean() == pytest.approx(plain.mean(), rel=0.08)
    assert np.corrcoef(plain, own)[0, 1] > 0.97


@pytest.mark.parametrize("name", HIGH_DYNAMIC_RANGE)
def test_a_high_dynamic_range_is_as_bright_as_the_plain_clip(checked, name):
    rows = checked[0]
    assert rows[name]["ok"] and not rows[name]["doubts"]
    assert rows[name]["brightness"] == pytest.approx(rows["as_it_is"]["brightness"], rel=0.13)


def test_what_is_refused_has_no_crops(checked):
    rows, root = checked
    assert set(ClipTable(root / "faces.parquet", FACES).clips) == {
        f"x/{name}" for name, row in rows.items() if row["ok"]
    }


def test_limits_of_the_configuration_decide(checked, tmp_path):
    """What is doubted can be left out, and what is refused can be let in."""
    root = checked[1]
    (tmp_path / "x").mkdir()
    for name in ("dark", "still", "as_it_is"):
        (tmp_path / "x" / f"{name}.mp4").symlink_to(root / "x" / f"{name}.mp4")
    limits = Limits(brightness=Limit(refuse=40), mouth_movement=Limit(doubt=0.01))
    rows = judged(tmp_path, limits)
    assert (rows["dark"]["ok"], rows["dark"]["reason"]) == (False, "too dark")
    assert (rows["still"]["ok"], rows["still"]["doubts"]) == (True, "mouth hardly moves")
    assert (rows["as_it_is"]["ok"], rows["as_it_is"]["doubts"]) == (True, "")


def test_every_rule_has_its_limits_and_says_something():
    assert {rule.fact for rule in RULES} == set(Limits.model_fields)
    for rule in RULES:
        limit: Limit = getattr(Limits(), rule.fact)
        beyond = -1.0 if rule.least else 1e9
        assert judge({rule.fact: beyond}, Limits()).reason == rule.refused
        assert limit.refuse is not None
    assert judge({}, Limits()) == ("", "") == judge(dict.fromkeys(rule.fact for rule in RULES), Limits())
