"""Sound of files that strangers send: which kinds are known by their beginning, and what is taken of them."""

import re
import sys
from pathlib import Path

import ffmpeg
import numpy as np
import pytest
import soundfile
from made_media import run

from talkface.media.audio import SoundFile, read_audio
from talkface.media.probe import sound_tracks
from talkface.media.untrusted import LimitedChild, copy_sound, kind_of_sound

TONE = ("-f", "lavfi", "-i", "sine=frequency=300:sample_rate=48000:duration=1")
COLOUR = ("-f", "lavfi", "-i", "color=s=32x32:r=25:d=1")
KINDS = {
    "a.wav": ("wav", ()), "a.aiff": ("aiff", ()), "a.flac": ("flac", ()), "a.au": ("au", ()),
    "a.caf": ("caf", ()), "a.ogg": ("ogg", ("-c:a", "libvorbis")), "a.opus": ("ogg", ("-c:a", "libopus")),
    "a.mp3": ("mp3", ()), "tagged.mp3": ("mp3", ("-id3v2_version", "3", "-metadata", "title=a")),
    "bare.mp3": ("mp3", ("-id3v2_version", "0")), "a.aac": ("aac", ()), "a.m4a": ("mov", ()),
    "a.mov": ("mov", ()), "a.mp4": ("mov", ()), "a.mkv": ("matroska", ()),
    "a.webm": ("matroska", ("-c:a", "libopus")), "a.avi": ("avi", ()), "a.mpg": ("mpeg", ()),
    "a.ts": ("mpegts", ()), "a.wma": ("asf", ()), "a.flv": ("flv", ("-ar", "44100")),
}  # fmt: skip
FILMS = (".mov", ".mp4", ".mkv", ".webm", ".avi", ".mpg", ".ts", ".flv")


@pytest.mark.parametrize("name", KINDS)
def test_usual_kinds_are_known_and_read_as_ever(tmp_path, name):
    kind, words = KINDS[name]
    path, target = tmp_path / name, tmp_path / "copy.wav"
    film = (*COLOUR, "-map", "0:a", "-map", "1:v") if path.suffix in FILMS else ()
    run(*TONE, *film, *words, str(path))
    hidden = path.rename(tmp_path / "without an ending")
    assert kind_of_sound(hidden) == kind
    seconds = copy_sound(hidden, target, most_seconds=5)
    assert seconds == pytest.approx(1, abs=0.1)
    np.testing.assert_allclose(read_audio(target), read_audio(hidden), atol=2e-3)


def test_the_copy_keeps_rate_and_channels_and_mixes_many(tmp_path):
    tone = 0.3 * np.sin(np.arange(48_000) / 20)
    for channels, expected in ((1, "mono"), (2, "stereo"), (6, "stereo")):
        soundfile.write(tmp_path / "a.wav", np.stack([tone] * channels, 1), 44_100)
        copy_sound(tmp_path / "a.wav", tmp_path / "copy.wav", most_seconds=5)
        [track] = sound_tracks(tmp_path / "copy.wav")
        assert (track.sample_rate, track.layout.replace("2 channels", "stereo")) == (44_100, expected)


def test_of_several_tracks_the_default_or_the_first_that_is_not_silent(tmp_path):
    silence = ("-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono:d=1")
    for inputs, default in (((silence, TONE), 0), ((TONE, silence), 1), ((TONE, silence), 0)):
        words = [word for own in inputs for word in own]
        marks = [f"-disposition:a:{number}" for number in range(2)]
        marked = [marks[default], "default", marks[1 - default], "0"]
        run(*words, "-map", "0:a", "-map", "1:a", *marked, "-c:a", "pcm_s16le", str(tmp_path / "a.mkv"))
        copy_sound(tmp_path / "a.mkv", tmp_path / "copy.wav", most_seconds=5)
        assert not SoundFile(tmp_path / "copy.wav").silent
    run(*silence, *silence, "-map", "0:a", "-map", "1:a", str(tmp_path / "b.mkv"))
    copy_sound(tmp_path / "b.mkv", tmp_path / "copy.wav", most_seconds=5)
    assert SoundFile(tmp_path / "copy.wav").silent


def test_a_playlist_in_a_kind_that_is_taken_opens_nothing(tmp_path):
    """Behind a tag the program would take the list for what it is, and open the sound that it names."""
    run(*TONE, str(tmp_path / "secret.ts"))
    listed = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{tmp_path}/secret.ts\n#EXT-X-ENDLIST\n"
    for before in (b"", b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)):
        path = tmp_path / "a.mp3"
        path.write_bytes(before + listed.encode())
        with pytest.raises(ValueError, match=r"not a sound|damaged"):
            copy_sound(path, tmp_path / "copy.wav", most_seconds=5)


def test_a_longer_sound_than_is_taken_is_refused_without_decoding_all(tmp_path):
    run("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono:d=7200", str(tmp_path / "a.flac"))
    with pytest.raises(ValueError, match="longer than 5 s"):
        copy_sound(tmp_path / "a.flac", tmp_path / "copy.wav", most_seconds=5)
    assert (tmp_path / "copy.wav").stat().st_size < 250_000


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot bound another process")
def test_the_program_runs_within_bounds(tmp_path):
    """An endless run, as the kernel sees it."""
    endless = ffmpeg.output(ffmpeg.input("anullsrc", format="lavfi"), "pipe:1", format="null")
    with LimitedChild(endless, tmp_path) as child:
        told = Path(f"/proc/{child._process.pid}/limits").read_text()
    assert re.search(r"Max address space +2000000000 ", told) and re.search(r"Max cpu time +60 ", told)
