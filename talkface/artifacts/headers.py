"""The headers of artifacts: the metadata of a table or a weights file, read without its content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from talkface.artifacts import tables

WEIGHTS_KEY = "talkface"
"""The one entry of a weights file's metadata, ``checksum header``: several have no fixed order."""


def header_of(path: Path) -> Mapping[str, Any]:
    """The header of a Parquet table or of weights; empty for other files and those that cannot be read."""
    try:
        if path.suffix == ".parquet":
            return tables.read_metadata(path)
        if path.suffix == ".safetensors":
            with safe_open(path, framework="numpy") as file:
                _, _, text = (file.metadata() or {}).get(WEIGHTS_KEY, "").partition(" ")
            content = json.loads(text)
            return content["metadata"] | {"versions": content.get("versions", {})}
    except (OSError, ValueError, KeyError, SafetensorError):
        pass
    return {}


def inputs_of(path: Path) -> dict[str, str]:
    """The hashes of its inputs that an artifact carries (``talkface.artifacts.origin``), by their path."""
    return dict(header_of(path).get("data", {}))


def versions_of(path: Path) -> dict[str, str]:
    """The tools that made it (``talkface.provenance.versions``)."""
    return dict(header_of(path).get("versions", {}))
