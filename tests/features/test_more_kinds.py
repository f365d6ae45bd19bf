"""More kinds of clips than ``test_facts`` has: other speakers, other programs' ways, and what is kept."""

import numpy as np
import pytest
from judged_clips import judged, openings
from made_media import run

from talkface.config import Limits

pytestmark = [pytest.mark.real, pytest.mark.slow]

SPEAKERS = {
    "s1": "bbaf5a", "s2": "pwij3p", "s3": "sbia1a", "s5": "lbax4n", "s10": "bbab8n", "s20": "brbk7n",
    "s23": "lrwp9a", "s26": "bgbsza", "s27": "bbbp8n", "s30": "bwwy5n",
}  # fmt: skip
SOUND = ("-c:a", "aac")
H264 = ("-c:v", "libx264", "-crf", "16", "-preset", "veryfast", "-pix_fmt", "yuv420p", *SOUND)
HEVC = ("-c:v", "libx265", "-crf", "16", "-preset", "ultrafast", "-x265-params", "log-level=error:pools=1")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-crf", "20", "-b:v", "0")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "3")
COARSE = ("-c:v", "mpeg4", "-q:v", "20", *SOUND)

OUTSIDE, STILL, CUT = "mouth outside the picture", "mouth does not move", "cut to another picture"
ANOTHER = "perhaps another face"
HELD = "trim=start_frame=20:end_frame=21,loop=-1:1,setpts=N/25/TB,trim=end_frame=75"
SHAKEN = "scale=1440:1152,crop=1360:1072:'40+8*sin(n*1.7)':'40+8*cos(n*2.3)',scale=340:268"
LIVE = {
    # name: (speaker, filter of the picture, first reason or "")
    "letterboxed_without_mouth": ("s30", "crop=360:212:0:0,pad=360:288:0:38", OUTSIDE),
    "soft_bars_without_mouth": (
        "s5", "crop=360:204:0:0,split[a][b];[a]scale=360:360,gblur=20[c];[c][b]overlay=0:78", OUTSIDE
    ),
    "enlarged_without_chin": ("s23", "crop=200:160:60:60,scale=480:384", OUTSIDE),
    "mouth_leaves_slowly": ("s3", "pad=360:400,crop=360:206:0:'82*(1-n/74)'", OUTSIDE),
    "half_a_face": ("s27", "crop=172:288:0:0", "no face"),
    "without_forehead": ("s2", "crop=360:188:0:100", ""),
    "without_an_ear": ("s3", "crop=228:288:132:0", ""),
    "cheek_at_the_edge": ("s2", "crop=150:240:120:40", ""),
    "tight": ("s5", "crop=190:230:92:28", ""),
    "letterboxed": ("s27", "pad=360:400:0:56", ""),
    "bars_without_chin": ("s23", "crop=360:236:0:0,pad=480:400:60:80", OUTSIDE),
    "bars_of_a_phone_without_chin": ("s2", "crop=360:230:0:0,pad=360:640:0:205:black", OUTSIDE),
    "half_the_mouth_behind_a_bar": ("s20", "crop=190:288:0:0,pad=360:288:85:0", OUTSIDE),
    "banner_over_the_chin": ("s3", "drawbox=0:220:360:68:0x202060:fill", OUTSIDE),
    "words_below_the_chin": ("s27", "drawbox=0:240:360:48:0x202060:fill", ""),
    "averaged_over_frames": ("s10", "tmix=frames=5", ""),
    "silent_at_first": ("s10", "select='gte(n,12)',tpad=37:start_mode=clone,trim=end_frame=75", ""),
    "quiet_and_small": ("s30", "scale=180:144,pad=360:288:90:72", ""),
    "quiet_at_6_fps": ("s30", "fps=6,fps=25", ""),
    "quiet_and_slow": ("s30", "trim=end_frame=50,setpts=1.5*(PTS-STARTPTS),fps=25", ""),
    "three_frames_lost": ("s10", "select='not(between(n,40,42))',setpts=N/25/TB", ""),
    "half_a_second_lost": ("s2", "select='not(between(n,30,41))',setpts=N/25/TB", ""),
    "held_a_second": ("s5", "loop=25:1:25,setpts=N/25/TB,trim=end_frame=75", ""),
    "warmer": ("s3", "colorbalance=rm=.25:bm=-.25:enable='gt(n,40)'", ""),
    "grey_from_here": ("s20", "hue=s=0:enable='gt(n,37)'", ""),
    "darker_within_3_frames": ("s10", "eq=brightness='-0.15*clip((n-30)/3,0,1)':eval=frame", ""),
    "three_flashes": ("s23", "eq=brightness=0.4:enable='eq(n,20)+eq(n,35)+eq(n,60)'", ""),
    "camera_nudged": ("s3", "crop=352:280:'if(gt(n,37),6,2)':4", ""),
    "lamp_on": ("s2", "eq=brightness=0.12:enable='gt(n,37)'", ""),
    "lamp_off": ("s26", "eq=gamma=0.7:enable='gt(n,30)'", ""),
    "lamp_on_and_off": ("s26", "eq=brightness=0.15:enable='between(n,30,45)'", ""),
    "caption": ("s30", "drawbox=0:262:360:26:black@0.8:t=fill:enable='gt(n,37)'", ""),
    "two_lines_of_words": ("s1", "drawbox=40:250:280:34:black:fill:enable='between(n,20,55)'", ""),
    "new_background": ("s1", "drawbox=0:0:60:288:white:fill:enable='gt(n,37)'", ""),
    "logo": ("s27", "drawbox=10:10:50:40:white:fill:enable='gt(n,30)'", ""),
}  # fmt: skip
STILLS = {
    "still_in_flickering_light": ("s10", f"{HELD},eq=brightness='0.08*sin(6.28*n/10)':eval=frame"),
    "still_getting_dark": ("s1", f"{HELD},eq=brightness='-0.3*n/75':eval=frame"),
    "still_in_and_out_of_focus": ("s10", f"{HELD},gblur=sigma=2.5:enable='lt(mod(n,25),8)'"),
    "still_in_a_shaking_hand": ("s27", f"{HELD},{SHAKEN}"),
    "still_panned": ("s5", f"{HELD},scale=1440:1152,crop=1200:1152:'120+1.5*n':0,scale=300:288"),
    "still_small_with_noise": ("s30", f"{HELD},scale=180:144,pad=360:288:90:72,noise=alls=10:allf=t"),
    "still_with_much_noise": ("s20", f"{HELD},noise=alls=30:allf=t+u"),
    "still_after_10_frames": ("s30", "trim=end_frame=10,tpad=stop=65:stop_mode=clone"),
}
OPENINGS = {
    # name: (speaker, filter of the picture, the photo's frame)
    "one_blurred": ("s1", "gblur=sigma=8:enable='lt(n,1)'", 1),
    "mosaic": ("s5", "pixelize=w=16:h=16:enable='lt(n,12)'", 12),
    "blue_card": ("s2", "drawbox=0:0:360:288:navy:fill:enable='lt(n,9)'", 9),
    "test_card": (
        "s30",
        "drawgrid=w=40:h=32:t=14:c=yellow:enable='lt(n,12)',drawbox=80:0:200:288:red:fill:enable='lt(n,12)'",
        12,
    ),
    "empty_room": (
        "s20",
        "split[x][y];[x]crop=60:288:0:0,scale=360:288[z];[y][z]overlay=enable='lt(n,9)'",
        9,
    ),
    "hand_before_the_lens": ("s1", "drawbox=80:40:160:230:0xb08060:fill:enable='lt(n,10)'", 10),
    "noise_of_no_signal": ("s23", "noise=alls=100:allf=t:enable='lt(n,10)'", 10),
    "burnt_out": ("s10", "eq=brightness=0.6:enable='lt(n,10)'", 10),
    "dull": ("s3", "eq=contrast=0.15:enable='lt(n,7)'", 7),
    "faded_and_blurred": ("s10", "gblur=sigma=5:enable='lt(n,8)',fade=in:0:8", 8),
}
SHAPES = {
    # name: (speaker, filter of the picture, encoder, ending, size as seen)
    "aspect_of_the_file": ("s27", "scale=480:288,setsar=1", (*H264, "-aspect", "5:4"), "mkv", (480, 384)),
    "half_as_wide": ("s23", "scale=180:288,setsar=2", H264, "mkv", (360, 288)),
    "mpeg_2": ("s3", "pad=384:288:12:0,scale=720:288,setdar=4/3", MPEG2, "mpg", (720, 540)),
    "vp9": ("s20", "scale=480:288,setsar=3/4", VP9, "webm", (480, 384)),
    "on_its_side": ("s26", "scale=270:288,setsar=4/3,transpose=1", H264, "mp4", (360, 288)),
}  # fmt: skip
TO_2020 = (
    "zscale=min=170m:pin=bt709:tin=bt709:rin=limited:m=2020_ncl:p=2020:r={range}:t={transfer}:npl={nits},"
    "format=yuv420p10le"
)
COLOURS = {
    # name: (speaker, transfer, nits of white, range, encoder, ending)
    "hlg_h264": ("s27", "arib-std-b67", 203, "limited", ("-c:v", "libx264", "-preset", "veryfast"), "mov"),
    "hlg_full_range": ("s3", "arib-std-b67", 203, "full", HEVC, "mkv"),
    "pq_vp9": ("s30", "smpte2084", 203, "limited", (*VP9, "-profile:v", "2"), "webm"),
    "pq_of_an_old_master": ("s26", "smpte2084", 100, "limited", HEVC, "mkv"),
    "bt2020_without_range": ("s10", "bt2020-10", 100, "limited", HEVC, "mp4"),
}
JOINED = {
    # name: (speakers, first frame of the other, filter of both, encoder)
    "first_frame": ("s2", "s3", 1, "null", H264),
    "last_frame": ("s1", "s30", 74, "null", H264),
    "late": ("s1", "s2", 67, "null", H264),
    "women": ("s20", "s23", 38, "null", H264),
    "grey": ("s2", "s3", 35, "hue=s=0", H264),
    "soft": ("s3", "s10", 38, "gblur=3", H264),
    "dim": ("s2", "s26", 38, "eq=brightness=-0.25:contrast=0.5", H264),
    "noisy": ("s20", "s1", 38, "noise=alls=25:allf=t", H264),
    "coarse": ("s27", "s5", 45, "null", COARSE),
    "mirrored": ("s30", "s26", 40, "hflip", H264),
}
FADED = {
    # name: (speakers, filter of both, reason, doubt)
    "cross_fade": ("s2", "s5", "xfade=duration=0.16:offset=1.4", "", ANOTHER),
    "blend_of_a_frame": ("s3", "s30", "xfade=duration=0.08:offset=1.2", CUT, ANOTHER),
    "slide": ("s30", "s10", "xfade=slideup:0.2:1.4", "", ANOTHER),
    "through_black": ("s1", "s3", "xfade=fadeblack:0.4:1.2", "", ANOTHER),
    "wipe": ("s27", "s26", "xfade=wipeleft:0.24:1.4", "another face", ""),
    "zoom": ("s1", "s26", "xfade=zoomin:0.12:1.3", "another face", ""),
    "mosaic": ("s20", "s23", "xfade=pixelize:0.16:1.3", "another face", ""),
}
PART = "trim=start_frame={}:end_frame={},setpts=PTS-STARTPTS"


