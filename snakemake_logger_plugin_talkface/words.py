"""A job in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath

_SAID_ONCE = frozenset({"experiment", "corpus"})
"""Wildcards that are the same for all jobs of a run: the header names them."""


def counted(count: int, thing: str) -> str:
    """A number with its noun."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


def job_words(rule: str, wildcards: Mapping[str, str], several_seeds: bool = True) -> str:
    """``crop faces: speaker s1``, ``train renderer: ours, seed 0``."""
    own = dict(wildcards)
    kinds = ("method", "control", "variant", "sound", "system", "shown")
    named = "".join(str(own.pop(name, "")) for name in kinds)
    parts = [named] if named else []
    for name, value in own.items():
        if name in _SAID_ONCE or value == "" or (name == "seed" and not several_seeds):
            continue
        if name == "shard" and not value.startswith("shard-"):
            name = "speaker"  # who is a shard alone gives it the name
        plain = name in ("protocol", "metric", "table", "shard")
        parts.append(str(value) if plain else f"{name} {value}")
    told = rule.replace("_", " ")
    return f"{told}: {', '.join(parts)}".replace("one_shot", "one shot") if parts else told


def made_words(outputs: Iterable[str]) -> str:
    """The names of the files that a job made, without folders."""
    names = [PurePath(str(path).split(" (")[0]).name for path in outputs]
    if len(names) > 4:
        names = [*names[:3], f"{len(names) - 3} more"]
    return ", ".join(dict.fromkeys(names))
