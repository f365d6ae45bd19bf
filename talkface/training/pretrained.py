"""External weights from files that the user names: identified by SHA-256, and never unpickled as code."""

from __future__ import annotations

import hashlib
import textwrap
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from talkface.artifacts.weights import CheckpointError, load_model
from talkface.models.autoencoder import VQAutoencoder
from talkface.models.perceptual import EncoderFeatures, Vgg19Features

_CLASSIFIER = "classifier."  # torchvision's names of what the perceptual loss does not use


def load_vgg19(path: str | Path, sha256: str) -> Vgg19Features:
    """VGG-19's convolutions from torchvision's file (``.pth``, ``.pt`` or ``.safetensors``), frozen.

    Args:
        path: the file.
        sha256: its checksum in hexadecimal; nothing of the file is interpreted before it agrees.

    Raises:
        CheckpointError: no such file, another checksum, a file that holds more than tensors, or weights that
            are not VGG-19's; the message names the file.
    """
    path = Path(path)
    check_sha256(path, sha256)
    state = _read(path)
    network = Vgg19Features()
    try:
        network.load_state_dict({k: v for k, v in state.items() if not k.startswith(_CLASSIFIER)})
    except RuntimeError as error:
        raise CheckpointError(f"{path}: not the weights of torchvision's vgg19: {_line(error)}") from error
    return network.eval().requires_grad_(False)


def perceptual_features(
    vgg19: str | Path | None, vgg19_sha256: str | None, autoencoder: str | Path | None
) -> Vgg19Features | EncoderFeatures:
    """Frozen features of the perceptual loss: VGG-19's where its file is given, else the stand-in.

    Args:
        vgg19: see ``load_vgg19``.
        vgg19_sha256: required with the file.
        autoencoder: our trained autoencoder's ``model.safetensors``, needed without VGG-19.

    Raises:
        CheckpointError: no file of either kind, a file without its checksum, or one that cannot be used.
    """
    if vgg19 is not None:
        if vgg19_sha256 is None:
            raise CheckpointError(f"{vgg19}: no checksum; set perceptual.vgg19_sha256 to the file's SHA-256")
        return load_vgg19(vgg19, vgg19_sha256)
    if autoencoder is None:
        raise CheckpointError("perceptual loss: neither perceptual.vgg19 nor a trained autoencoder is given")
    return EncoderFeatures(load_model(autoencoder, VQAutoencoder))


def check_sha256(path: Path, expected: str) -> None:
    """Refuse a file that is missing or whose SHA-256 is not the expected one (``CheckpointError``)."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    if found != expected.strip().lower():
        raise CheckpointError(
            f"{path}: SHA-256 is {found}, not {expected} as expected; fetch the file again, or correct the "
            "checksum if this is the file you mean"
        )


def _read(path: Path) -> dict[str, Any]:
    """The tensors of a weights file by name."""
    if path.suffix not in {".safetensors", ".pth", ".pt"}:
        raise CheckpointError(f"{path}: weights come as .safetensors, .pth or .pt")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch and safetensors fail in many types on a file that is not theirs
        raise CheckpointError(
            f"{path}: not a file of plain tensors, and nothing else is loaded: {_line(error)}"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
        raise CheckpointError(f"{path}: holds a {type(state).__name__}, not tensors by name")
    return state


def _line(error: Exception) -> str:
    return textwrap.shorten(str(error), 300, placeholder=" ...")
