"""Log-mel frames, cepstra, windows, and the step that stores them."""

import librosa
import numpy as np
import pytest
from check_rows import check_row
from hypothesis import given, settings
from hypothesis import strategies as st

from talkface.artifacts.schemas import CHECKS, CLIPS, MEL
from talkface.artifacts.tables import ClipTable, read_frame, read_metadata, write_table
from talkface.config import Corpus, Limits, Mel, Mfcc
from talkface.data.windows import hop_indices, mfcc_windows
from talkface.features.mel import POWER_FLOOR, log_mel, mfcc
from talkface.jobs.extract_mel import extract_mel
from talkface.jobs.list_clips import list_clips
from talkface.media.video import write_video


def tone(hz: float, seconds: float = 1.2, volume: float = 0.3) -> np.ndarray:
    return (volume * np.sin(2 * np.pi * hz * np.arange(round(16_000 * seconds)) / 16_000)).astype(np.float32)


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(16_000 * seconds))).astype(np.float32)


@pytest.mark.parametrize("num_frames", [1, 2, 30, 74, 75])
def test_four_hops_a_frame_and_one(num_frames):
    mel_KM = log_mel(noise(num_frames / 25), Mel())
    assert mel_KM.shape == (4 * num_frames + 1, 13)
    assert mel_KM.dtype == np.float32 and np.isfinite(mel_KM).all()


def test_hops_are_centred_on_their_time():
    click = np.zeros(16_000, np.float32)
    click[160 * 40] = 1
    loudness = log_mel(click, Mel()).sum(1)
    assert loudness.argmax() == 40
    assert np.allclose(loudness[39], loudness[41], atol=1e-3)
    assert np.ptp(np.r_[loudness[:38], loudness[43:]]) == 0  # the window is 25 ms


@pytest.mark.parametrize("mel", [Mel(), Mel(bands=80, low_hz=0, high_hz=8000), Mel(window_ms=64)])
def test_the_same_as_librosa_to_the_bit(mel):
    samples_S = noise(1.2)
    spectrum_FK = librosa.stft(
        samples_S, n_fft=1024 if mel.window_ms == 64 else 512, hop_length=160,
        win_length=16 * mel.window_ms, window="hamming", pad_mode="constant",
    )  # fmt: skip
    filters_MF = librosa.filters.mel(
        sr=16_000, n_fft=2 * len(spectrum_FK) - 2, n_mels=mel.bands, fmin=mel.low_hz, fmax=mel.high_hz,
        htk=True, norm=None,
    )  # fmt: skip
    power_MK = filters_MF @ (spectrum_FK.real**2 + spectrum_FK.imag**2)
    assert np.array_equal(log_mel(samples_S, mel), np.log(np.maximum(power_MK, POWER_FLOOR)).T)


def test_bands_follow_pitch_between_their_limits():
    loudest = [log_mel(tone(hz), Mel())[60].argmax() for hz in (400, 800, 1500, 2500, 3400)]
    assert loudest == sorted(set(loudest)) and loudest[0] <= 1 and loudest[-1] == 12
    inside, above = (log_mel(tone(hz), Mel())[60].max() for hz in (3000, 6000))
    assert inside - above > 8


def test_cepstra_are_an_orthonormal_transform_without_energy():
    mel_KM = log_mel(noise(1), Mel())
    quieter = log_mel(noise(1) / 2, Mel())
    assert np.allclose(mel_KM - quieter, 2 * np.log(2), atol=1e-3)
    assert np.allclose(mfcc(mel_KM, 12), mfcc(quieter, 12), atol=1e-3)
    centred = mel_KM - mel_KM.mean(1, keepdims=True)
    assert np.allclose(
        (mfcc(mel_KM, 12) ** 2).sum(1), (centred**2).sum(1), rtol=1e-3
    )  # Parseval: c0 is the mean
    assert np.array_equal(mfcc(mel_KM, 5), mfcc(mel_KM, 12)[:, :5])
    with pytest.raises(ValueError, match="13"):
        mfcc(mel_KM, 13)


def test_silence_is_level_and_bad_sound_is_refused():
    silent = log_mel(np.zeros(16_000, np.float32), Mel())
    assert np.ptp(silent) == 0
    assert np.abs(mfcc(silent, 12)).max() < 1e-4
    for bad in (np.zeros(0), np.zeros((2, 100)), np.full(100, np.nan)):
        with pytest.raises(ValueError, match="sound"):
            log_mel(bad, Mel())


def test_other_settings_are_heeded():
    assert log_mel(noise(1), Mel(bands=40, low_hz=0, high_hz=8000, window_ms=50)).shape == (101, 40)


