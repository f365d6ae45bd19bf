"""Weights of others: the checksum first, tensors only, and every refusal names the file and the reason."""

import hashlib
import os

import pytest
import torch
from safetensors.torch import save_file

from talkface.artifacts.weights import CheckpointError, save_model
from talkface.models.autoencoder import VQAutoencoder
from talkface.models.perceptual import EncoderFeatures, Vgg19Features
from talkface.training.pretrained import load_vgg19, perceptual_features


def sha256(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def state():
    """As torchvision's file: convolutions and a classifier (here cut short)."""
    torch.manual_seed(0)
    state = {name: value.half() for name, value in Vgg19Features().state_dict().items()}
    return {**state, "classifier.0.weight": torch.zeros(2, 2, dtype=torch.half)}


@pytest.fixture(scope="module")
def weights(state, tmp_path_factory):
    path = tmp_path_factory.mktemp("vgg") / "vgg19.pth"
    torch.save(state, path)
    return path


def test_pth_and_safetensors_give_the_same_frozen_network(state, weights, tmp_path):
    other = tmp_path / "vgg19.safetensors"
    save_file(state, other)
    for path in (weights, other):
        net = load_vgg19(path, sha256(path).upper())
        assert not net.training and not any(p.requires_grad for p in net.parameters())
        assert torch.equal(net.features[34].weight, state["features.34.weight"].float())


def test_another_checksum_is_refused_before_the_file_is_read(weights):
    with pytest.raises(CheckpointError) as refused:
        load_vgg19(weights, "0" * 64)
    for part in (str(weights), sha256(weights), "0" * 64):
        assert part in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_file_and_a_foreign_kind_are_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"nothing\.pth: cannot be read"):
        load_vgg19(tmp_path / "nothing.pth", "0" * 64)
    foreign = tmp_path / "vgg19.onnx"
    foreign.write_bytes(b"x")
    with pytest.raises(CheckpointError, match=r"vgg19\.onnx: weights come as"):
        load_vgg19(foreign, sha256(foreign))


class Payload:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_pickle_that_carries_code_is_refused_and_not_run(tmp_path):
    path, trace = tmp_path / "evil.pth", tmp_path / "trace"
    torch.save({"features.0.weight": Payload(trace)}, path)
    with pytest.raises(CheckpointError, match=r"evil\.pth: not a file of plain tensors"):
        load_vgg19(path, sha256(path))
    assert not trace.exists()
    torch.load(path, weights_only=False)  # the payload works: it is the loader that stops it
    assert trace.is_dir()


@pytest.mark.parametrize("name", ["broken.pth", "broken.safetensors"])
def test_a_damaged_file_is_refused(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(b"\x80\x02not tensors at all")
    with pytest.raises(CheckpointError, match="not a file of plain tensors"):
        load_vgg19(path, sha256(path))


def test_missing_and_misshapen_weights_are_named(state, tmp_path):
    path = tmp_path / "vgg19.safetensors"
    for change, named in (
        ({"features.16.bias": None}, "features.16.bias"),
        ({"features.0.weight": torch.zeros(64, 1, 3, 3)}, "features.0.weight"),
        ({"features.36.weight": torch.zeros(1)}, "features.36.weight"),
    ):
        changed = {name: value for name, value in {**state, **change}.items() if value is not None}
        save_file(changed, path)
        with pytest.raises(CheckpointError) as refused:
            load_vgg19(path, sha256(path))
        assert str(path) in str(refused.value) and named in str(refused.value)
        assert "\n" not in str(refused.value)


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "vgg19.pt"
    torch.save([torch.zeros(1)], path)
    with pytest.raises(CheckpointError, match="holds a list"):
        load_vgg19(path, sha256(path))


def test_features_come_from_vgg19_or_else_from_the_autoencoder(weights, tmp_path):
    torch.manual_seed(0)
    autoencoder = VQAutoencoder(width=8, multipliers=[1, 2], blocks=1, codes=8)
    own = tmp_path / "model.safetensors"
    save_model(own, autoencoder, {})
    assert isinstance(perceptual_features(weights, sha256(weights), own), Vgg19Features)
    stand_in = perceptual_features(None, None, own)
    assert isinstance(stand_in, EncoderFeatures)
    assert torch.equal(stand_in.conv_in.weight, autoencoder.encoder.conv_in.weight)
    assert not any(p.requires_grad for p in stand_in.parameters())
    with pytest.raises(CheckpointError, match="vgg19_sha256"):
        perceptual_features(weights, None, own)
    with pytest.raises(CheckpointError, match="neither"):
        perceptual_features(None, None, None)
