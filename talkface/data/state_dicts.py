"""Other people's weights from files that the user names: known by SHA-256, never unpickled as code."""

from __future__ import annotations

import hashlib
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

# torch is imported where it is needed: scores without weights take less time than its start.

_TORCH = (".pth", ".pt", ".model")
KINDS = (".safetensors", *_TORCH, ".onnx")


class StateDictError(ValueError):
    """A file of weights that cannot be used; the message names it."""


def read_state_dict(path: Path, sha256: str) -> dict[str, Any]:
    """The tensors of a file by name, on the CPU.

    Args:
        path: .safetensors; torch's .pth, .pt, .model; or .onnx, whose initialisers are read (extra ``onnx``).
        sha256: its checksum in hexadecimal; nothing of the file is interpreted before it agrees.

    Raises:
        StateDictError: no such file, another checksum, or a file that holds more than tensors by name.
    """
    check_sha256(path, sha256)
    if path.suffix not in KINDS:
        raise StateDictError(f"{path}: weights come as {', '.join(KINDS)}")
    try:
        if path.suffix == ".safetensors":
            return _from_safetensors(path)
        state = _from_onnx(path) if path.suffix == ".onnx" else _from_torch(path)
    except Exception as error:  # torch, safetensors and onnx fail in many types on a file that is not theirs
        raise StateDictError(
            f"{path}: not a file of plain tensors, and nothing else is loaded: {_line(error)}"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
        raise StateDictError(f"{path}: holds a {type(state).__name__}, not tensors by name")
    return state


def check_sha256(path: Path, expected: str) -> None:
    """Refuse a file that is missing or whose SHA-256 is not the expected one (``StateDictError``)."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StateDictError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    if found != expected.strip().lower():
        raise StateDictError(
            f"{path}: SHA-256 is {found}, not {expected} as expected; fetch the file again, or correct the "
            "checksum if this is the file you mean"
        )


def _from_safetensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(path)


def _from_torch(path: Path) -> Any:
    import torch

    return torch.load(path, map_location="cpu", weights_only=True)


def _from_onnx(path: Path) -> dict[str, torch.Tensor]:
    import onnx  # not above: the package is optional
    import torch
    from onnx import numpy_helper

    # Data beside the file are not covered by its checksum.
    graph = onnx.load(path, load_external_data=False).graph
    return {part.name: torch.from_numpy(numpy_helper.to_array(part).copy()) for part in graph.initializer}


def _line(error: Exception) -> str:
    return textwrap.shorten(str(error), 300, placeholder=" ...")
