"""Films of each kind, with the sound of another file; every file is made by the program."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from made_media import run

from talkface.media.audio import SoundFile
from talkface.media.film import KINDS, OriginalSound, Still
from talkface.media.probe import probe, sound_tracks
from talkface.media.program import executable
from talkface.media.tracks import channels
from talkface.media.video import read_frames, write_pictures, write_video

FRAME = np.full((48, 64, 3), (200, 120, 60), np.uint8)
SPEECH = "0.4*sin(2765*t)*(1+sin(20*t))/2"
HUM = "0.3*sin(6283*t)"


def sound(path: Path, *spoken: str, rate: int = 44_100, seconds: float = 1.0, codec: str = "") -> Path:
    made = f"aevalsrc='{'|'.join(spoken)}':s={rate}:d={seconds}"
    run("-f", "lavfi", "-i", made, *(["-c:a", codec] if codec else []), str(path))
    return path


def filmed(path: Path, source: Path, num_frames: int = 25) -> Path:
    original = OriginalSound(source, SoundFile(source).track, num_frames / 25)
    write_video(path, [FRAME] * num_frames, audio=original)
    assert sum(1 for _ in read_frames(path)) == num_frames
    return path


def samples(path: Path, rate: int | None = None) -> np.ndarray:
    [track] = sound_tracks(path)
    return np.concatenate(list(channels(path, track, rate)))


def loudest(samples_S: np.ndarray, rate: int) -> float:
    return (
        float(np.abs(np.fft.rfft(samples_S * np.hanning(len(samples_S))))[1:].argmax() + 1)
        * rate
        / len(samples_S)
    )


RATES = {8_000: 8_000, 11_025: 11_025, 22_050: 22_050, 44_100: 44_100, 96_000: 96_000, 37_000: 48_000,
         176_400: 48_000, 192_000: 48_000, 6_000: 48_000}  # fmt: skip


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_a_sample_rate_is_kept_where_aac_holds_it(tmp_path, rate, ending):
    path = filmed(tmp_path / f"a.{ending}", sound(tmp_path / "a.wav", SPEECH, rate=rate))
    [track] = sound_tracks(path)
    assert (track.sample_rate, track.layout) == (RATES[rate], "mono")
    assert loudest(samples(path)[:, 0], RATES[rate]) == pytest.approx(440, abs=3)


@pytest.mark.parametrize(("rate", "kept"), [(16_000, 16_000), (44_100, 48_000), (48_000, 48_000)])
def test_opus_has_rates_of_its_own(tmp_path, rate, kept):
    path = filmed(tmp_path / "a.webm", sound(tmp_path / "a.wav", SPEECH, HUM, rate=rate))
    words = subprocess.run([executable(), "-i", str(path)], capture_output=True, text=True).stderr
    assert "vp9" in words and "opus" in words
    assert loudest(samples(path, kept)[:, 0], kept) == pytest.approx(440, abs=3)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "webm"])
@pytest.mark.parametrize(("count", "kept"), [(1, 1), (2, 2), (3, 2), (6, 2), (8, 2), (16, 2)])
def test_more_channels_than_two_are_mixed_to_two(tmp_path, ending, count, kept):
    source = sound(tmp_path / "a.wav", *[SPEECH] * count, rate=48_000, codec="pcm_s16le")
    heard_SC = samples(filmed(tmp_path / f"a.{ending}", source))
    assert heard_SC.shape[1] == kept
    assert 0.1 < np.abs(heard_SC).max() < 1.0


def test_channels_stay_apart_and_out_of_phase(tmp_path):
    apart_SC = samples(filmed(tmp_path / "a.mp4", sound(tmp_path / "a.wav", SPEECH, HUM)))
    assert [loudest(apart_SC[:, k], 44_100) for k in (0, 1)] == pytest.approx([440, 1000], abs=3)
    against_SC = samples(filmed(tmp_path / "b.mp4", sound(tmp_path / "b.wav", SPEECH, f"-{SPEECH}")))
    assert np.corrcoef(*against_SC.T)[0, 1] < -0.999


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.wav", ""),
        ("a.flac", ""),
        ("a.mp3", ""),
        ("a.opus", "libopus"),
        ("it's 100%d [0:a].m4a", "aac"),
        ("a\nb.ogg", "libvorbis"),
    ],
)
def test_sounds_of_any_kind_keep_their_place(tmp_path, name, codec):
    """What is heard at a moment of the film is what drove that moment."""
    source = sound(tmp_path / name, f"{HUM}*gt(t,0.5)", f"{HUM}*gt(t,0.5)", rate=48_000, codec=codec)
    opened, heard = SoundFile(source), samples(filmed(tmp_path / "a.mp4", source), 16_000)[:, 0]
    driving = opened.read(0, opened.num_samples)
    starts = [np.flatnonzero(np.abs(wave) > 0.1)[0] / 16_000 for wave in (driving, heard)]
    assert starts[0] == pytest.approx(0.5, abs=0.01) and starts[1] == pytest.approx(starts[0], abs=0.003)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "webm"])
@pytest.mark.parametrize("seconds", [0.05, 0.7, 1.0, 3.0])
def test_sound_is_as_long_as_the_film(tmp_path, ending, seconds):
    path = filmed(tmp_path / f"a.{ending}", sound(tmp_path / "a.wav", SPEECH, seconds=seconds, rate=48_000))
    heard_S = samples(path)[:, 0]
    assert abs(len(heard_S) / 48_000 - 1.0) < 0.03
    assert np.abs(heard_S[: int(0.04 * 48_000)]).max() > 0.1
    assert np.abs(heard_S[int((min(seconds, 1) + 0.05) * 48_000) :]).max(initial=0) < 0.01
    assert probe(path).duration_s == pytest.approx(1.0, abs=0.03)


def test_the_bit_rate_of_speech_in_two_channels(tmp_path):
    source = sound(tmp_path / "a.wav", f"{SPEECH}+0.1*random(0)", f"{HUM}+0.1*random(1)", seconds=4)
    path = filmed(tmp_path / "a.mp4", source, 100)
    words = subprocess.run([executable(), "-i", str(path)], capture_output=True, text=True).stderr
    assert int(re.search(r"Audio: aac.* (\d+) kb/s", words)[1]) >= 128


def test_the_track_that_drove_it_is_heard_from_its_first_sample(tmp_path):
    source = tmp_path / "a.mkv"
    run(
        "-f", "lavfi", "-i", "color=red:s=64x48:r=25:d=1", "-f", "lavfi", "-i", "anullsrc=r=44100:d=1",
        "-itsoffset", "0.3", "-f", "lavfi", "-i", f"aevalsrc='{HUM}':s=48000:d=1", "-map", "0", "-map", "1",
        "-map", "2", "-c:v", "mpeg4", "-c:a", "flac", "-disposition:a:1", "default", str(source),
    )  # fmt: skip
    heard_SC = samples(filmed(tmp_path / "a.mp4", source))
    assert np.abs(heard_SC[:480]).max() > 0.1
    assert loudest(heard_SC[:, 0], 48_000) == pytest.approx(1000, abs=3)


def test_nothing_else_of_the_sounds_file_comes_along(tmp_path):
    cover, chapters, source = tmp_path / "a.png", tmp_path / "chapters.txt", tmp_path / "a.m4a"
    run("-f", "lavfi", "-i", "color=blue:s=32x32", "-frames:v", "1", str(cover))
    chapters.write_text(";FFMETADATA1\ntitle=secret\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle=secret\n")
    made = sound(tmp_path / "a.wav", SPEECH)
    run(
        "-i", str(made), "-i", str(cover), "-i", str(chapters), "-map", "0", "-map", "1",
        "-map_metadata", "2", "-c:v", "copy", "-c:a", "aac", "-disposition:v:0", "attached_pic", str(source),
    )  # fmt: skip
    assert b"secret" in source.read_bytes()
    for ending in ("mp4", "mkv", "webm"):
        path = filmed(tmp_path / f"a.{ending}", source)
        assert b"secret" not in path.read_bytes()
        assert next(read_frames(path)).shape == FRAME.shape


@pytest.mark.parametrize("ending", [*KINDS])
def test_the_same_film_twice_is_the_same_file(tmp_path, ending):
    source = sound(tmp_path / "a.wav", SPEECH, HUM)
    first, second = (filmed(tmp_path / f"{name}{ending}", source) for name in "ab")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("ending", [*KINDS])
@pytest.mark.parametrize("size", [(33, 31), (2, 2), (1, 1), (16, 17)])
def test_any_size(tmp_path, ending, size):
    frame = np.full((*size, 3), (200, 120, 60), np.uint8)
    write_video(tmp_path / f"a{ending}", [frame] * 3)
    found = list(read_frames(tmp_path / f"a{ending}"))
    assert len(found) == 3
    fitted = size if ending == ".gif" else tuple(length + length % 2 for length in size)
    assert found[0].shape == (*fitted, 3)
    assert np.abs(found[2].astype(int) - frame[0, 0]).max() <= 3


@pytest.mark.parametrize("ending", [*KINDS])
@pytest.mark.parametrize(("size", "part"), [((64, 96), (16, 20, 24, 30)), ((63, 95), (40, 60, 23, 35))])
def test_a_still_picture_with_a_moving_part_is_the_film_of_whole_frames(tmp_path, ending, size, part):
    noise = np.random.default_rng(0)
    picture = np.kron(noise.integers(0, 256, (22, 34, 3)), np.ones((3, 3, 1))).astype(np.uint8)
    still = Still(picture[: size[0], : size[1]], *part[:2])
    parts = [noise.integers(0, 256, (*part[2:], 3), np.uint8) for _ in range(6)]
    write_video(tmp_path / f"whole{ending}", map(still.filled, parts))
    write_video(tmp_path / f"part{ending}", parts, still=still)
    assert (tmp_path / f"part{ending}").read_bytes() == (tmp_path / f"whole{ending}").read_bytes()


def test_other_endings_are_refused(tmp_path):
    for name in ("a.avi", "a", "a.mp4.txt", ".mp4"):
        with pytest.raises(ValueError, match=r"a film's name ends in \.mp4, \.mkv"):
            write_video(tmp_path / name, [FRAME])
    assert not list(tmp_path.iterdir())


def test_a_gif_has_the_colours_and_the_pace_of_its_frames(tmp_path):
    frames = [np.full((20, 30, 3), (10 * k, 255 - 10 * k, 128), np.uint8) for k in range(25)]
    write_video(tmp_path / "a.gif", frames, audio=np.zeros(16_000, np.float32))
    found = list(read_frames(tmp_path / "a.gif"))
    assert len(found) == 25 and probe(tmp_path / "a.gif").fps == 25
    assert max(np.abs(a.astype(int) - b).max() for a, b in zip(found, frames, strict=True)) <= 2


@pytest.mark.parametrize("writing", ["model", "size", "nothing"])
def test_pictures_appear_together_or_not_at_all(tmp_path, writing):
    def frames():
        yield from [FRAME] * 2
        if writing == "model":
            raise KeyError("the model broke")
        yield FRAME[1:]

    with pytest.raises((KeyError, ValueError)):
        write_pictures(tmp_path / "frames", [] if writing == "nothing" else frames())
    assert not list(tmp_path.iterdir())


def test_pictures_hold_the_frames_without_loss(tmp_path):
    frames = [np.random.default_rng(k).integers(0, 256, (5, 7, 3), np.uint8) for k in range(3)]
    (tmp_path / "frames").mkdir()
    write_pictures(tmp_path / "frames", frames)
    [*found] = sorted((tmp_path / "frames").iterdir())
    assert [path.name for path in found] == ["000000.png", "000001.png", "000002.png"]
    for path, frame in zip(found, frames, strict=True):
        assert np.array_equal(next(read_frames(path)), frame)
    with pytest.raises(OSError, match="not empty"):
        write_pictures(tmp_path / "frames", frames)
    assert len(list(tmp_path.iterdir())) == 1
