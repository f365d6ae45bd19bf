"""What a full-size project needs: disk, processor hours, GPU hours and days on 1, 4 and 16 GPUs.

    python benchmarks/capacity.py [--tflops 166] [--cores-per-gpu 8] > docs/capacity.md

Extrapolates `benchmarks/measured_rates.yaml` (seconds of processor time and bytes per frame of finished runs)
and `benchmarks/counted_operations.yaml` (operations of the networks at the papers' sizes, counted and not
measured) to both corpora, the papers' variants and three seeds. What no run has measured is an assumption,
and the page says which.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from full_size import (
    CORPORA,
    PER_CORPUS_FRAME,
    GpuJob,
    Project,
    core_hours,
    disk_gb,
    gpu_jobs,
    makespan,
    read_project,
    reading_hours,
)

from talkface.config import Compute
from talkface.preflight.estimate import MEASURED

HERE = Path(__file__).resolve().parent
GPUS = (1, 4, 16)


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table; numbers are rounded to what they are worth."""
    lines = [list(head), *([_cell(value) for value in row] for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return "under 0.1" if 0 < value < 0.1 else f"{value:,.1f}" if value < 20 else f"{value:,.0f}"


def per_corpus(found: Mapping[str, Mapping[str, float]]) -> Iterable[list[object]]:
    """Rows with a column a corpus and their sum, and the sum of all rows."""
    names = list(next(iter(found.values())))
    for name in names:
        values = [own[name] for own in found.values()]
        yield [name, *values, sum(values)]
    totals = [sum(own.values()) for own in found.values()]
    yield ["**together**", *totals, sum(totals)]


def memory_of_rules(rules: Path) -> dict[str, int]:
    """mem_mb that each rule asks for at the first attempt."""
    compute = Compute(processes=1, threads=1)
    kinds: dict[str, Any] = {"GPU": 1, "CONFIG": SimpleNamespace(compute=compute)}
    exec((rules / "resources.smk").read_text(encoding="utf-8"), kinds)
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(rules.glob("*.smk")))
    asked = re.findall(
        r"^rule (\w+):\n(?:(?:    .*)?\n)*?    resources:\n        \*\*(\w+),", text, re.MULTILINE
    )
    return {rule: kinds[kind]["mem_mb"](None, 1) for rule, kind in asked}


def together(jobs: Mapping[str, list[GpuJob]]) -> list[GpuJob]:
    """The jobs of both corpora as one list."""
    return [
        GpuJob(f"{name}/{job.name}", job.hours, tuple(f"{name}/{before}" for before in job.after))
        for name, own in jobs.items()
        for job in own
    ]


def page(project: Project, tflops: float, cores_per_gpu: int) -> str:
    """docs/capacity.md."""
    measured = yaml.safe_load((HERE / "measured_rates.yaml").read_text(encoding="utf-8"))
    counted = yaml.safe_load((HERE / "counted_operations.yaml").read_text(encoding="utf-8"))
    rules, tables = measured["rules"], measured["tables"]
    jobs = {corpus.name: gpu_jobs(corpus, project, counted, tflops) for corpus in CORPORA}
    cores = {corpus.name: core_hours(corpus, project, rules) for corpus in CORPORA}
    columns = [*jobs, "both"]
    stages = {
        name: {
            stage: sum(job.hours for job in own if job.stage == stage)
            for stage in dict.fromkeys(j.stage for j in own)
        }
        for name, own in jobs.items()
    }
    features = {name: sum(own[rule] for rule in PER_CORPUS_FRAME) for name, own in cores.items()}
    features["both"] = sum(features.values())
    reading = reading_hours(counted, measured["reading_ms"])
    slow = {corpus.name: gpu_jobs(corpus, project, counted, tflops, reading) for corpus in CORPORA}

    def days(jobs: Mapping[str, list[GpuJob]], how: str) -> Iterable[list[object]]:
        for gpus in GPUS:
            row: list[object] = [f"{gpus} GPU{'s' if gpus > 1 else ''}, {gpus * cores_per_gpu} cores{how}"]
            for name, own in (*jobs.items(), ("both", together(jobs))):
                row.append((makespan(own, gpus) + features[name] / (gpus * cores_per_gpu)) / 24)
            yield row

    sizes = yaml.safe_load((HERE / "measured_memory.yaml").read_text(encoding="utf-8"))
    asked = memory_of_rules(HERE.parent / "rules")
    text = (HERE / "capacity_template.md").read_text(encoding="utf-8")
    filled = {
        "machine": measured["machine"],
        "variants": f"{project.latent_variants} of latents and {project.frame_variants} of frames",
        "seeds": project.seeds,
        "methods": project.methods,
        "tflops": f"{tflops:g}",
        "gpu": MEASURED["gpu"]["machine"],
        "gpu_rates": reached(counted),
        "all_gpu_hours": f"{sum(stages['GRID'].values()):,.0f}",
        "cores": cores_per_gpu,
        "corpora": table(
            ["corpus", "speakers", "clips", "frames", "test frames of a method"],
            (
                [c.name, c.speakers, f"{c.clips:,}", f"{c.frames:,}", f"{c.evaluated_frames:,}"]
                for c in CORPORA
            ),
        ),
        "disk": table(
            ["GB", *columns],
            per_corpus({c.name: disk_gb(c, project, tables, counted) for c in CORPORA}),
        ),
        "core_hours": table(["core hours", *columns], per_corpus(cores)),
        "gpu_hours": table([f"GPU hours at {tflops:g} TFLOP/s", *columns], per_corpus(stages)),
        "days": table(
            ["days", *columns], [*days(jobs, ", crops in a scratch file"), *days(slow, ", crops in tables")]
        ),
        "reading": table(
            ["training", "hours of reading from tables", "and from a scratch file"],
            (
                [stage, own, own * measured["reading_ms"]["scratch"] / measured["reading_ms"]["single"]]
                if stage != "renderer"
                else [stage, own, "(latents have none)"]
                for stage, own in reading.items()
            ),
        ),
        "operations": table(
            ["network", "GFLOP a sample", "samples", "million weights"],
            (
                [stage, float(entry["gflop"]), f"{entry['samples']:,}" if "samples" in entry else "",
                 f"{entry['parameters'] / 1e6:.1f}" if "parameters" in entry else ""]
                for stage, entry in counted.items()
            ),
        ),
        "memory": table(
            ["rule", "peak MB of the run", "the profile asks for"],
            ([rule, entry["max_rss_mb"], asked[rule.split()[0]]] for rule, entry in sorted(rules.items())),
        ),
        "two_sizes": table(
            ["rule", *(f"MB at {clips} clips" for clips in sizes["clips"])],
            ([rule, *peaks] for rule, peaks in sizes["peak_mb"].items()),
        ),
    }  # fmt: skip
    for name, value in filled.items():
        text = text.replace("{{" + name + "}}", str(value).strip())
    return text


def reached(counted: Mapping[str, Mapping[str, Any]]) -> str:
    """What the measured GPU made of trainings, in words."""
    words = (
        f"{stage} {rate} samples/s ({rate * counted[stage]['gflop'] / 1000:.0f} TFLOP/s)"
        for stage, rate in MEASURED["gpu"]["samples_per_s"].items()
    )
    return ", ".join(words)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--tflops",
        type=float,
        default=MEASURED["gpu"]["tflops"],
        help="what a GPU really does on these networks (default: measured)",
    )
    parser.add_argument("--cores-per-gpu", type=int, default=8)
    chosen = parser.parse_args()
    project = read_project(HERE.parent / "configs" / "variants.yaml")
    print(page(project, chosen.tflops, chosen.cores_per_gpu), end="")


if __name__ == "__main__":
    main()