@pytest.fixture(scope="module")
def checked(real_clips, tmp_path_factory):
    """The checks of one run over all kinds, by name, and the folder with the tables."""
    root = tmp_path_factory.mktemp("more")
    (root / "x").mkdir()

    def make(name, speakers, picture, encode, ending="mkv"):
        sources = [real_clips / "grid" / speaker / f"{SPEAKERS[speaker]}.mpg" for speaker in speakers]
        inputs = [word for source in sources for word in ("-i", str(source))]
        run(
            *inputs, "-filter_complex", f"[0:v]{picture}[v]", "-map", "[v]", "-map", "0:a", "-t", "3",
            "-r", "25", *encode, "-threads", "1", f"{root}/x/{name}.{ending}",
        )  # fmt: skip

    for speaker in SPEAKERS:
        make(speaker, [speaker], "null", H264)
    for name, (speaker, picture, *_) in (LIVE | STILLS | OPENINGS).items():
        make(name, [speaker], picture, H264)
    for name, (speaker, picture, encode, ending, _) in SHAPES.items():
        make(name, [speaker], picture, encode, ending)
    turned = root / "x" / "on_its_side.mp4"
    lying = turned.rename(root / turned.name)
    run("-display_rotation:v", "90", "-i", str(lying), "-c", "copy", str(turned))
    for name, (speaker, transfer, nits, reach, encode, ending) in COLOURS.items():
        told = (
            "-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace",
            "bt2020nc", "-color_range", {"limited": "tv", "full": "pc"}[reach],
        )  # fmt: skip
        asked = {"bt2020-10": "2020_10"}.get(transfer, transfer)
        picture = TO_2020.format(transfer=asked, nits=nits, range=reach)
        make(name, [speaker], picture, (*encode, *told), ending)
    for name, (first, second, at, picture, encode) in JOINED.items():
        both = f"{PART.format(0, at)}[a];[1:v]{PART.format(at, 75)}[b];[a][b]concat,{picture}"
        make(f"join_{name}", [first, second], both, encode, "avi" if encode == COARSE else "mkv")
    for name, (first, second, faded, *_) in FADED.items():
        both = f"fps=25,settb=1/25[a];[1:v]fps=25,settb=1/25[b];[a][b]{faded}"
        make(f"fade_{name}", [first, second], both, H264)
    for name, speakers, end in (("there_and_back", ["s3", "s10"], 45), ("for_a_moment", ["s2", "s26"], 36)):
        back = (
            f"split[x][y];[x]{PART.format(0, 30)}[a];[1:v]{PART.format(30, end)}[b];"
            f"[y]{PART.format(end, 75)}[c];[a][b][c]concat=n=3"
        )
        make(name, speakers, back, H264)
    return judged(root, Limits()), root


