"""``talkface info``: what a bundle, an experiment or an artifact is and where it comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from talkface.cli.ending import told


def info(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="Bundle, folder of an experiment, table (.parquet) or weights (.safetensors). Default: the "
            "package's bundle."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Tell what a bundle or an artifact [bold]is[/bold]: made from which data, by which code and tools.

    A bundle's files are checked against their SHA-256 on the way.

    [bold]Examples[/bold]

    talkface info

    talkface info real-warp --json

    talkface info results/demo/demo/train/renderer/warp/seed-0/model.safetensors
    """
    with told():
        content = _content(path)
        if as_json:
            typer.echo(json.dumps(content))
            return
        for line in _lines(content):
            typer.echo(line)


def _content(path: Path | None) -> dict[str, Any]:
    from talkface.artifacts.given_networks import is_bundle
    from talkface.artifacts.headers import header_of
    from talkface.bundles.manifest import BundleError
    from talkface.bundles.model import find_model
    from talkface.bundles.reading import read_bundle

    if path is None:
        manifest = find_model(None).manifest
        assert manifest is not None
        return manifest.model_dump(mode="json")
    if is_bundle(path):
        return read_bundle(path).model_dump(mode="json")
    if path.is_dir():
        from talkface.bundles.experiment import read_experiment

        experiment = read_experiment(path)
        config, source = experiment.config, experiment.source
        return {
            "experiment": config.experiment,
            "corpus": config.corpus.name,
            "variants": config.named_variants(),
            "seeds": config.seeds,
            "split": config.splits[config.split].model_dump(mode="json"),
            "commit": source["commit"],
            "code_sha256": source["code_sha256"],
            "config_sha256": source["config_sha256"],
        }
    if not path.is_file():
        raise BundleError(f"{path}: no such file or folder; name a bundle, an experiment or an artifact")
    header = dict(header_of(path))
    if not header:
        raise ValueError(f"{path}: no artifact of talkface; name a .parquet or .safetensors file of it")
    return header


def _lines(content: Mapping[str, Any], indent: str = "") -> list[str]:
    """Nested values as indented lines; lists in one line."""
    lines = []
    for name, value in content.items():
        if isinstance(value, Mapping):
            lines += [f"{indent}{name}:", *_lines(value, indent + "  ")]
        elif name == "figures" and value:
            lines += [f"{indent}{name}:", *(f"{indent}  {_figure(own)}" for own in value)]
        elif isinstance(value, list):
            lines.append(f"{indent}{name}: {', '.join(map(str, value)) or 'none'}")
        else:
            lines.append(f"{indent}{name}: {'unknown' if value is None else value}")
    return lines


def _figure(own: Mapping[str, Any]) -> str:
    told = [f"{own['clips']} clips, {own['speakers']} speakers"]
    if own["low"] is not None:
        told.append(f"interval {own['low']:.3g} to {own['high']:.3g}")
    if own["lowest"] is not None:
        told.append(f"single speakers {own['lowest']:.3g} to {own['highest']:.3g}")
    told += [f"{words} {own[name]:.3g}" for name, words in _BESIDE.items() if own[name] is not None]
    return f"{own['subset']}  {own['header']}: {own['value']:.3g}  ({'; '.join(told)})"


_BESIDE = {"other_sound": "with another clip's sound", "static": "of a still photo"}
