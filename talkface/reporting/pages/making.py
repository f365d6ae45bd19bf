"""How an experiment was made: commit, date, machine, versions, and what every stage took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from talkface.artifacts.headers import header_of
from talkface.evaluation.runs import trained_run
from talkface.provenance.commit import Commit
from talkface.provenance.differences import Used, differing
from talkface.reporting.tables.main_table import counted
from talkface.reporting.tables.notes import Note, machine
from talkface.reporting.tables.views import Block, Column, TableView
from talkface.runtime.cost_records import Cost


def making_notes(
    commit: Commit | None, used: Used, artifacts: Sequence[Path], costs: Sequence[Cost], now: datetime
) -> list[Note]:
    """Name and sentence of each fact. The machine is this one: artifacts carry versions, no machine."""
    notes = [
        ("Page built", f"{now:%Y-%m-%d %H:%M} UTC"),
        ("Commit", str(commit) if commit else "not known: the package does not lie in a checkout of git"),
        ("Machine that built the page", machine()),
    ]
    if artifacts:
        times = [datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in artifacts]
        span = f"{min(times):%Y-%m-%d %H:%M} to {max(times):%Y-%m-%d %H:%M} UTC"
        notes.append(("Artifacts", f"{len(artifacts)} tables and networks, written {span}"))
    if used:
        made = "; ".join(f"{tool} {', '.join(versions)}" for tool, versions in used.items())
        notes.append(("Made with", made))
    notes += [("Versions differ", line) for line in differing(used)]
    if costs:
        seconds = sum(cost.cpu_seconds for cost in costs)
        notes.append(("Processor time", f"{span_of(seconds)} in {counted(len(costs), 'recorded job')}"))
    return notes


def span_of(seconds: float) -> str:
    """A duration with two units: "0.4 s", "3 min 20 s", "2 h 05 min"."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    if seconds < 3599.5:
        return "{} min {:02d} s".format(*divmod(round(seconds), 60))
    return "{} h {:02d} min".format(*divmod(round(seconds / 60), 60))


_STAGE_COLUMNS = (
    ("Stage", ""),
    ("Jobs", "jobs with a record of cost; those that a cache answered have none"),
    ("Time s", "sum over the stage's jobs, which may have run beside one another"),
    ("Longest job s", "the longest of them"),
    ("Processor s", "processor time of all its jobs"),
    ("Peak MB", "largest resident memory of a job with its children"),
    ("Ended", "when the last of them ended, UTC"),
)


def stages_view(costs: Sequence[Cost]) -> TableView | None:
    """A row a rule, in the order in which the rules began to end; ``None`` without any record."""
    if not costs:
        return None
    by_rule: dict[str, list[Cost]] = {}
    for cost in costs:
        by_rule.setdefault(cost.rule, []).append(cost)
    rows = tuple(_stage_row(rule, own) for rule, own in by_rule.items())
    note = (
        "From the records that jobs leave beside their logs, for the last run of each job. Jobs ran beside "
        "one another, so the times add up to more than passed on the clock."
    )
    headers, columns = zip(*((name, Column(meaning=said)) for name, said in _STAGE_COLUMNS), strict=True)
    return TableView("stages", "Time of every stage", (), headers, (Block("", rows),), (note,), columns)


def _stage_row(rule: str, costs: Sequence[Cost]) -> tuple[str, ...]:
    ended = datetime.fromtimestamp(max(cost.ended for cost in costs), UTC)
    return (
        rule,
        str(len(costs)),
        f"{sum(cost.seconds for cost in costs):,.1f}",
        f"{max(cost.seconds for cost in costs):,.1f}",
        f"{sum(cost.cpu_seconds for cost in costs):,.1f}",
        f"{max(cost.peak_mb for cost in costs):.0f}",
        f"{ended:%Y-%m-%d %H:%M}",
    )


def cards(results: Path) -> list[dict[str, Any]]:
    """A card for each trained network below ``results``: what its weights file says about itself.

    That is its stage, configuration, data, code, versions and how far it was trained.
    """
    found = []
    for path in sorted(results.glob("train/*/*/seed-*/model.safetensors")):
        run, said = trained_run(path), dict(header_of(path))
        if said.get("warm_start"):
            said["warm_start"] = Path(said["warm_start"]).name  # a path of one machine otherwise
        place = {"file": path.relative_to(results).as_posix(), "bytes": path.stat().st_size}
        found.append({"variant": run.variant, "seed": run.seed, **place, **said})
    return found
