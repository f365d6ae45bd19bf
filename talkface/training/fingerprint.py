"""Everything that determines a training's numbers, so that it never resumes a different one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from talkface.artifacts.origin import hash_files
from talkface.config import Training

_NOT_NUMBERS = {"save_every_samples", "log_every_samples", "paper_samples", "warm_start", "micro_batch"}


def complete(
    stage: Mapping[str, Any], training: Training, data: Mapping[str, str], numbers: Mapping[str, Any]
) -> dict[str, Any]:
    """The stage's own entries (config section, code version) with its inputs' hashes and its numerics.

    How often a training saves and logs is left out: it does not touch the numbers. So are the ways to cut a
    batch, into micro-batches or among processes: they round, and a training may go on under another. Weights
    to start from count by their content.
    """
    entries = json.loads(json.dumps(stage, default=str))
    for section in (entries, entries.get("config", {})):
        if "training" in section:
            section["training"] = {k: v for k, v in section["training"].items() if k not in _NOT_NUMBERS}
    entries["data"] = dict(data)
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
