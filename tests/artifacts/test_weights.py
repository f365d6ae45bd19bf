"""Published weights rebuild their network, and what cannot be used is refused by name."""

import pytest
import torch
from resumable_training import TinyNetwork
from torch import nn

from talkface.artifacts.weights import (
    CheckpointError,
    load_model,
    load_weights,
    read_metadata,
    save_model,
)
from talkface.models.au_classifier import AuClassifier


def test_model_file_rebuilds_the_network(tmp_path):
    network = TinyNetwork(width=5)
    path = tmp_path / "model.safetensors"
    save_model(path, network, {"stage": "tiny", "seed": 3})
    again = load_model(path, TinyNetwork)
    assert all(
        torch.equal(a, b)
        for a, b in zip(network.state_dict().values(), again.state_dict().values(), strict=True)
    )
    assert not again.training and not any(p.requires_grad for p in again.parameters())
    assert read_metadata(path) == {"stage": "tiny", "seed": 3}
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]


def test_unusable_weights_are_refused_by_name(tmp_path):
    path = tmp_path / "model.safetensors"
    with pytest.raises(CheckpointError, match="no such weights file"):
        load_model(path, TinyNetwork)
    save_model(path, TinyNetwork(width=5), {})
    with pytest.raises(
        CheckpointError, match=r"model\.safetensors.*another network.*layers\.0\.weight \(5, 3"
    ):
        load_weights(path, TinyNetwork(width=6))
    with pytest.raises(CheckpointError, match=r"not in this network: layers"):
        load_weights(path, nn.Identity())
    with pytest.raises(CheckpointError, match=r"holds weights of 'tiny', and au_classifier was expected"):
        load_model(path, AuClassifier)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CheckpointError, match="not a readable safetensors file"):
        load_model(path, TinyNetwork)
