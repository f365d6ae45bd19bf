"""Memory grows neither with the number of clips nor with a clip's length, and no number changes for it."""

import gc
import sys
import weakref
from pathlib import Path

import librosa
import numpy as np
import pyarrow as pa
import pytest
import soundfile
import torch
from tiny_corpus import CROP, face_rows, make_clip, tiny_frame_renderer, write_features, write_identities

from talkface.artifacts.schemas import AU_FEATURES, FACES
from talkface.artifacts.tables import TableWriter
from talkface.config import Mel, Mfcc, Sampler
from talkface.data.clip_store import ClipStore
from talkface.data.frames import Frames, scratch_bytes
from talkface.data.presence_labels import presence_labels
from talkface.data.sequences import load_sound, sound_statistics
from talkface.data.stores import au_feature_store, identity_store
from talkface.features import mel as mel_module
from talkface.features.mel import log_mel, log_mel_of_hops, mfcc
from talkface.generation.clip import Sound, load_generator
from talkface.generation.streamed_sound import StreamedSound
from talkface.media.audio import SoundFile, read_audio
from talkface.media.film import OriginalSound
from talkface.media.probe import probe
from talkface.media.video import read_frames, write_video
from talkface.models.audio_to_au import AudioToAu
from talkface.training.tasks.au_attention import load_intensities

CPU = torch.device("cpu")
CLIPS = [make_clip(f"s1/{number:02d}", "train", 6 + number % 5, number) for number in range(24)]
LENGTHS = {clip.name: len(clip.images) for clip in CLIPS}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    return write_features(tmp_path_factory.mktemp("tables"), CLIPS, "s1")


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    """Forty seconds whose pitch and volume move."""
    at = np.arange(40 * 16_000) / 16_000
    sound = 0.3 * np.sin(2 * np.pi * (200 * at + 40 * np.sin(at))) * (1 + np.sin(7 * at)) / 2
    path = tmp_path_factory.mktemp("sound") / "speech.wav"
    soundfile.write(path, sound.astype(np.float32), 16_000, subtype="FLOAT")
    return path


@pytest.fixture(scope="module")
def audio_to_au():
    torch.manual_seed(0)
    return AudioToAu().eval()


