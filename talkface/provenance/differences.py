"""Finds experiments whose artifacts were made by different versions of a tool."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from talkface.artifacts.headers import versions_of

Used = dict[str, dict[str, int]]
"""Tool -> its version -> how many artifacts it made."""


def artifacts_below(results: Path) -> list[Path]:
    """The tables and weights of an experiment, ``results/{experiment}/{corpus}``."""
    return sorted(path for kind in ("parquet", "safetensors") for path in results.rglob(f"*.{kind}"))


def used(artifacts: Iterable[Path]) -> Used:
    """The versions recorded in those of the files that carry any."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for path in artifacts:
        for tool, version in versions_of(path).items():
            counts[tool][version] += 1
    return {tool: dict(sorted(versions.items())) for tool, versions in sorted(counts.items())}


def differing(found: Used, present: Mapping[str, str] | None = None) -> list[str]:
    """One line for each tool of which more than one version was used, or another than the present one."""
    lines = []
    for tool, versions in found.items():
        now = (present or {}).get(tool)
        if len(versions) > 1 or (now is not None and now not in versions):
            made = [f"{version} made {count}" for version, count in versions.items()]
            made += [f"{now} is here now"] if now is not None and now not in versions else []
            lines.append(f"{tool}: of the artifacts {', '.join(made)}")
    return lines
