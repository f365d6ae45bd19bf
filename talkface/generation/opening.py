"""Opens a trained renderer, whichever it is."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TypeVar

import torch

from talkface.artifacts.weights import load_model, read_metadata
from talkface.config import RENDERERS
from talkface.models.network import Network

Kind = TypeVar("Kind", bound=Network)


def open_renderer(path: Path, kind: type[Kind], device: torch.device) -> Kind:
    """The network of a file, which has to be of a kind.

    Its module is imported by its name, so that the code version of a rule holds the variant's renderer alone.

    Raises:
        CheckpointError: the file holds no such network, or cannot be read.
    """
    name = read_metadata(path).get("stage")
    if name in {own.section for own in RENDERERS.values()}:
        importlib.import_module(f"talkface.models.{name}")
    return load_model(path, kind, device)
