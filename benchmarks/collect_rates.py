"""Measured rates of a finished experiment: what each rule took and wrote, per frame.

    python benchmarks/collect_rates.py RUN/results/real/grid [MORE...] > benchmarks/measured_rates.yaml

Reads the `benchmark:` tables under `logs/`, which mirror `results/`, and the sizes and row counts of the
Parquet files. Where a rule is in several runs the first counts. `benchmarks/capacity.py` extrapolates these.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import yaml

from talkface.artifacts.tables import read_metadata
from talkface.data.frames import Frames
from talkface.data.stores import latent_store
from talkface.data.subsets import clip_lengths
from talkface.reporting.tables.notes import machine

_KINDS = {
    "faces": "features/*/faces.parquet",
    "landmarks": "features/*/landmarks.parquet",
    "aus": "features/*/aus.parquet",
    "mel": "features/*/mel.parquet",
    "latents": "train/autoencoder/shared/seed-*/latents/*.parquet",
    "au_features": "train/audio_to_au/shared/seed-*/features/*.parquet",
    "identities": "train/au_attention/shared/seed-*/identities/*.parquet",
    "generated": "generate/ours/seed-*/one_shot/*.parquet",
}
_EVALUATED = {
    "generate_clips", "generate_controls", "track_generated", "score_clips",
}  # fmt: skip


def logs_of(results: Path) -> Path:
    """`logs/`, which mirrors `results/`."""
    *above, _, experiment, corpus = results.resolve().parts
    return Path(*above, "logs", experiment, corpus)


def benchmarks(results: Path) -> dict[str, list[dict[str, str]]]:
    """The rows of all `benchmark:` tables of an experiment, by rule."""
    logs = logs_of(results)
    found = defaultdict(list)
    for path in sorted(logs.rglob("*.benchmark.tsv")):
        rule = path.relative_to(logs).parts[0].removesuffix(".benchmark.tsv")
        with path.open(newline="") as file:
            found[rule] += list(csv.DictReader(file, delimiter="\t"))
    return found


def tables(results: Path, pattern: str) -> list[Path]:
    """The speakers' tables of a kind; landmarks found on generated frames lie beside these."""
    return [path for path in sorted(results.glob(pattern)) if "." not in path.stem]


def rows_in(paths: list[Path]) -> int:
    """Rows of several tables."""
    return sum(pq.read_metadata(path).num_rows for path in paths)


def stored(results: Path) -> dict[str, dict[str, float]]:
    """Bytes and rows of each kind of table."""
    kinds = {}
    for kind, pattern in _KINDS.items():
        paths = [path for path in tables(results, pattern) if path.stem != "landmarks" or kind == "landmarks"]
        if paths:
            kinds[kind] = {"bytes": sum(path.stat().st_size for path in paths), "rows": rows_in(paths)}
    return kinds


def rates(results: Path) -> dict[str, dict[str, float]]:
    """Per rule: jobs, seconds of processor time and the frames that they went to, the largest memory."""
    frames = rows_in(tables(results, "features/*/aus.parquet"))
    of_method = [
        path for path in tables(results, "generate/ground_truth/*/*/*.parquet") if path.stem != "landmarks"
    ]
    evaluated = rows_in(of_method)
    found = {}
    for rule, rows in sorted(benchmarks(results).items()):
        methods = len(list(logs_of(results).glob(f"{rule}/*")))
        found[rule] = {
            "jobs": len(rows),
            "cpu_seconds": round(sum(float(row["cpu_time"]) for row in rows), 1),
            "frames": evaluated * methods if rule in _EVALUATED else frames,
            "max_rss_mb": round(max(float(row["max_rss"]) for row in rows)),
        }
    return found


def reading(results: Path) -> dict[str, float]:
    """Milliseconds of processor time that a training spends on reading one frame.

    ``single`` and ``window``: crops from the tables, at random or 50 of a clip; ``scratch``: from the scratch
    file; ``latents``: of paper A, 50 of a clip.
    """
    lengths = clip_lengths(results / "split.parquet", "train")
    (settings,) = {read_metadata(path)["crop_size"] for path in tables(results, _KINDS["faces"])}
    paths = tables(results, _KINDS["faces"])
    stored_frames = Frames(paths, lengths, settings, budget_bytes=0)
    few = dict(list(lengths.items())[:20])
    with tempfile.TemporaryDirectory() as folder:
        decoded = Frames(paths, few, settings, scratch=Path(folder))
    latents = latent_store(tables(results, _KINDS["latents"]), settings)
    rng, clips = np.random.default_rng(0), list(lengths)
    window = np.arange(50)
    return {
        "single": timed(lambda n: stored_frames.images(rng.integers(0, len(stored_frames), 32)), 32),
        "window": timed(lambda n: stored_frames.of_clip(clips[-1 - n], window), 50),
        "scratch": timed(lambda n: decoded.images(rng.integers(0, len(decoded), 32)), 32),
        "latents": timed(lambda n: latents[clips[n]], 50),
    }


def timed(read: Callable[[int], object], frames: int, calls: int = 12) -> float:
    """Milliseconds of processor time a frame."""
    before = time.process_time()
    for number in range(calls):
        read(number)
    return round((time.process_time() - before) / (calls * frames) * 1000, 4)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "results", type=Path, nargs="+", help="results/{experiment}/{corpus} of a finished run"
    )
    rules: dict[str, dict[str, float]] = {}
    kinds: dict[str, dict[str, float]] = {}
    given = parser.parse_args().results
    for results in given:
        rules, kinds = rates(results) | rules, stored(results) | kinds
    print("# Written by benchmarks/collect_rates.py from finished runs; read by benchmarks/capacity.py.")
    found = {"machine": machine(), "reading_ms": reading(given[0]), "rules": rules, "tables": kinds}
    print(yaml.safe_dump(found, sort_keys=False), end="")


if __name__ == "__main__":
    main()
