"""What decides a run's numbers, so that a training never goes on from the state of a different one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from talkface.config import Training

_WHOLE = 64 << 20
_PROBES = 64
_PROBE = 64 << 10
_NOT_NUMBERS = {"save_every_samples", "log_every_samples", "paper_samples", "warm_start", "micro_batch"}


def hash_files(*paths: Path) -> str:
    """A hash of the files' content, in their order.

    Files above 64 MiB are hashed by their size, 64 evenly spaced pieces and their end: a Parquet footer holds
    every column piece's compressed size and statistics, so an edit shows there, and a corpus of 50 GB is not
    read for it.
    """
    digest = hashlib.sha256()
    for path in paths:
        size = path.stat().st_size
        digest.update(size.to_bytes(8, "little"))
        with path.open("rb") as file:
            if size <= _WHOLE:
                digest.update(file.read())
                continue
            for probe in range(_PROBES):
                file.seek(probe * (size // _PROBES))
                digest.update(file.read(_PROBE))
            file.seek(size - _WHOLE // 4)
            digest.update(file.read())
    return digest.hexdigest()


def complete(
    stage: Mapping[str, Any], training: Training, inputs: Iterable[Path], numbers: Mapping[str, Any]
) -> dict[str, Any]:
    """The stage's own entries (config section, code version) with its inputs and its numerics.

    How often a training saves and logs is left out: it does not touch the numbers. So are the ways to cut a
    batch, into micro-batches or among processes: they round, and a training may go on under another. Weights
    to start from count by their content.
    """
    entries = json.loads(json.dumps(stage, default=str))
    for section in (entries, entries.get("config", {})):
        if "training" in section:
            section["training"] = {k: v for k, v in section["training"].items() if k not in _NOT_NUMBERS}
    entries["data"] = {f"{path.parent.name}/{path.name}": hash_files(path) for path in inputs}
    entries["compute"] = dict(numbers)
    if training.warm_start is not None:
        entries["warm_start"] = hash_files(training.warm_start)
    return entries


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The dotted names of the entries that differ."""
    before, after = _flat(old), _flat(new)
    return sorted(name for name in set(before) | set(after) if before.get(name) != after.get(name))


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            leaves.update(_flat(value, f"{prefix}{name}."))
        else:
            leaves[f"{prefix}{name}"] = value
    return leaves
