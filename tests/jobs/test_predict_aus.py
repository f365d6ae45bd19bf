"""What the frozen Audio-to-AU nets say of a clip's sound: in evaluation mode, frame by frame."""

import numpy as np
import pytest
import torch
from check_rows import check_row
from tiny_corpus import make_clip, write_features

from talkface.artifacts.schemas import AU_FEATURES, CHECKS
from talkface.artifacts.tables import read_frame, write_table
from talkface.artifacts.weights import load_model, save_model
from talkface.config import Compute, Mfcc
from talkface.data.sequences import load_sound, sound_windows
from talkface.jobs import predict_aus as step
from talkface.models.audio_to_au import AudioToAu

CPU = Compute(threads=1, device="cpu", precision="float32")
CLIPS = [make_clip("s1/a", "train", 9, 1), make_clip("s1/b", "seen_test", 5, 2)]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    torch.manual_seed(0)
    net = AudioToAu()
    save_model(folder / "model.safetensors", net, {})
    rows = [check_row(clip.name, num_frames=len(clip.images)) for clip in CLIPS]
    write_table(folder / "checks.parquet", CHECKS, rows)
    return {
        "model": folder / "model.safetensors",
        "mel": write_features(folder, CLIPS, "s1")["mel"],
        "checks": folder / "checks.parquet",
    }


def predict(inputs, target):
    step.predict_aus(**inputs, mfcc=Mfcc(), compute=CPU, au_features=target)
    return read_frame(target, AU_FEATURES)


def test_the_released_codes_dropout_at_inference_is_not_reproduced(inputs, tmp_path):
    """There Audio-to-AU was left in training mode."""
    rows = predict(inputs, tmp_path / "one.parquet")
    assert rows.equals(predict(inputs, tmp_path / "other.parquet"))

    net = load_model(inputs["model"], AudioToAu)
    sound = load_sound([inputs["mel"]], ["s1/b"], Mfcc())["s1/b"]
    windows = sound_windows(sound, np.arange(5), Mfcc().window_hops)[None]
    own = rows[rows["clip"] == "s1/b"]
    found = np.stack([np.frombuffer(feature, np.float16) for feature in own.feature]).astype(np.float32)
    with torch.inference_mode():
        calm, logits, _ = net.eval()(windows)
        torch.manual_seed(1)
        shaken, _, _ = net.train()(windows)
    assert found == pytest.approx(calm[0].numpy(), abs=2e-3)
    assert np.stack(own.probability.tolist()) == pytest.approx(torch.sigmoid(logits)[0].numpy(), abs=1e-5)
    assert (calm - shaken).abs().max() > 0.02  # or else the comparison could not tell


def test_every_frame_of_every_clip_has_its_row(inputs, tmp_path):
    rows = predict(inputs, tmp_path / "features.parquet")
    assert list(zip(rows["clip"], rows.frame, strict=True)) == [
        (clip.name, frame) for clip in CLIPS for frame in range(len(clip.images))
    ]


def test_the_nets_are_loaded_once_for_all_clips(inputs, tmp_path, monkeypatch):
    loaded = []

    def counted(path, *arguments):
        loaded.append(path)
        return load_model(path, *arguments)

    monkeypatch.setattr(step, "load_model", counted)
    predict(inputs, tmp_path / "features.parquet")
    assert loaded == [inputs["model"]]
