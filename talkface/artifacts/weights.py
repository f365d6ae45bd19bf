"""Published weights: ``model.safetensors``, with all settings of the network in its header. No pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from talkface.artifacts.atomic import replacing
from talkface.artifacts.headers import WEIGHTS_KEY
from talkface.models.network import NETWORKS, Network
from talkface.provenance.versions import present

AnyNetwork = TypeVar("AnyNetwork", bound=Network)


class CheckpointError(ValueError):
    """A weights file that cannot be used; the message names it and the remedy."""


def save_model(path: str | Path, network: Network, metadata: Mapping[str, Any]) -> None:
    """Write the network's parameters and buffers, and in the header what rebuilds it and ``metadata``.

    ``metadata`` say where the weights come from; their ``stage`` is the network's name. Atomic.
    """
    content = {
        "settings": network.settings,
        "metadata": {**metadata, "stage": network.name},
        "versions": present(),
    }
    header = json.dumps(content, sort_keys=True, default=str)
    write_tensors(Path(path), network.state_dict(), header)


def load_model(path: str | Path, kind: type[AnyNetwork], device: torch.device | str = "cpu") -> AnyNetwork:
    """Rebuild the network that the file names, load its weights and freeze it in evaluation mode.

    ``kind``: the class that is expected, or a base class of several.

    Raises:
        CheckpointError: the file holds another network, or cannot be read.
    """
    name = read_metadata(path).get("stage", "")
    found = NETWORKS.get(name)
    if found is None or not issubclass(found, kind):
        raise CheckpointError(
            f"{path}: holds weights of '{name}', and {kind.name or kind.__name__} was expected; check which "
            "file was given"
        )
    network = found(**read_settings(path))
    load_weights(path, network)
    return network.to(device).eval().requires_grad_(False)


def load_weights(path: str | Path, module: nn.Module) -> None:
    """Load weights into an existing module; every name and shape has to fit, or ``CheckpointError``."""
    _, found = read_tensors(Path(path))
    wanted = module.state_dict()
    missing = sorted(set(wanted) - set(found))
    foreign = sorted(set(found) - set(wanted))
    shapes = sorted(
        f"{name} {tuple(found[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in set(wanted) & set(found)
        if found[name].shape != wanted[name].shape
    )
    if missing or foreign or shapes:
        problems = [
            f"{title}: {', '.join(names[:4])}{' ...' if len(names) > 4 else ''}"
            for title, names in (("missing", missing), ("not in this network", foreign), ("shapes", shapes))
            if names
        ]
        raise CheckpointError(f"{path}: these weights belong to another network ({'; '.join(problems)})")
    module.load_state_dict(found)


def read_settings(path: str | Path) -> dict[str, Any]:
    """The keyword arguments that rebuild the network."""
    return _header(path)["settings"]


def read_metadata(path: str | Path) -> dict[str, Any]:
    """Where the weights come from: stage, samples seen, the paper's schedule, seed, code version."""
    return _header(path)["metadata"]


def _header(path: str | Path) -> dict[str, Any]:
    header, _ = read_tensors(Path(path), only_header=True)
    content = json.loads(header)
    if not {"settings", "metadata"} <= set(content):
        raise CheckpointError(f"{path}: not a talkface model; remove it and run again")
    return content


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor], header: str) -> None:
    """Write tensors and one header text to ``path``: temporary file, fsync, rename."""
    # clone: safetensors refuses tensors that share memory, such as tied weights
    whole = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
    with replacing(path) as temporary:
        save_file(whole, temporary, metadata={WEIGHTS_KEY: f"{_checksum(whole, header)} {header}"})


def read_tensors(path: Path, only_header: bool = False) -> tuple[str, dict[str, torch.Tensor]]:
    """What :func:`write_tensors` wrote, or ``CheckpointError`` naming the file.

    Tensors are held against the checksum in the header: a turned bit is no weight.
    """
    try:
        with safe_open(path, framework="pt") as file:
            written = (file.metadata() or {}).get(WEIGHTS_KEY)
            if written is None:
                raise CheckpointError(f"{path}: not written by talkface (no '{WEIGHTS_KEY}' in its header)")
            checksum, _, header = written.partition(" ")
            if only_header:
                return header, {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: no such weights file") from error
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path}: not a readable safetensors file ({error}); remove it and run again"
        ) from error
    if _checksum(tensors, header) != checksum:
        raise CheckpointError(f"{path}: its content does not match its checksum; remove it and run again")
    return header, tensors


def _checksum(tensors: Mapping[str, torch.Tensor], header: str) -> str:
    """SHA-256 of the header and of every tensor's name, type, shape and bytes."""
    digest = hashlib.sha256(header.encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"\0{name} {tensor.dtype} {tuple(tensor.shape)}\0".encode())
        digest.update(tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
