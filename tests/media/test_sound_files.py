"""Recordings: read whole, up to their last sample, and at their own loudness."""

import numpy as np
import pytest
from made_media import run

from talkface.media.audio import read_audio
from talkface.media.ffmpeg import MediaError


def test_sound_files_are_read_whole(tmp_path):
    for name in ("a.wav", "a.mp3", "a.flac"):
        run("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:d=2", str(tmp_path / name))
        samples = read_audio(tmp_path / name)
        assert abs(len(samples) - 32_000) <= 2200, name  # an mp3 may carry a frame of padding
        assert np.argmax(np.abs(np.fft.rfft(samples[:16_000]))) == 440


@pytest.mark.parametrize(
    ("ending", "codec", "channels", "cut"),
    [
        ("wav", "pcm_s16le", 1, 1),
        ("wav", "pcm_s16le", 2, 3),
        ("wav", "pcm_s24le", 2, 5),
        ("wav", "pcm_f32le", 1, 3),
        ("wav", "pcm_s16le", 1, 20_001),
        ("aiff", "pcm_s16be", 1, 1),
        ("au", "pcm_s16be", 2, 1),
    ],
)
def test_a_recording_that_ends_within_a_sample_is_read_up_to_it(tmp_path, ending, codec, channels, cut):
    path = tmp_path / f"a.{ending}"
    made = "|".join(["0.4*sin(2765*t)"] * channels)
    run("-f", "lavfi", "-i", f"aevalsrc='{made}':s=16000:d=1", "-c:a", codec, str(path))
    entire = read_audio(path)
    path.write_bytes(path.read_bytes()[:-cut])
    samples = read_audio(path)
    sample_bytes = {"pcm_s16le": 2, "pcm_s16be": 2, "pcm_s24le": 3, "pcm_f32le": 4}[codec] * channels
    assert len(samples) == 16_000 - -(-cut // sample_bytes)
    assert np.array_equal(samples, entire[: len(samples)])


@pytest.mark.parametrize("kept", [44 + 1, 44 + 201])
def test_a_very_short_recording_that_ends_within_a_sample(tmp_path, kept):
    path = tmp_path / "a.wav"
    run("-f", "lavfi", "-i", "sine=d=1:r=16000", "-c:a", "pcm_s16le", "-bitexact", str(path))
    path.write_bytes(path.read_bytes()[:kept])
    if kept == 44 + 1:
        with pytest.raises(MediaError):
            read_audio(path)
    else:
        assert len(read_audio(path)) == 100


def test_two_loud_channels_do_not_add_up_beyond_full_scale(tmp_path):
    loud = "aevalsrc='0.9*sin(2000*t)|0.9*sin(2000*t)':s=44100:d=1"
    run("-f", "lavfi", "-i", loud, "-c:a", "pcm_f32le", str(tmp_path / "stereo.wav"))
    assert np.abs(read_audio(tmp_path / "stereo.wav")[100:-100]).max() == pytest.approx(0.9, abs=0.01)