def test_windows_are_centred_on_the_middle_of_the_frame():
    hops = hop_indices(np.arange(75), 301, 28)
    assert hops.shape == (75, 28)
    assert hops[40].tolist() == list(range(4 * 40 + 2 - 14, 4 * 40 + 2 + 14))
    assert hops[0].tolist() == [0] * 13 + list(range(1, 16))
    assert hops[74].tolist() == list(range(284, 301)) + [300] * 11


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 120), st.integers(4, 40))
def test_windows_of_any_size_stay_inside_and_move_four_hops_a_frame(num_frames, window_hops):
    hops = hop_indices(np.arange(num_frames), 4 * num_frames + 1, window_hops)
    assert hops.min() >= 0 and hops.max() <= 4 * num_frames
    inner = hops[(hops[:, 0] > 0) & (hops[:, -1] < 4 * num_frames)]
    assert (np.diff(inner, axis=0) == 4).all() and (np.diff(inner, axis=1) == 1).all()


def test_mfcc_windows_are_the_cepstra_of_their_hops():
    mel_KM = log_mel(noise(3), Mel())
    windows = mfcc_windows(mel_KM, 75, Mfcc())
    assert windows.shape == (75, 12, 28) and windows.dtype == np.float32
    assert np.array_equal(windows[40], mfcc(mel_KM, 12)[148:176].T)
    assert np.array_equal(windows[40][:, :24], windows[39][:, 4:])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A corpus of four clips and the step's two tables; the picture of "dark" failed."""
    root = tmp_path_factory.mktemp("corpus")
    frames = [np.full((16, 16, 3), 90, np.uint8)] * 30
    sounds = {
        "a_tone": tone(700),
        "b_mute": None,
        "c_silent": tone(700) * 0,
        "d_dark": tone(700),
        "e_dark_mute": None,
    }
    for name, sound in sounds.items():
        write_video(root / "s1" / f"{name}.mp4", frames, audio=sound)
    (root / "s1" / "f_gone.mpg").symlink_to(root / "nowhere")
    corpus = Corpus(root=root)
    list_clips(corpus=corpus, speakers=["s1"], clips=root / "clips.parquet")
    checks = [
        check_row(
            clip,
            ok="dark" not in clip,
            reason="no face" if "dark" in clip else "",
            num_frames=30,
            has_audio="mute" not in clip,
        )
        for clip in read_frame(root / "clips.parquet", CLIPS)["clip"]
    ]
    write_table(root / "checks.parquet", CHECKS, checks)
    extract(corpus, root)
    return corpus, root


def extract(corpus, root):
    extract_mel(
        corpus=corpus, shard="s1", clips=root / "clips.parquet", checks=root / "checks.parquet", mel=Mel(),
        limits=Limits(), mel_table=root / "mel.parquet", sound_checks=root / "sound_checks.parquet",
    )  # fmt: skip


def test_every_clip_has_a_row_with_its_reason(made):
    rows = read_frame(made[1] / "sound_checks.parquet", CHECKS)
    assert dict(zip(rows["clip"].str.removeprefix("s1/"), rows["reason"], strict=True)) == {
        "a_tone": "", "b_mute": "no sound", "c_silent": "silent", "d_dark": "no face",
        "e_dark_mute": "no sound", "f_gone": "no such file",
    }  # fmt: skip
    assert (rows["ok"] == (rows["reason"] == "")).all()


def test_stored_mel_is_that_of_the_sound(made):
    table = ClipTable(made[1] / "mel.parquet", MEL)
    assert table.clips == ["s1/a_tone"]
    rows = table.read("s1/a_tone")
    assert rows["hop"].to_pylist() == list(range(121))
    stored = np.array(rows["mel"].to_pylist())
    assert np.abs(stored - log_mel(tone(700), Mel()))[5:-5, 3:6].max() < 0.5  # AAC lies between
    assert read_metadata(made[1] / "mel.parquet")["mel"]["bands"] == 13


def test_checks_of_other_clips_are_refused(made, tmp_path):
    corpus, root = made
    for name in ("clips.parquet", "checks.parquet"):
        (tmp_path / name).write_bytes((root / name).read_bytes())
    write_table(tmp_path / "checks.parquet", CHECKS, [])
    with pytest.raises(ValueError, match=r"checks\.parquet"):
        extract(corpus, tmp_path)


@pytest.mark.real
def test_words_are_louder_than_the_pauses_around_them(real_clips):
    from talkface.corpora import list_clips as rows_of
    from talkface.media.audio import read_audio

    corpus = Corpus(root=real_clips / "grid", max_clips_per_speaker=4)
    tested = 0
    for row in (row for speaker in ("s1", "s4", "s26") for row in rows_of(corpus, speaker) if row["words"]):
        mel_KM = log_mel(read_audio(corpus.root / row["path"], num_frames=75), Mel())
        time_s = np.arange(len(mel_KM)) / 100
        spoken = (time_s > row["words"][0]["start_s"]) & (time_s < row["words"][-1]["end_s"])
        assert mel_KM[spoken].mean() > mel_KM[~spoken].mean() + 1, row["clip"]
        tested += 1
    assert tested == 12