@pytest.mark.parametrize("name", LIVE)
def test_a_speaking_face_is_kept_while_the_mouth_is_in_the_picture(checked, name):
    row, reason = checked[0][name], LIVE[name][2]
    assert row["reason"].split("; ")[0] == reason, row
    assert row["ok"] == (not reason)


@pytest.mark.parametrize("name", STILLS)
def test_a_still_picture_is_refused_however_it_is_moved(checked, name):
    assert checked[0][name]["reason"] == STILL, checked[0][name]


@pytest.mark.parametrize("name", OPENINGS)
def test_the_photo_is_none_of_the_spoiled_first_frames(checked, name):
    row = checked[0][name]
    assert (row["ok"], row["first_face"]) == (True, OPENINGS[name][2]), row


@pytest.mark.parametrize("name", SHAPES)
def test_the_shape_of_pixels_is_read_from_every_kind_of_file(checked, name):
    rows, root = checked
    speaker, *_, size = SHAPES[name]
    assert (rows[name]["width"], rows[name]["height"]) == size
    plain, own = openings(root, speaker), openings(root, name)
    assert own.mean() == pytest.approx(plain.mean(), rel=0.06)
    assert np.corrcoef(plain, own)[0, 1] > 0.97


@pytest.mark.parametrize("name", COLOURS)
def test_wide_colours_are_as_bright_as_the_plain_clip(checked, name):
    rows = checked[0]
    assert rows[name]["ok"] and not rows[name]["doubts"]
    assert rows[name]["brightness"] == pytest.approx(rows[COLOURS[name][0]]["brightness"], rel=0.13)


@pytest.mark.parametrize("name", JOINED)
def test_a_cut_is_found_wherever_and_however_dull_it_is(checked, name):
    row = checked[0][f"join_{name}"]
    assert row["reason"].split("; ")[0] == CUT and row["cuts"] == 1, row


@pytest.mark.parametrize("name", FADED)
def test_a_person_who_turns_into_another_is_noticed(checked, name):
    row, (*_, reason, doubt) = checked[0][f"fade_{name}"], FADED[name]
    assert (row["reason"], row["doubts"].split("; ")[0]) == (reason, doubt), row


@pytest.mark.parametrize("name", ["there_and_back", "for_a_moment"])
def test_a_cut_there_and_back_is_two(checked, name):
    row = checked[0][name]
    assert row["reason"].split("; ")[0] == CUT and row["cuts"] == 2, row


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_nothing_is_wrong_with_the_clips_they_are_made_of(checked, speaker):
    row = checked[0][speaker]
    assert (row["ok"], row["doubts"], row["first_face"]) == (True, "", 0), row
