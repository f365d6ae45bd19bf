"""What scoring costs beside generating, from the cost that each job of a finished experiment has noted.

    python benchmarks/cost_of_scores.py results/demo/demo [MORE ...]

For each kind of job (generating variants, generating control rows, finding faces on generated frames,
scoring): jobs, seconds of film, processor seconds, and processor seconds a second of film, starts of jobs
included. The rows that are scored are generated once, so the totals compare.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from pathlib import Path

import pyarrow.parquet as pq

FPS = 25
RULES = {
    "generate_clips": "generate variants", "generate_controls": "generate control rows",
    "align_films": "align films of other systems", "track_generated": "find faces", "score_clips": "score",
}  # fmt: skip


def costs(results: Path) -> dict[str, tuple[int, float]]:
    """Rule -> jobs and processor seconds."""
    *above, _, experiment, corpus = results.resolve().parts
    logs = Path(*above, "logs", experiment, corpus)
    found: dict[str, list[float]] = defaultdict(list)
    for path in sorted(logs.rglob("*.benchmark.tsv")):
        rule = path.relative_to(logs).parts[0]
        if rule in RULES:
            with path.open(newline="") as file:
                found[rule] += [float(row["cpu_time"]) for row in csv.DictReader(file, delimiter="\t")]
    return {rule: (len(own), sum(own)) for rule, own in found.items()}


def seconds_of_film(results: Path) -> dict[str, float]:
    """Rule -> seconds of film that all its jobs made or looked at."""
    made: dict[str, float] = defaultdict(float)
    for path in (results / "generate").rglob("*.parquet"):
        method = path.relative_to(results / "generate").parts[0]
        if path.stem != "landmarks" and path.parent.name != "films":
            made[method] += pq.read_metadata(path).num_rows / FPS
    variants = {path.parts[-3] for path in results.glob("train/renderer/*/seed-*/model.safetensors")}
    by_rule: dict[str, float] = defaultdict(float)
    for method, seconds in made.items():
        own = method.removesuffix("_other_sound") in variants
        external = method.startswith("external_")
        rule = "generate_clips" if own else "align_films" if external else "generate_controls"
        for name in (rule, "track_generated", "score_clips"):
            by_rule[name] += seconds
    return by_rule


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, nargs="+", help="results/{experiment}/{corpus}")
    for results in parser.parse_args().results:
        film, cost = seconds_of_film(results), costs(results)
        print(f"{results}\n| job | jobs | s of film | processor s | processor s / s of film |")
        print("|---|---|---|---|---|")
        for rule, title in RULES.items():
            if rule in cost:
                jobs, spent = cost[rule]
                print(f"| {title} | {jobs} | {film[rule]:.0f} | {spent:.0f} | {spent / film[rule]:.2f} |")


if __name__ == "__main__":
    main()
