"""Real decoding and encoding: every clip below is made by the program itself."""

import csv
import pickle
import socket
import subprocess
import sys
import time
from pathlib import Path

import ffmpeg as arguments
import numpy as np
import pytest
from made_media import run

from talkface.media.audio import place, read_audio
from talkface.media.ffmpeg import Child, MediaError, address
from talkface.media.images import decode_png, encode_png
from talkface.media.program import encoders, executable, version
from talkface.media.video import probe, read_frames, write_video

SECOND_EVENT_S = 7.007  # frame 210 of 29.97 fps


def flash_clip(path: Path, rate: str, *, sound_shift_s: float = 0.0, seconds: float = 8.0) -> Path:
    """White frames and beeps of 0.2 s at 0 s and at SECOND_EVENT_S, black and silent elsewhere."""
    shown = f"lt(t,0.2)+between(t,{SECOND_EVENT_S - 0.001},{SECOND_EVENT_S + 0.2})"
    heard, lit = shown.replace("0.001", "0"), shown.replace("t,", "T,")
    run(
        "-f", "lavfi", "-i", f"color=black:s=64x48:r={rate}:d={seconds},geq=lum='255*({lit})':cb=128:cr=128",
        "-itsoffset", str(sound_shift_s),
        "-f", "lavfi", "-i", f"aevalsrc='0.5*sin(2000*t)*({heard})':s=48000:d={seconds}",
        "-c:v", "mpeg4", "-q:v", "2", "-c:a", "pcm_s16le", "-muxdelay", "0", str(path),
    )  # fmt: skip
    return path


