"""The report of the check, as terminal text, Markdown and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from talkface.config import Config
from talkface.preflight.corpus import Survey
from talkface.preflight.estimate import MEASURED, Estimate, Stage
from talkface.preflight.machine import gigabytes
from talkface.preflight.source import source_of

"""Sustained by a large GPU: assumed, as in docs/capacity.md, not measured."""


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
    if any(stage.hours is not None for stage in stages):
        lines.append(
            f"Measured on that machine, one job after another ({MEASURED['machine']}), "
            "so times here will differ."
        )
    operations = sum(stage.gflop or 0.0 for stage in stages)
    if operations:
        gpu = MEASURED["gpu"]
        took = _time(operations / gpu["tflops"] / 1000 / 3600)
        hours = f", {took} on a GPU at {gpu['tflops']} TFLOP/s (as measured: {gpu['machine']})"
        lines.append(f"Counted: the networks' operations{hours if data['machine']['gpu'] else ''}.")
    if any(stage.hours is None for stage in stages):
        lines.append("A dash: nothing was measured, or counted, for such widths; the sums leave it out.")
    if stages:
        lines.append("Without a row: tracking and scoring what was generated, galleries, tables and pages.")
    sizes = ", ".join(f"{name} {gigabytes(count)}" for name, count in data["bytes"].items() if count)
    lines += [f"To be written, about: {sizes}.", f"Networks run on: {data['machine']['device']}."]
    lines += [f"Note: {warning}" for warning in data["warnings"]]
    return "\n".join(lines) + "\n"


def _table(stages: Sequence[Stage]) -> list[str]:
    """A row a stage and their sums; hours are summed as hours and operations as operations."""
    rows = [("what runs", "jobs", "amount", "measured", "counted")]
    for stage in stages:
        amount = f"{stage.amount:,} {stage.unit}"
        rows.append((stage.name, str(stage.jobs), amount, _time(stage.hours), _operations(stage.gflop)))
    hours = [stage.hours for stage in stages if stage.hours is not None]
    counted = [stage.gflop for stage in stages if stage.gflop is not None]
    sums = _time(sum(hours) if hours else None), _operations(sum(counted) if counted else None)
    rows.append(("together", "", "", *sums))
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    padded = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return [padded[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *padded[1:]]


def _operations(gflop: float | None) -> str:
    return "-" if gflop is None else f"{gflop / 1e6:,.1f} PFLOP"


def _time(hours: float | None) -> str:
    if hours is None:
        return "-"
    return f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.1f} min"
