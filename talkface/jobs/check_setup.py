"""Rule ``check_setup``: is everything there that heavy jobs need, and what will they take?"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from talkface.config import Config
from talkface.evaluation.wanted import asked_in_vain
from talkface.preflight.corpus import survey
from talkface.preflight.estimate import estimate
from talkface.preflight.external_files import weight_problems
from talkface.preflight.jobs import Job, is_heavy, jobs_of_experiment
from talkface.preflight.machine import (
    device_problems,
    disk_problems,
    ffmpeg_problems,
    folders,
    memory_complaints,
    memory_mb,
    temporary_warnings,
)
from talkface.preflight.page import as_data, as_text
from talkface.provenance.differences import artifacts_below, differing, used
from talkface.provenance.versions import present
from talkface.reporting.files import write_text
from talkface.runtime.binding import OfConfig

_READING = ("crop_", "extract_")
"""What the names of rules that read raw clips begin with."""


class SetupError(ValueError):
    """Something that heavy jobs need is not there; the message lists every problem with its remedy."""


def check_setup(
    *,
    config: Annotated[Config, OfConfig()],
    shards: Mapping[str, Sequence[str]],
    results: Path,
    jobs: Sequence[Job] | None = None,
    computing: bool = True,
) -> str:
    """Check what the jobs need, write ``setup.json`` and ``setup.md`` to ``results``, return the page.

    Args:
        config: the experiment.
        shards: its corpus' shards with their speakers.
        results: ``results/{experiment}/{corpus}``; nothing is written where a problem is found.
        jobs: those about to run; None: all of the experiment.
        computing: they will run on this machine, so its memory and GPU are checked too.

    Raises:
        SetupError: a line per problem, naming the field or path and the remedy.
    """
    chosen = (
        jobs_of_experiment(config, list(shards)) if jobs is None else [j for j in jobs if is_heavy(j.rule)]
    )
    found = survey(
        config,
        [name for own in shards.values() for name in own],
        read=any(job.rule.startswith(_READING) for job in chosen),
    )
    clips = {shard: {name: found.clips.get(name, 0) for name in own} for shard, own in shards.items()}
    cost = estimate(config, chosen, clips, found.frames_per_clip)
    problems = [*found.problems, *weight_problems(config, chosen), *ffmpeg_problems()]
    problems += disk_problems(folders(config), cost.bytes, config.preflight.disk_margin)
    warnings = [*found.warnings, *asked_in_vain(config.metrics), *temporary_warnings()]
    machine: dict[str, Any] = {
        "device": "decided where the jobs run",
        "gpu": config.compute.device == "cuda",
    }
    if computing:
        device, missing = device_problems(config)
        machine = {"memory_mb": memory_mb(), "device": device.name, "gpu": device.gpu}
        short, tight = memory_complaints(chosen, machine["memory_mb"])
        problems += missing + short
        warnings += tight
    if problems:
        count = f"{len(problems)} problem" + ("s" if len(problems) > 1 else "")
        raise SetupError(f"check_setup: {count}, nothing was started:\n  " + "\n  ".join(problems))
    machine["versions"] = present()
    mixed = differing(used(artifacts_below(results)), present())
    warnings += [f"{line} (rounding may differ; nothing reruns because of it)" for line in mixed]
    data = as_data(config, found, cost, machine, warnings)
    text = as_text(data)
    results.mkdir(parents=True, exist_ok=True)
    write_text(results / "setup.json", json.dumps(data, indent=2) + "\n")
    write_text(results / "setup.md", text)
    return text


def before_heavy_jobs(
    *,
    config: Config,
    shards: Mapping[str, Sequence[str]],
    results: Path,
    jobs: Sequence[Job],
    computing: bool,
) -> None:
    """The same when a workflow starts, printed to standard error; silent where no heavy job is pending."""
    if any(is_heavy(job.rule) for job in jobs):
        text = check_setup(config=config, shards=shards, results=results, jobs=jobs, computing=computing)
        print(text, file=sys.stderr)
