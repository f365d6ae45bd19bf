"""Validates the configuration that Snakemake read from the YAML files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from talkface.config.basics import ConfigError, merge
from talkface.config.experiment import Config


def validate(raw: Mapping[str, Any]) -> Config:
    """Check a raw configuration; every complaint names its field (``ConfigError``).

    ``root`` at the top is short for ``corpus.root``: ``snakemake --config root=/path/to/clips``.
    """
    raw = dict(raw)
    if "root" in raw:
        raw = merge(raw, {"corpus": {"root": raw.pop("root")}})
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            field = ".".join(str(part) for part in problem["loc"]) or "config"
            hint = " (unknown field: check the spelling)" if problem["type"] == "extra_forbidden" else ""
            lines.append(f"{field}: {problem['msg']}{hint}")
        raise ConfigError("config: " + "; ".join(lines)) from None
