"""The command ``talkface``: the list of its commands."""

from __future__ import annotations

import inspect
import re
from typing import Annotated

import typer

from talkface import __version__
from talkface.cli.doctor import doctor
from talkface.cli.ending import MEANINGS
from talkface.cli.evaluate import evaluate
from talkface.cli.export import export
from talkface.cli.generate import generate
from talkface.cli.info import info
from talkface.cli.serve import serve

app = typer.Typer(
    name="talkface",
    epilog="Exit codes: " + " · ".join(f"[bold]{c.value}[/bold] {text}" for c, text in MEANINGS.items()),
    rich_markup_mode="rich",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # they would show what is in people's files
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _flowing(text: str | None) -> str:
    """A docstring with each paragraph in one line: the terminal breaks it where it ends."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.cleandoc(text or ""))


for command in (generate, serve, evaluate, export, info, doctor):
    app.command(help=_flowing(command.__doc__))(command)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"talkface {__version__}")
        raise typer.Exit()


def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """From one photo and a sound to a film that speaks.

    [bold]Examples[/bold]

    talkface generate face.jpg voice.wav -o film.mp4

    talkface serve

    talkface COMMAND --help

    Films of people need their consent (docs/consent.md). Each film says in its tags, and with a small label
    unless that is turned off, that it is AI-generated.
    """


app.callback(help=_flowing(root.__doc__))(root)