def onsets(samples: np.ndarray, rate: int = 16_000) -> list[float]:
    loud = np.abs(samples) > 0.1
    return [i / rate for i in np.flatnonzero(loud) if not loud[max(i - rate // 10, 0) : i].any()]


def flashes(path: Path) -> tuple[int, list[float]]:
    bright = [frame.mean() > 128 for frame in read_frames(path)]
    return len(bright), [t / 25 for t, on in enumerate(bright) if on and not (t and bright[t - 1])]


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "plain.mp4"
    write_video(path, moving(30), audio=tone(30 / 25))
    return path


def moving(count: int, height: int = 48, width: int = 64) -> list[np.ndarray]:
    frames = []
    for number in range(count):
        frame = np.full((height, width, 3), 40, np.uint8)
        frame[:, : 1 + number * width // count] = (220, 120, 30)
        frames.append(frame)
    return frames


def tone(seconds: float, rate: int = 16_000) -> np.ndarray:
    return (0.4 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


@pytest.mark.parametrize("rate", ["30000/1001", "25", "50", "24000/1001", "12"])
def test_any_rate_becomes_25_fps_and_16_khz_without_drift(tmp_path, rate):
    path = flash_clip(tmp_path / "flash.mkv", rate)
    count, seen = flashes(path)
    heard = onsets(read_audio(path, num_frames=count))
    assert abs(count - 200) <= 1
    assert len(seen) == len(heard) == 2
    source_frame_s = 1001 / 24000 if rate.startswith("24") else 1 / 12 if rate == "12" else 0
    for picture_s, sound_s in zip(seen, heard, strict=True):
        assert abs(picture_s - sound_s) <= max(0.04, source_frame_s) + 1e-6
    assert abs(heard[1] - SECOND_EVENT_S) < 0.002


def test_variable_rate_keeps_the_clock(tmp_path):
    steady = flash_clip(tmp_path / "steady.mkv", "50")
    path = tmp_path / "variable.mkv"
    # Of every ten frames of the first half three remain; the second half keeps all: pure timestamps.
    run(
        "-i", str(steady), "-vf", "select='gt(t,4)+lt(mod(n,10),3)'", "-fps_mode", "vfr",
        "-c:v", "mpeg4", "-q:v", "2", "-c:a", "copy", str(path),
    )  # fmt: skip
    count, seen = flashes(path)
    assert abs(count - 200) <= 1
    assert abs(seen[-1] - SECOND_EVENT_S) <= 0.04


@pytest.mark.parametrize("shift_s", [0.1, -0.1])
def test_sound_that_begins_apart_from_the_picture_is_placed_on_its_clock(tmp_path, shift_s):
    path = flash_clip(tmp_path / "shifted.mkv", "25", sound_shift_s=shift_s)
    samples = read_audio(path, num_frames=200)
    assert len(samples) == 200 * 640
    assert abs(onsets(samples)[-1] - (SECOND_EVENT_S + shift_s)) < 0.005
    assert abs(onsets(samples)[0] - max(shift_s, 0)) < 0.005


@pytest.mark.parametrize("num_frames", [1, 29, 30, 31, 100])
def test_sound_is_as_long_as_the_picture(clip, num_frames):
    samples = read_audio(clip, num_frames=num_frames)
    assert samples.dtype == np.float32
    assert len(samples) == num_frames * 640
    assert np.abs(samples[: min(num_frames, 29) * 640]).max() > 0.2
    assert not samples[31 * 640 + 320 :].any()


def test_place_pads_and_trims():
    samples = np.arange(1, 5, dtype=np.float32)
    assert place(samples, 2, 8).tolist() == [0, 0, 1, 2, 3, 4, 0, 0]
    assert place(samples, -1, 2).tolist() == [2, 3]
    assert place(samples, 9, 3).tolist() == place(samples, -9, 3).tolist() == [0, 0, 0]


def test_written_video_comes_back(clip):
    info = probe(clip)
    assert (info.fps, info.width, info.height, info.has_audio) == (25, 64, 48, True)
    frames = list(read_frames(clip))
    assert len(frames) == 30
    assert all(frame.flags.writeable for frame in frames)
    for frame, original in zip(frames, moving(30), strict=True):
        assert np.abs(frame.astype(int) - original).mean() < 6
    samples, original = read_audio(clip, num_frames=30), tone(30 / 25)
    assert np.corrcoef(samples[800:-800], original[800:-800])[0, 1] > 0.99  # not a sample late


def test_written_video_plays_in_a_browser(clip):
    words = subprocess.run([executable(), "-i", str(clip)], capture_output=True, text=True).stderr
    assert "h264" in words and "yuv420p" in words and "aac" in words
    content = clip.read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_the_same_frames_give_the_same_file(tmp_path, clip):
    write_video(tmp_path / "again.mp4", iter(moving(30)), audio=tone(30 / 25))
    assert (tmp_path / "again.mp4").read_bytes() == clip.read_bytes()


def test_odd_sizes_are_padded(tmp_path):
    write_video(tmp_path / "odd.mp4", moving(3, 33, 31))
    info = probe(tmp_path / "odd.mp4")
    assert (info.height, info.width, info.has_audio, info.audio_start_s) == (34, 32, False, None)


def test_a_failed_write_leaves_nothing_behind(tmp_path):
    def breaking():
        yield from moving(3)
        raise KeyError("the model broke")

    with pytest.raises(KeyError):
        write_video(tmp_path / "a.mp4", breaking())
    with pytest.raises(ValueError, match="frame 1"):
        write_video(tmp_path / "a.mp4", [np.zeros((4, 4, 3), np.uint8), np.zeros((4, 6, 3), np.uint8)])
    with pytest.raises(ValueError, match="no frames"):
        write_video(tmp_path / "a.mp4", [])
    with pytest.raises(MediaError, match="encoded"):
        write_video(tmp_path / "a.mp4", moving(3), fps=0)
    assert list(tmp_path.iterdir()) == []


def test_probing_is_steady(clip):
    # the program's threads end in any order; what is read from it must not depend on that
    assert len({probe(clip) for _ in range(25)}) == 1


def test_max_frames_and_leaving_early(clip):
    assert len(list(read_frames(clip, max_frames=7))) == 7
    frames = read_frames(clip)
    next(frames)
    frames.close()  # no error: the caller, not the stream, ended it


def test_rotation_is_honoured(tmp_path, clip):
    turned = tmp_path / "turned.mp4"
    run("-display_rotation", "90", "-i", str(clip), "-c", "copy", str(turned))
    frame, upright = next(read_frames(turned)), next(read_frames(clip))
    assert frame.shape == (64, 48, 3)
    assert (probe(turned).width, probe(turned).height) == (48, 64)
    assert np.abs(frame.astype(int) - np.rot90(upright)).mean() < 6


@pytest.mark.parametrize(
    "name",
    ["-y.mp4", "it's \"quoted\".mp4", "two\nlines.mp4", "$(touch x).mp4", "a b;c&d.mp4", "ünï😀.mp4",
     "100%d.mp4", "pipe:0.mp4", "http:a.mp4", "[0:v].mp4", "back\\slash.mp4"],
)  # fmt: skip
def test_names_mean_nothing(tmp_path, monkeypatch, clip, name):
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    source = Path("in") / name
    source.write_bytes(clip.read_bytes())
    assert probe(source).has_audio
    assert len(list(read_frames(source))) == 30
    assert len(read_audio(source, num_frames=30)) == 30 * 640
    write_video(name, moving(3))
    assert len(list(read_frames(name))) == 3
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(["in", name])


def test_truncated_and_corrupted_streams_are_damaged(tmp_path, clip):
    whole = tmp_path / "whole.mkv"
    run("-i", str(clip), "-c:v", "mpeg4", "-c:a", "copy", str(whole))
    content = bytearray(whole.read_bytes())
    (tmp_path / "short.mkv").write_bytes(content[: len(content) // 2])
    middle = len(content) // 2
    content[middle : middle + 300] = bytes(300)
    (tmp_path / "holes.mkv").write_bytes(content)
    for name in ("short.mkv", "holes.mkv"):
        with pytest.raises(MediaError) as caught:
            list(read_frames(tmp_path / name))
        assert caught.value.reason == "damaged stream"
        assert name in str(caught.value) and " @ 0x" not in str(caught.value)  # no addresses: they change


def test_reasons_of_what_is_no_clip(tmp_path, clip):
    (tmp_path / "text.mpg").write_text("hello")
    (tmp_path / "empty.mpg").write_bytes(b"")
    run("-f", "lavfi", "-i", "sine=d=1", str(tmp_path / "sound.wav"))
    write_video(tmp_path / "mute.mp4", moving(3))

    def reason(function, name):
        with pytest.raises(MediaError) as caught:
            function(tmp_path / name)
        assert name in str(caught.value) and "\n" not in str(caught.value)
        return caught.value.reason

    def frames(path):
        return list(read_frames(path))

    for name in ("text.mpg", "empty.mpg"):
        assert {reason(look, name) for look in (probe, frames, read_audio)} == {"not a readable media file"}
    assert {reason(look, "absent.mpg") for look in (probe, frames, read_audio)} == {"no such file"}
    assert {reason(look, "sound.wav") for look in (probe, frames)} == {"no picture"}
    assert reason(read_audio, "mute.mp4") == "no sound"
    assert reason(lambda path: read_audio(path, num_frames=3), "mute.mp4") == "no sound"
    assert len(read_audio(tmp_path / "sound.wav", num_frames=30)) == 30 * 640


def test_errors_survive_the_way_between_processes():
    error = pickle.loads(pickle.dumps(MediaError("damaged stream", "a\nb.mpg", "why")))
    assert (error.reason, str(error)) == ("damaged stream", "'a\\nb.mpg': damaged stream (why)")


def test_a_hanging_decoder_is_ended():
    with socket.create_server(("127.0.0.1", 0)) as mute:  # accepts, but never says a word
        source = arguments.input(f"tcp://127.0.0.1:{mute.getsockname()[1]}", format="s16le")
        began = time.monotonic()
        with (
            pytest.raises(MediaError) as caught,
            Child(arguments.output(source, "pipe:1", format="wav"), "hanging", silence_s=0.5) as child,
        ):
            child.read(1)
    assert caught.value.reason == "decoder hangs"
    assert time.monotonic() - began < 5
    assert child._process.returncode is not None


def test_the_program_is_found_without_a_path(monkeypatch):
    assert version() and "libx264" in encoders()
    words = "from talkface.media.program import executable; print(executable())"
    bare = subprocess.run([sys.executable, "-c", words], env={"PATH": ""}, capture_output=True, text=True)
    assert "imageio_ffmpeg" in bare.stdout
    assert address("-x") == f"file:{Path.cwd()}/-x"


def test_png_is_lossless():
    image = np.random.default_rng(0).integers(0, 256, (37, 41, 3), dtype=np.uint8)
    assert np.array_equal(decode_png(encode_png(image)), image)
    assert encode_png(image) == encode_png(np.asfortranarray(image))
    with pytest.raises(ValueError, match="uint8"):
        encode_png(image.astype(np.float32))
    for broken in (b"", b"not a png"):
        with pytest.raises(ValueError, match="not an image"):
            decode_png(broken)


REAL = {  # file: frames, or the reason why not
    "grid/s1/lrae3s.mpg": 74, "grid/s1/sbbbzp.mpg": 74, "grid/s1/srwi5a.mpg": 74, "grid/s1/bbaf5a.mpg": 75,
    "grid/s1/sran9s.mpg": 75, "grid/s1/sgib8n.mpg": "damaged stream", "grid/s18/sgwb6a.mpg": 75,
    "grid/s4/bbilzs.mkv": 75, "grid/s4/bgwo2a.mpg": 75, "clips/aa011.mpg": 63,
}  # fmt: skip


@pytest.mark.real
@pytest.mark.parametrize("name", REAL)
def test_flawed_files(real_clips, name):
    path, expected = real_clips / name, REAL[name]
    try:
        found = sum(1 for _ in read_frames(path))
    except MediaError as error:
        found = error.reason
    assert found == expected
    if name == "grid/s18/sgwb6a.mpg":
        with pytest.raises(MediaError, match="no sound"):
            read_audio(path, num_frames=75)
    elif isinstance(found, int):
        samples = read_audio(path, num_frames=found)
        assert len(samples) == found * 640 and samples.std() > 0.001


@pytest.mark.real
def test_ordinary_files_are_not_called_damaged(real_clips):
    with (real_clips / "SOURCES.csv").open(newline="") as file:
        ordinary = [row["path"] for row in csv.DictReader(file)
                    if row["path"].startswith("grid/s") and "flawed" not in row["notes"]]  # fmt: skip
    assert len(ordinary) > 300
    for name in ordinary[::12]:
        assert sum(1 for _ in read_frames(real_clips / name)) == 75, name
