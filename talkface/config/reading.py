"""Validates the configuration that Snakemake read from the YAML files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from talkface.config.basics import ConfigError, merge
from talkface.config.experiment import Config
from talkface.config.unquoted import explanation


def read_config(paths: Sequence[Path]) -> Config:
    """The configuration of YAML files, later ones over earlier ones: as snakemake's ``--configfile``.

    Raises:
        ConfigError: a file that is absent or no YAML, or a configuration that is not valid.
    """
    raw: dict[str, Any] = {}
    for path in paths:
        if not path.is_file():
            raise ConfigError(
                f"--configfile {path}: no such file; run this in the folder where Snakemake ran"
            )
        try:
            settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigError(f"--configfile {path}: not YAML ({' '.join(str(error).split())})") from error
        if not isinstance(settings, dict):
            raise ConfigError(f"--configfile {path}: no settings in it; it must name fields and their values")
        raw = merge(raw, settings)
    return validate(raw, paths)


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