def test_a_store_forgets_all_but_its_budget_and_gives_the_same(tables):
    one_clip = au_feature_store([tables["au_features"]])["s1/04"].nbytes
    alive: list[weakref.ref] = []

    def decode(rows: pa.Table) -> torch.Tensor:
        value = torch.full((one_clip // 4,), float(len(rows)))
        alive.append(weakref.ref(value))
        return value

    store = ClipStore([tables["au_features"]], AU_FEATURES, decode, budget_bytes=4 * one_clip)
    for clip, length in [*LENGTHS.items()] * 2:
        assert store[clip][0] == length
    gc.collect()
    assert sum(reference() is not None for reference in alive) <= 4
    assert store["s1/23"] is store["s1/23"]  # the last ones are kept
    with pytest.raises(ValueError, match="no 'au_features' rows for 1 clips, for example 's9/x'"):
        store.require([*LENGTHS, "s9/x"])


def test_an_identity_takes_no_more_memory_than_its_row(tmp_path):
    path = write_identities(tmp_path / "identities.parquet", CLIPS[:1])
    identity = identity_store([path], CROP)["s1/00"]
    pictures, mask, latents = 2 * 3 * CROP**2, 2 * CROP**2, 2 * 2 * 3 * (CROP // 4) ** 2
    assert identity.nbytes == pictures + mask + latents + 4 * 2 * 468  # landmarks
    assert torch.equal(identity.image, torch.from_numpy(CLIPS[0].images[0]).permute(2, 0, 1) / 127.5 - 1)
    assert identity.mask.dtype == torch.float32 and (identity.mask == 0.5).all()


def test_frames_of_a_scratch_file_are_those_of_the_table(tables, tmp_path):
    scratch = Frames([tables["faces"]], LENGTHS, CROP, scratch=tmp_path / "work")
    streamed = Frames([tables["faces"]], LENGTHS, CROP, budget_bytes=0)
    order = np.random.default_rng(0).permutation(len(scratch))
    assert np.array_equal(scratch.images(order), streamed.images(order))
    assert np.array_equal(scratch.of_clip("s1/07", np.array([3, 0])), CLIPS[7].images[[3, 0]])
    assert list((tmp_path / "work").iterdir()) == []  # it has no name, and nobody has to remove it


def test_the_environment_says_how_large_the_scratch_file_may_be(monkeypatch):
    assert scratch_bytes() == 3 << 30
    monkeypatch.setenv("TALKFACE_SCRATCH_GB", "0.5")
    assert scratch_bytes() == 1 << 29
    monkeypatch.setenv("TALKFACE_SCRATCH_GB", "much")
    with pytest.raises(ValueError, match="TALKFACE_SCRATCH_GB=much"):
        scratch_bytes()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_decoded_frames_are_not_held_in_memory(tmp_path):
    small, large = (flat_clips(tmp_path / str(count), count) for count in (8, 80))
    _, few = peak_of(lambda: Frames(*small, CROP))
    frames, many = peak_of(lambda: Frames(*large, CROP))
    decoded_mb = len(frames) * 3 * CROP**2 / 2**20
    assert decoded_mb > 40 and many - few < decoded_mb / 4


def flat_clips(folder: Path, count: int):
    """Tables of clips whose frames are of one colour."""
    clips = [make_clip(f"s1/{number:03d}", "train", 2, number) for number in range(count)]
    for clip in clips:
        clip.images = np.repeat(clip.images[:1, :1, :1], 180, 0).repeat(CROP, 1).repeat(CROP, 2)
        clip.detected = np.ones(180, bool)
    path = folder / "faces.parquet"
    with TableWriter(path, FACES) as writer:
        for clip in clips:
            writer.write(face_rows(clip))
    return [path], {clip.name: 180 for clip in clips}


def test_labels_and_statistics_of_clips_one_by_one_are_those_of_all_at_once(tables):
    labels = presence_labels([tables["aus"]], LENGTHS)
    raw = np.concatenate([clip.raw for clip in CLIPS])
    assert np.array_equal(labels.presence_NA.numpy(), raw > 1) and bool(labels.valid_N.all())
    assert np.array_equal(labels["s1/03"].presence_TA.numpy(), CLIPS[3].raw > 1)
    intensities_NA, detected_N = load_intensities([tables["aus"]], LENGTHS)
    assert np.array_equal(intensities_NA, raw) and detected_N.all()

    reordered = dict(reversed(LENGTHS.items()))  # the caller's order, not the table's
    assert np.array_equal(load_intensities([tables["aus"]], reordered)[0][: LENGTHS["s1/23"]], CLIPS[23].raw)

    sound = load_sound([tables["mel"]], LENGTHS, Mfcc())
    mean_C, std_C = sound_statistics(sound[clip] for clip in LENGTHS)
    stacked_KC = torch.from_numpy(np.concatenate([mfcc(clip.mel, 12) for clip in CLIPS])).double()
    assert torch.allclose(mean_C.double(), stacked_KC.mean(0), atol=1e-6)
    assert torch.allclose(std_C.double(), stacked_KC.std(0), rtol=1e-6)


def test_mel_in_blocks_is_mel_at_once(monkeypatch, speech):
    samples = read_audio(speech)[: 5 * 16_000 + 37]
    once = log_mel(samples, Mel())
    monkeypatch.setattr(mel_module, "_HOPS_AT_ONCE", 64)
    assert np.allclose(log_mel(samples, Mel()), once, atol=1e-4)
    spectrum = librosa.stft(
        samples, n_fft=512, hop_length=160, win_length=400, window="hamming", pad_mode="constant"
    )
    assert once.shape[0] == spectrum.shape[1]
    power_MK = mel_module._filters(Mel()) @ (spectrum.real**2 + spectrum.imag**2)
    assert np.array_equal(once, np.log(np.maximum(power_MK, 1e-6)).T.astype(np.float32))


def test_a_sound_file_reads_any_part_with_silence_around_it(speech):
    whole, opened = read_audio(speech), SoundFile(speech)
    assert opened.num_samples == len(whole) == 40 * 16_000
    assert np.array_equal(opened.read(1000, 5000), whole[1000:5000])
    assert np.array_equal(opened.read(-3, 2), np.r_[0, 0, 0, whole[:2]])
    assert np.array_equal(opened.read(len(whole) - 2, len(whole) + 3), np.r_[whole[-2:], 0, 0, 0])


def test_a_streamed_sound_drives_as_the_whole_one(speech, audio_to_au):
    num_frames = 610
    mfcc_KC = torch.from_numpy(mfcc(log_mel(read_audio(speech)[: 640 * num_frames], Mel()), 12)).float()
    streamed = StreamedSound(SoundFile(speech), num_frames, audio_to_au, Mel(), Mfcc(), CPU)
    whole = Sound(mfcc_KC, num_frames)
    for start, stop in ((0, 64), (230, 294), (480, 530), (560, num_frames - 16)):
        frames_T = np.arange(start, stop)
        assert torch.allclose(streamed.windows(frames_T, 28), whole.windows(frames_T, 28), atol=1e-3)
        assert torch.allclose(streamed.windows(frames_T, 35), whole.windows(frames_T, 35), atol=1e-3)
    with torch.inference_mode():
        told_TF = audio_to_au(whole.windows(np.arange(250, 500), 28)[None])[0][0].half()
    assert torch.allclose(streamed.told(np.arange(240, 260))[10:].float(), told_TF[:10].float(), atol=1e-2)


def test_a_short_streamed_sound_is_the_whole_one_bit_for_bit(speech, audio_to_au, tmp_path):
    samples = read_audio(speech)[: 640 * 200]
    soundfile.write(tmp_path / "short.wav", samples, 16_000, subtype="FLOAT")
    streamed = StreamedSound(SoundFile(tmp_path / "short.wav"), 200, audio_to_au, Mel(), Mfcc(), CPU)
    mfcc_KC = torch.from_numpy(mfcc(log_mel(samples, Mel()), 12)).float()
    whole = Sound(mfcc_KC, 200)
    assert torch.equal(streamed.windows(np.arange(200), 28), whole.windows(np.arange(200), 28))
    with torch.inference_mode():
        told_TF = audio_to_au(whole.windows(np.arange(200), 28)[None])[0][0].half()
    assert torch.equal(streamed.told(np.arange(200)), told_TF)


def test_hops_past_the_end_of_the_sound_are_silent(speech):
    opened = SoundFile(speech)
    level = log_mel_of_hops(opened.read, range(40 * 100 + 5, 40 * 100 + 9), Mel())
    assert (level == level.min()).all()


def speak(folder: Path, sound: Path, seconds: int, audio_to_au: AudioToAu) -> Path:
    """A video of so many seconds by the parts of which ``talkface.animation`` consists."""
    identities = write_identities(folder / "identities.parquet", CLIPS[:1])
    opened = SoundFile(sound)
    driving = StreamedSound(opened, 25 * seconds, audio_to_au, Mel(), Mfcc(), CPU)
    generator = load_generator(
        tiny_frame_renderer(folder / "renderer.safetensors"), folder / "none", Sampler(), CPU, "float32"
    )
    pictures = generator.pictures(identity_store([identities], CROP)["s1/00"], driving, clip="long", seed=0)
    target = folder / f"{seconds}.mp4"
    frames = (image_HW3 for batch in pictures for image_HW3 in batch)
    write_video(target, frames, audio=OriginalSound(sound, opened.track, seconds))
    return target


def check_constant(folder: Path, seconds: tuple[int, int], audio_to_au: AudioToAu, bound_mb: float) -> None:
    rng = np.random.default_rng(0)
    peaks = []
    for length in seconds:
        sound = folder / f"{length}.wav"
        with soundfile.SoundFile(sound, "w", 16_000, 1) as file:
            for _ in range(length):
                file.write(0.1 * rng.standard_normal(16_000))
        video, peak = peak_of(lambda length=length, sound=sound: speak(folder, sound, length, audio_to_au))
        peaks.append(peak)
        info = probe(video)
        assert sum(1 for _ in read_frames(video)) == 25 * length
        assert abs(len(read_audio(video)) - 16_000 * length) <= 2048  # AAC's frames
        assert info.has_audio
    assert peaks[1] - peaks[0] < bound_mb, f"{peaks} MB at {seconds} s"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_four_times_the_length_needs_no_more_memory(tmp_path, audio_to_au):
    check_constant(tmp_path, (15, 60), audio_to_au, bound_mb=6)


@pytest.mark.full
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_ten_minutes_need_no_more_memory_than_one(tmp_path, audio_to_au):
    check_constant(tmp_path, (60, 600), audio_to_au, bound_mb=6)


def peak_of(run):
    """The result of a call and the peak memory of this process during it, in MB above what it had before."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = status_mb("VmRSS")
    result = run()
    return result, status_mb("VmHWM") - before


def status_mb(field: str) -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024
