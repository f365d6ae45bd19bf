"""``talkface export``: an experiment's networks as a bundle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from talkface.cli.ending import told


def export(
    experiment: Annotated[
        Path, typer.Argument(help="Folder of a finished experiment: results/EXPERIMENT/CORPUS.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The bundle: a folder.")],
    variant: Annotated[
        str | None, typer.Option(help="Which method. Default: the first that the config names.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the training. Default: the config's first.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="Licence of the weights. Default: that of the corpus, where known.")
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Say in the card that the model is a preview.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the bundle's content as JSON.")] = False,
) -> None:
    """Write an experiment's networks as a [bold]bundle[/bold]: a folder with weights and a model card.

    It holds the networks that one variant needs, and no others. Loading it executes nothing, and checks the
    SHA-256 of each file.

    [bold]Examples[/bold]

    talkface export results/real/grid --variant warp -o real-warp

    talkface export results/mine/mine -o mine --licence CC-BY-NC-4.0 --preview
    """
    with told():
        from talkface.bundles.writing import export as write

        manifest = write(experiment, output, variant=variant, seed=seed, licence=licence, preview=preview)
        if as_json:
            typer.echo(json.dumps(manifest.model_dump(mode="json")))
            return
        size = sum(file.bytes for file in manifest.files.values()) / 1e6
        typer.echo(
            f"{output}: {manifest.name}, {', '.join(manifest.networks)}, {size:.1f} MB, {manifest.licence}\n"
            f"read {output / 'README.md'}, the model card, before you give it away"
        )
