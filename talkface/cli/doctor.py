"""``talkface doctor``: does this machine have what is needed, and what will an experiment take?"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from talkface.cli.ending import Code, told
from talkface.cli.face_models import fetch_face_models
from talkface.cli.progress import doing


class Finding(NamedTuple):
    """One thing that was looked at."""

    what: str
    ok: bool
    text: str
    """What was found; where it is wrong, with the remedy."""


def doctor(
    model: Annotated[
        Path | None,
        typer.Option("--model", "-m", help="Bundle or experiment to check. Default: the package's bundle."),
    ] = None,
    configfile: Annotated[
        list[Path] | None,
        typer.Option(
            help="Check an experiment before it runs, as snakemake check_setup does. Repeatable: later files "
            "over earlier ones."
        ),
    ] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch the models that find faces, where they are missing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check what this [bold]machine[/bold] lacks, and say how to get it.

    Looks at system libraries, packages, ffmpeg, the models that find faces, GPU and bundle. With --configfile
    also at an experiment's clips, disk and memory, and how long it will take.

    [bold]Examples[/bold]

    talkface doctor

    talkface doctor --fetch    [dim]# after pip install: the models that find faces, 3.8 MB[/dim]

    talkface doctor --configfile config.yaml --configfile configs/real.yaml
    """
    with told():
        with doing("looking"):
            if fetch:
                fetch_face_models()
            findings = [look(model) for look in LOOKS]
            plan = _plan(configfile) if configfile else None
        if plan is not None:
            findings.append(plan)
        if as_json:
            typer.echo(json.dumps([finding._asdict() for finding in findings]))
        else:
            for finding in findings:
                typer.echo(_line(finding))
        if not all(finding.ok for finding in findings):
            raise typer.Exit(int(Code.MACHINE))


def _line(finding: Finding) -> str:
    """A finding, on a terminal broken between words."""
    line = f"{'ok     ' if finding.ok else 'missing'}  {finding.what}: {finding.text}"
    if not sys.stdout.isatty():
        return line
    width, indent = shutil.get_terminal_size().columns, " " * 9
    return "\n".join(
        textwrap.fill(part, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
        for part in line.splitlines()
    )


def _libraries(_model: Path | None) -> Finding:
    from talkface.preflight.system import broken_modules, missing_libraries

    problems = missing_libraries() or broken_modules()
    return Finding("libraries", not problems, "; ".join(problems) or "all there")


def _versions(_model: Path | None) -> Finding:
    from talkface.provenance.versions import present

    return Finding("versions", True, ", ".join(f"{name} {number}" for name, number in present().items()))


def _ffmpeg(_model: Path | None) -> Finding:
    from talkface.media.program import NoProgramError, executable
    from talkface.preflight.machine import ffmpeg_problems

    problems = ffmpeg_problems()
    try:
        found = executable()
    except NoProgramError:
        found = ""
    return Finding("ffmpeg", not problems, "; ".join(problems) or found)


def _face_models(_model: Path | None) -> Finding:
    from talkface.features.bundle import SHA256, default_path, problem_with

    problem = problem_with(default_path(), SHA256)
    return Finding("face models", problem is None, problem or str(default_path()))


def _device(_model: Path | None) -> Finding:
    import torch

    from talkface.preflight.machine import memory_mb

    if torch.cuda.is_available():
        return Finding("device", True, torch.cuda.get_device_name(0))
    return Finding("device", True, f"{torch.get_num_threads()} CPU thread(s), {memory_mb()} MB of memory")


def _bundle(model: Path | None) -> Finding:
    from talkface.bundles.manifest import BundleError
    from talkface.bundles.model import find_model

    try:
        found = find_model(model)
    except BundleError as error:
        return Finding("model", False, str(error))
    return Finding("model", True, f"{found.name}: {', '.join(found.networks)}")


LOOKS: tuple[Callable[[Path | None], Finding], ...] = (
    _libraries,
    _versions,
    _ffmpeg,
    _face_models,
    _device,
    _bundle,
)


def _plan(files: list[Path]) -> Finding:
    """What ``snakemake check_setup`` tells of a configuration; nothing is written."""
    from talkface.config import read_config
    from talkface.corpora import list_speakers, shards
    from talkface.jobs.check_setup import SetupError, check_setup

    config = read_config(files)
    try:
        own = shards(config.corpus, list_speakers(config.corpus), config.speakers_per_shard)
        with tempfile.TemporaryDirectory() as folder:
            text = check_setup(config=config, shards=own, results=Path(folder) / "results")
    except (SetupError, ValueError) as error:
        return Finding("experiment", False, str(error))
    return Finding("experiment", True, text)
