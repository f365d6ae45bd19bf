"""Everything that determines a training's numbers, so that it never resumes a different one.

Only its length may differ: a longer training goes on from the state of a shorter one, if until there nothing
depended on the length.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from talkface.artifacts.origin import hash_files
from talkface.config import Training

_LENGTH = frozenset({"training.samples", "config.training.samples"})
"""Where a fingerprint holds the length."""
_NOT_NUMBERS = {"save_every_samples", "log_every_samples", "paper_samples", "warm_start", "micro_batch"}


@dataclass(frozen=True)
class Length:
    """How long a training is to be, and what in its course depends on that."""

    samples: int
    step_samples: int
    turns: Mapping[str, float]
    """Setting -> the share of ``samples`` up to which it acts the same, however long the training."""

    def reason_against(self, seen: int, before: int) -> str | None:
        """Why a state at ``seen`` samples of a training of ``before`` cannot be on this one's way, if so."""
        last = -(-self.samples // self.step_samples) * self.step_samples
        if seen > last:
            return f"it has seen {seen:,} samples already, and training.samples is now {self.samples:,}"
        shorter = min(before, self.samples)
        acting = sorted(name for name, share in self.turns.items() if seen > share * shorter)
        if before == self.samples or not acting:
            return None
        return (
            f"training.samples was {before:,} and is now {self.samples:,}, and {', '.join(acting)} "
            "depends on it: until here the longer training would have taken another course"
        )

    def keeps_none_where(self) -> str:
        """Under which condition a finished training leaves no state, in words."""
        acting = sorted(name for name, share in self.turns.items() if share < 1)
        if not acting:
            return "compute.keep_state is false"
        return f"{', '.join(acting)} depends on its length"

    def may_grow(self) -> bool:
        """Whether a training can go on from the end of this one."""
        return self.reason_against(self.samples, self.samples + self.step_samples) is None


def reason_against(old: Mapping[str, Any], new: Mapping[str, Any], seen: int, length: Length) -> str | None:
    """Why a training with fingerprint ``new`` cannot go on from a state of ``old``; None if it can."""
    changed = differences(old, new)
    others = [name for name in changed if name not in _LENGTH]
    if others:
        return f"the saved state differs in {', '.join(others)}"
    before = next((_flat(old)[name] for name in _LENGTH if name in _flat(old)), length.samples)
    reason = length.reason_against(seen, before)
    return None if reason is None else f"the saved state cannot be used: {reason}"


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
