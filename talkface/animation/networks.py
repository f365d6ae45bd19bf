"""Loads the networks of a model, whoever made it.

Those of a bundle may be anybody's. Before a network is built, its weights file has to have the tensors that
its settings ask for: so memory is bounded by the file's size.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import safe_open
from torch.overrides import TorchFunctionMode

from talkface.artifacts.weights import load_model, read_metadata, read_settings
from talkface.bundles.manifest import BundleError
from talkface.bundles.model import Model
from talkface.config import RENDERERS
from talkface.generation.opening import open_renderer
from talkface.models.au_attention import AuGenerator
from talkface.models.audio_to_au import AudioToAu
from talkface.models.autoencoder import VQAutoencoder
from talkface.models.network import NETWORKS, Network
from talkface.models.renderer import Renderer
from talkface.models.trunk import Trunk

Kind = TypeVar("Kind", bound=Network)

_LARGEST = 4096
"""Of the numbers in a network's settings: more blocks would take minutes to build."""
_REMEDY = "get the bundle again from where it came from"
_TYPES = {torch.float32: "F32", torch.int64: "I64", torch.bool: "BOOL"}


@dataclass(frozen=True)
class Networks:
    """The frozen networks of one variant; those that it does not need are None."""

    renderer: Trunk
    audio_to_au: AudioToAu | None
    au_attention: AuGenerator | None
    autoencoder: VQAutoencoder | None


def load_networks(model: Model, device: torch.device) -> Networks:
    """Build the networks and load their weights.

    Raises:
        CheckpointError: a file that holds no such network, or cannot be read.
        BundleError: networks that do not belong together, or do not fit their own settings.
    """
    if model.manifest is not None:
        for path in model.networks.values():
            _check_fit(path)

    def other(kind: type[Kind]) -> Kind | None:
        path = model.networks.get(kind.name)
        return None if path is None else load_model(path, kind, device)

    renderer = open_renderer(model.networks["renderer"], Trunk, device)
    found = Networks(renderer, other(AudioToAu), other(AuGenerator), other(VQAutoencoder))
    for name, needed, present in (
        ("audio_to_au", renderer.hears_aus, found.audio_to_au),
        ("autoencoder", isinstance(renderer, Renderer), found.autoencoder),
    ):
        if needed and present is None:
            raise BundleError(f"model '{model.name}': networks.{name}: the renderer needs it; export again")
    return found


def _check_fit(path: Path) -> None:
    """Raise ``BundleError`` unless a weights file has exactly the tensors that its settings ask for."""
    try:
        name, settings = read_metadata(path)["stage"], dict(read_settings(path))
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{path}: field 'talkface' of its header: {error}; {_REMEDY}") from error
    if name in {own.section for own in RENDERERS.values()}:
        importlib.import_module(f"talkface.models.{name}")
    found = NETWORKS.get(name)
    if found is None:
        raise BundleError(f"{path}: field 'stage': no network is called {name!r} here; upgrade talkface")
    largest = _largest(settings)
    if largest > _LARGEST:
        raise BundleError(f"{path}: field 'settings': {largest} is more than {_LARGEST}; {_REMEDY}")
    try:
        with torch.device("meta"), _WithoutValues():  # shapes alone: no memory
            wanted = found(**settings).state_dict()
    except (TypeError, ValueError, RuntimeError, AssertionError) as error:
        raise BundleError(f"{path}: field 'settings': no network '{name}' ({error}); {_REMEDY}") from error
    expected = {
        key: (_TYPES.get(value.dtype, str(value.dtype)), list(value.shape)) for key, value in wanted.items()
    }
    with safe_open(path, framework="pt") as file:
        pieces = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118
        present = {key: (piece.get_dtype(), list(piece.get_shape())) for key, piece in pieces.items()}
    for key in sorted(expected.keys() | present.keys()):
        if expected.get(key) != present.get(key):
            raise BundleError(
                f"{path}: tensor '{key}': {present.get(key, 'missing')}, and the network needs "
                f"{expected.get(key, 'none of this name')}; {_REMEDY}"
            )


class _WithoutValues(TorchFunctionMode):
    """Computes no initial weights. Where there is no memory for them, torch would import its compiler,
    which takes longer than all else."""

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call the function, unless it computes initial weights: then give their shape alone."""
        kwargs = kwargs or {}
        if function in (torch.Tensor.normal_, torch.Tensor.uniform_):
            return args[0]
        if getattr(function, "__module__", "") == torch.nn.init.__name__:
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        if function is torch.norm_except_dim:  # of weight normalisation
            weight, _, kept = args
            return weight.new_empty([size if dim == kept else 1 for dim, size in enumerate(weight.shape)])
        return function(*args, **kwargs)


def _largest(value: Any) -> float:
    """The largest number anywhere in plain values; a list counts by its length too."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return max([len(value), *map(_largest, value)])
    return abs(value) if isinstance(value, int | float) else 0
