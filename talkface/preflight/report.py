"""What will run and about how long, for a terminal, a page and a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from talkface.config import Config
from talkface.preflight.corpus import Survey
from talkface.preflight.estimate import MEASURED, Estimate, Stage
from talkface.preflight.machine import gigabytes
from talkface.preflight.source import source_of


def as_data(
    config: Config, found: Survey, cost: Estimate, machine: dict[str, Any], warnings: Sequence[str]
) -> dict[str, Any]:
    """The report as plain values."""
    return {
        "experiment": config.experiment,
        "corpus": config.corpus.name,
        "clips": found.clips,
        "frames_per_clip": round(found.frames_per_clip, 1),
        "frames_from": found.frames_from,
        "stages": [vars(stage) for stage in cost.stages],
        "bytes": cost.bytes,
        "rates_measured_on": MEASURED["machine"],
        "machine": machine,
        "source": source_of(config),
        "warnings": list(warnings),
    }


def as_text(data: dict[str, Any]) -> str:
    """The report as Markdown that is readable in a terminal."""
    stages = [Stage(**stage) for stage in data["stages"]]
    clips = sum(data["clips"].values())
    lines = [
        f"{data['experiment']} on {data['corpus']}: {len(data['clips'])} speakers, {clips} clips, "
        f"{data['frames_per_clip']:g} frames a clip ({data['frames_from']})",
        "",
        *([*_table(stages), ""] if stages else []),
    ]
    known = [stage.hours for stage in stages if stage.hours is not None]
    if known:
        unknown = "" if len(known) == len(stages) else ", beside what has no measured rate"
        lines.append(
            f"One after another about {_time(sum(known))}{unknown}: on that machine ({MEASURED['machine']}), "
            "which promises nothing for this one."
        )
    sizes = ", ".join(f"{name} {gigabytes(count)}" for name, count in data["bytes"].items() if count)
    lines += [f"To be written, about: {sizes}.", f"Networks run on: {data['machine']['device']}."]
    lines += [f"Note: {warning}" for warning in data["warnings"]]
    return "\n".join(lines) + "\n"


def _table(stages: Sequence[Stage]) -> list[str]:
    rows = [("what runs", "jobs", "amount", "about")]
    for stage in stages:
        rows.append((stage.name, str(stage.jobs), f"{stage.amount:,} {stage.unit}", _about(stage)))
    widths = [max(len(row[place]) for row in rows) for place in range(4)]
    padded = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return [padded[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *padded[1:]]


def _about(stage: Stage) -> str:
    if stage.hours is not None:
        return _time(stage.hours)
    if stage.gflop:
        return f"{stage.gflop / 1e5 / 3600:.1f} h at 100 TFLOP/s (counted)"
    return "no rate measured"


def _time(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.1f} min"
