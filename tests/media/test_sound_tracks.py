"""Channels that cancel each other, and files with several sound tracks; every file is made by the program."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from made_media import run

from talkface.media.audio import SoundFile, read_audio
from talkface.media.ffmpeg import MediaError
from talkface.media.probe import probe, sound_offset_s, sound_track, sound_tracks
from talkface.media.program import executable

SPEECH = "0.4*sin(2765*t)*(1+sin(20*t))/2"  # 440 Hz, louder and softer
HUM = "0.3*sin(6283*t)"  # 1000 Hz
QUIET = "0"


def sound(path: Path, *channels: str, codec: str = "pcm_s16le", rate: int = 44_100, seconds=1.0) -> Path:
    made = f"aevalsrc='{'|'.join(channels)}':s={rate}:d={seconds}"
    run("-f", "lavfi", "-i", made, "-c:a", codec, str(path))
    return path


def tone_of(samples: np.ndarray, rate: int = 16_000) -> float:
    """The loudest frequency in Hz, 0 for silence."""
    if np.abs(samples).max(initial=0) <= 1e-3:
        return 0.0
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum[1:].argmax() + 1) * rate / len(samples)


def whole(path: Path, rate: int = 16_000) -> np.ndarray:
    """The sound as both readers give it."""
    opened, samples = SoundFile(path, sample_rate=rate), read_audio(path, sample_rate=rate)
    assert np.array_equal(opened.read(0, opened.num_samples), samples)
    return samples


def plain(path: Path, stream: str = "a:0") -> np.ndarray:
    """What the program itself makes of a track: channels averaged, 16 kHz."""
    words = [executable(), "-v", "error", "-nostdin", "-i", str(path), "-map", f"0:{stream}"]
    words += ["-af", "aresample=16000:async=1:rematrix_maxval=1", "-ac", "1", "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(words, check=True, capture_output=True).stdout, "<f4")


OUT_OF_PHASE = {
    "exact.wav": ((SPEECH, f"-{SPEECH}"), "pcm_s16le", 44_100),
    "24 bits.wav": ((SPEECH, f"-{SPEECH}"), "pcm_s24le", 48_000),
    "lossy.m4a": ((SPEECH, f"-{SPEECH}"), "aac", 44_100),
    "lossy.mp3": ((SPEECH, f"-{SPEECH}"), "libmp3lame", 44_100),
    "nearly.flac": ((SPEECH, f"-0.95*{SPEECH}"), "flac", 22_050),
    "offset.wav": ((f"0.1+{SPEECH}", f"0.1-{SPEECH}"), "pcm_f32le", 44_100),
    "noise.wav": ((f"{SPEECH}+0.02*random(0)", f"-{SPEECH}+0.02*random(0)"), "pcm_s16le", 16_000),
    "surround.flac": (("0", "0", "0", "0", SPEECH, f"-{SPEECH}"), "flac", 48_000),
    "bass alone.flac": (("0", "0", "0", SPEECH, "0", "0"), "flac", 48_000),  # no average includes it
}


@pytest.mark.parametrize("name", OUT_OF_PHASE)
def test_channels_that_cancel_give_the_loudest_one(tmp_path, caplog, name):
    spoken, codec, rate = OUT_OF_PHASE[name]
    path = sound(tmp_path / name, *spoken, codec=codec, rate=rate)
    assert np.std(plain(path)) < 0.03  # lost in the average
    samples = whole(path)
    assert tone_of(samples) == pytest.approx(440, abs=2) and np.abs(samples).max() > 0.3
    assert name in caplog.text and "cancel each other; channel" in caplog.text
    assert np.array_equal(read_audio(path, num_frames=25)[: len(samples)], samples[:16_000])


def test_the_louder_of_two_is_taken(tmp_path, caplog):
    path = sound(tmp_path / "a.wav", f"-0.9*{SPEECH}", SPEECH, codec="pcm_f32le", rate=16_000)
    right = sound(tmp_path / "right.wav", SPEECH, codec="pcm_f32le", rate=16_000)
    assert np.array_equal(whole(path), whole(right))
    assert "channel 2 is taken" in caplog.text


USUAL = {
    "mono": (SPEECH,),
    "same": (SPEECH, SPEECH),
    "left alone": (SPEECH, QUIET),
    "right alone": (QUIET, SPEECH),
    "two voices": (SPEECH, HUM),
    "wide": (f"{SPEECH}+{HUM}", f"{SPEECH}-{HUM}"),
    "delayed": ("sin(2765*t)", "sin(2765*(t-0.0003))"),
    "silence": (QUIET, QUIET),
    "surround": (QUIET, QUIET, SPEECH, QUIET, QUIET, QUIET),
    "seven": (QUIET, QUIET, QUIET, QUIET, QUIET, QUIET, QUIET, SPEECH),
}


@pytest.mark.parametrize("name", USUAL)
def test_other_channels_are_averaged_as_ever(tmp_path, caplog, name):
    path = sound(tmp_path / "a.flac", *USUAL[name], codec="flac", rate=48_000)
    assert np.array_equal(whole(path), plain(path))
    assert not caplog.text


def film(path: Path, *tracks: str, default: int | None = None, starts=(), codec="flac") -> Path:
    """A film of one second with sound tracks, of which one may be marked as the default."""
    words = ["-f", "lavfi", "-i", "color=red:s=64x48:r=25:d=1"]
    for number, track in enumerate(tracks):
        begin = starts[number] if starts else 0
        words += ["-itsoffset", str(begin), "-f", "lavfi", "-i", f"aevalsrc='{track}':s=48000:d=1"]
    words += [word for stream in range(len(tracks) + 1) for word in ("-map", str(stream))]
    words += ["-c:v", "mpeg4", "-c:a", codec, "-strict", "-2"]
    for number in range(len(tracks)):
        words += [f"-disposition:a:{number}", "default" if number == default else "0"]
    if path.suffix == ".mkv":
        words += ["-default_mode", "passthrough"]
    run(*words, str(path))
    return path


TRACKS = {  # tracks, the one marked as default, the one that is heard
    "second is default": ((QUIET, HUM), 1, 2),
    "second is default, first sounds": ((SPEECH, HUM), 1, 2),
    "default is silent": ((SPEECH, QUIET), 1, 1),
    "first default is silent": ((QUIET, SPEECH, HUM), 0, 2),
    "none marked": ((SPEECH, HUM), None, 1),
    "none marked, first silent": ((QUIET, QUIET, HUM), None, 3),
    "nearly silent": (("0.00005*sin(2765*t)", HUM), 0, 2),
    "all silent": ((QUIET, QUIET), 1, 2),
    "all silent, none marked": ((QUIET, QUIET), None, 1),
    "third is default": ((SPEECH, QUIET, HUM), 2, 3),
    "sounds at its very end": ((f"gt(t,0.98)*{SPEECH}", HUM), 0, 1),
    "silent in the average alone": ((f"{SPEECH}|-{SPEECH}", HUM), 0, 1),
}


@pytest.mark.parametrize("name", TRACKS)
def test_which_track_is_heard(tmp_path, caplog, name):
    tracks, default, number = TRACKS[name]
    path = film(tmp_path / "a.mkv", *tracks, default=default)
    assert [track.default for track in sound_tracks(path)] == [k == default for k in range(len(tracks))]
    track = sound_track(path)
    assert (track.number, track.stream, track.count) == (number, number, len(tracks))
    samples = whole(path)
    if name != "silent in the average alone":
        assert np.array_equal(samples, plain(path, f"a:{number - 1}"))
    assert ("all silent" in name) == (np.abs(samples).max() <= 1e-4) == SoundFile(path).silent
    assert (f"its sound is track {number} of {len(tracks)}" in caplog.text) == (number > 1)


@pytest.mark.parametrize(("ending", "codec"), [("mp4", "aac"), ("mov", "pcm_s16le"), ("ts", "mp2")])
def test_containers(tmp_path, ending, codec):
    path = film(tmp_path / f"a.{ending}", QUIET, HUM, default=1, codec=codec)
    assert tone_of(whole(path)) == pytest.approx(1000, abs=3)


@pytest.mark.parametrize("starts", [(0.0, 0.2), (0.2, 0.0), (0.3, 0.1)])
def test_timing_is_that_of_the_heard_track(tmp_path, starts):
    path = film(tmp_path / "a.mkv", QUIET, HUM, default=1, starts=starts, codec="pcm_s16le")
    assert sound_offset_s(path) == pytest.approx(starts[1], abs=0.002)
    info = probe(path)
    assert info.audio_start_s - info.video_start_s == pytest.approx(starts[1], abs=0.002)
    samples = read_audio(path, num_frames=25)
    assert np.flatnonzero(np.abs(samples) > 0.05)[0] / 16_000 == pytest.approx(starts[1], abs=0.003)


FORGED = "\n  Stream #0:9: Audio: aac, 44100 Hz, stereo (default)\n"


@pytest.mark.parametrize("name", [f"a{FORGED}b.mkv", "Stream mapping:\nOutput #0, x.mkv", "\n\nInput #0.mkv"])
def test_a_name_is_not_taken_for_a_list(tmp_path, name):
    made = film(tmp_path / "a.mkv", QUIET, HUM, default=1)
    path = made.rename(tmp_path / name)
    assert [track.stream for track in sound_tracks(path)] == [1, 2]
    assert tone_of(whole(path)) == pytest.approx(1000, abs=3)


def test_titles_and_pictures_and_subtitles_are_no_tracks(tmp_path):
    cover, words = tmp_path / "cover.png", tmp_path / "words.srt"
    run("-f", "lavfi", "-i", "color=blue:s=32x32", "-frames:v", "1", str(cover))
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nStream #0:7: Audio: aac\n")
    made, path = film(tmp_path / "a.mkv", QUIET, HUM, default=1), tmp_path / "b.mkv"
    run(
        "-i", str(made), "-i", str(words), "-map", "1", "-map", "0:a", "-map", "0:v", "-c", "copy",
        "-attach", str(cover), "-metadata:s:4", "mimetype=image/png",
        "-metadata", f"title=x{FORGED}", "-metadata:s:1", f"title=x{FORGED}", str(path),
    )  # fmt: skip
    assert [(track.stream, track.default) for track in sound_tracks(path)] == [(1, False), (2, True)]
    assert tone_of(whole(path)) == pytest.approx(1000, abs=3)


def test_a_song_with_a_cover(tmp_path):
    cover, song = tmp_path / "cover.png", sound(tmp_path / "a.mp3", SPEECH, codec="libmp3lame")
    run("-f", "lavfi", "-i", "color=blue:s=32x32", "-frames:v", "1", str(cover))
    path = tmp_path / "song.mp3"
    run("-i", str(song), "-i", str(cover), "-map", "1", "-map", "0", "-c", "copy", "-disposition:v:0",
        "attached_pic", str(path))  # fmt: skip
    assert sound_offset_s(path) == 0.0
    assert tone_of(whole(path)) == pytest.approx(440, abs=2)


def test_a_default_track_that_no_decoder_reads_is_passed_over(tmp_path):
    path = film(tmp_path / "a.mkv", SPEECH, HUM, default=0, codec="pcm_s16le")
    content = path.read_bytes()
    assert content.count(b"A_PCM/INT/LIT") == 2
    path.write_bytes(content.replace(b"A_PCM/INT/LIT", b"A_XYZ/INT/LIT", 1))
    assert tone_of(whole(path)) == pytest.approx(1000, abs=3)


def test_a_film_without_sound_says_so(tmp_path):
    path = tmp_path / "mute.mkv"
    run("-f", "lavfi", "-i", "color=red:s=64x48:r=25:d=1", "-c:v", "mpeg4", str(path))
    for look in (sound_track, sound_offset_s, read_audio, SoundFile):
        with pytest.raises(MediaError, match="no sound"):
            look(path)


def test_sixteen_channels(tmp_path):
    path = sound(tmp_path / "a.wav", *[SPEECH] * 15, f"-{SPEECH}", codec="pcm_f32le", rate=16_000, seconds=6)
    assert tone_of(whole(path)) == pytest.approx(440, abs=2)
