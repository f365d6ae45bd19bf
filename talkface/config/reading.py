"""Validates the configuration that Snakemake read from the YAML files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from talkface.config.basics import ConfigError, merge
from talkface.config.experiment import Config
from talkface.config.unquoted import explanation


def validate(raw: Mapping[str, Any], files: Iterable[Path] = ()) -> Config:
    """Check a raw configuration; every complaint names its field (``ConfigError``).

    ``root`` at the top is short for ``corpus.root``: ``snakemake --config root=/path/to/clips``.
    ``files``: those that it was read from, later ones over earlier ones; complaints name the line where they
    can.
    """
    raw = dict(raw)
    if "root" in raw:
        raw = merge(raw, {"corpus": {"root": raw.pop("root")}})
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        raise ConfigError("config: " + "; ".join(_complaint(one, files) for one in error.errors())) from None


def _complaint(problem: ErrorDetails, files: Iterable[Path]) -> str:
    place = problem["loc"]
    field = ".".join(str(part) for part in place if part != "[key]") or "config"
    if problem["type"] == "string_type":
        text = explanation(place, problem["input"], files)
        if text is not None:
            return f"{field}: {text}"
    hint = " (unknown field: check the spelling)" if problem["type"] == "extra_forbidden" else ""
    return f"{field}: {problem['msg']}{hint}"
