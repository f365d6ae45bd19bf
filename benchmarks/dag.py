"""How long Snakemake takes to build the DAG of a full-size project: two corpora, all tables, three seeds.

    python benchmarks/dag.py [--corpora grid tcd_timit] [--seeds 3] [--variants 20] [--speakers N] [--clips N]
    python benchmarks/dag.py --growth [--seeds 1] [--target report] [--speakers-per-shard auto]

Makes a tree of empty files in each corpus' layout (GRID: 33 speakers with 1000 clips; TCD-TIMIT: 59 with 98)
and prints, for a `snakemake --dry-run` of the target `paper`, the jobs, the seconds by the clock and of
processor time, and the peak memory. A configuration holds one corpus, so that a corpus' results never depend
on another's: a project of two corpora is two commands, and the last line their sum.

--growth: the default target for plain folders of 200, 800, 3200 and 6000 speakers, the last with a million
clips.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
GOAL_S = 60.0
GOAL_MB = 4000.0
CLIPS = {"grid": 1000, "tcd_timit": 98}
"""Clips of a speaker."""
GROWTH = (200, 800, 3200, 6000)
"""Speakers of the plain folders."""
CLIPS_IN_FOLDER = 167
"""Of each of these speakers: a million of the last."""
_FEMALE = {
    3, 5, 7, 8, 9, 11, 13, 15, 17, 30, 31, 32, 33, 36, 37, 38, 40, 43, 44, 45, 46, 49, 50, 51, 55, 58, 59,
}  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What one dry run took."""

    jobs: int
    seconds: float
    cpu_seconds: float
    peak_mb: float


def speakers_of(corpus: str, count: int | None = None) -> list[str]:
    """The speakers' names as the corpora have them; the first ``count``."""
    if corpus == "folder":
        return [f"id{number:05d}" for number in range(count or GROWTH[-1])]
    if corpus == "grid":
        return [f"s{number}" for number in range(1, 35) if number != 21][:count]
    return [f"{number:02d}{'F' if number in _FEMALE else 'M'}" for number in range(1, 60)][:count]


def make_corpus(root: Path, corpus: str, speakers: Sequence[str], clips: int) -> None:
    """Empty clips and transcripts in the corpus' layout."""
    for name in speakers:
        own = root / "volunteers" / name / "Clips" / "straightcam" if corpus == "tcd_timit" else root / name
        texts = root / "alignments" / name if corpus == "grid" else own
        for folder in (own, texts):
            folder.mkdir(parents=True, exist_ok=True)
        for clip in range(clips):
            (own / f"c{clip:04d}{'.mpg' if corpus == 'grid' else '.mp4'}").touch()
            (texts / f"c{clip:04d}{'.align' if corpus == 'grid' else '.txt'}").touch()


def overlay(
    folder: Path, speakers: Sequence[str], *, variants: int, seeds: int, per_shard: str = "auto"
) -> Path:
    """A configuration to lay over the others: seeds, and a table of so many variants of both kinds."""
    rows: dict[str, dict] = {
        f"v{number:02d}": {"output": "frames", "frame_renderer": {"fusion_dropout": number / 100}}
        if number % 2
        else {"renderer": {"fusion_dropout": number / 100}}
        for number in range(variants)
    }
    table = {"title": "Simulated", "source": "nowhere", "rows": [{"variant": name} for name in rows]}
    content: dict = {
        "seeds": list(range(seeds)),
        "speakers_per_shard": per_shard if per_shard == "auto" else int(per_shard),
        "split": "simulated",
        "splits": {"simulated": {"seen": None, "unseen": list(speakers[-max(1, len(speakers) // 5) :])}},
    }
    if variants:
        content |= {"variants": rows, "tables": {"simulated": table}}
    path = folder / "overlay.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def dry_run(workdir: Path, root: Path, configs: Sequence[Path], target: str = "paper") -> Cost:
    """``snakemake --dry-run paper`` in a folder; ``RuntimeError`` with its words where it fails."""
    command = [
        sys.executable, "-m", "snakemake", target, "--snakefile", str(REPOSITORY / "Snakefile"),
        "--directory", str(workdir), "--workflow-profile", str(REPOSITORY / "profiles" / "default"),
        "--configfile", *map(str, configs), "--config", f"root={root}",
        "--dry-run", "--quiet", "rules", "--cores", "1",
    ]  # fmt: skip
    before = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise RuntimeError(f"the dry run failed:\n{text}")
    totals = [line.split()[1] for line in text.splitlines() if line.startswith("total ")]
    return Cost(
        jobs=int(totals[0]),
        seconds=time.monotonic() - before,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2),
    )


def measure(
    corpus: str, *, variants: int, seeds: int, speakers: int | None, clips: int, per_shard: str = "auto"
) -> Cost:
    """A dry run over a simulated corpus in a folder of its own."""
    names = speakers_of(corpus, speakers)
    layers = ["config", f"configs/{corpus}", *([] if variants else ["configs/variants"]), "configs/paper"]
    with tempfile.TemporaryDirectory() as folder:
        root, workdir = Path(folder, "corpus"), Path(folder, "run")
        workdir.mkdir()
        make_corpus(root, corpus, names, clips)
        over = overlay(Path(folder), names, variants=variants, seeds=seeds, per_shard=per_shard)
        return dry_run(workdir, root, [*(REPOSITORY / f"{layer}.yaml" for layer in layers), over])


def measure_growth(speakers: int, *, seeds: int, target: str, per_shard: str) -> Cost:
    """The same over a plain folder of so many speakers."""
    names = speakers_of("folder", speakers)
    with tempfile.TemporaryDirectory() as folder:
        root, workdir = Path(folder, "corpus"), Path(folder, "run")
        workdir.mkdir()
        make_corpus(root, "folder", names, CLIPS_IN_FOLDER)
        over = overlay(Path(folder), names, variants=0, seeds=seeds, per_shard=per_shard)
        layers = [
            "config",
            "configs/paper",
            "configs/folder",
            *(["configs/variants"] if target == "paper" else []),
        ]
        return dry_run(workdir, root, [*(REPOSITORY / f"{layer}.yaml" for layer in layers), over], target)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpora", nargs="+", choices=list(CLIPS), default=list(CLIPS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--variants", type=int, default=0, help="simulated ones; default: all of the papers'")
    parser.add_argument("--speakers", type=int, help="of each corpus; default: all")
    parser.add_argument("--clips", type=int, help="of each speaker; default: 1000 in GRID, 98 in TCD-TIMIT")
    parser.add_argument("--growth", action="store_true", help="plain folders of growing size")
    parser.add_argument("--target", default="report", help="of --growth: report, or paper with all tables")
    parser.add_argument("--speakers-per-shard", default="auto", help="of --growth")
    chosen = parser.parse_args()
    if chosen.growth:
        for speakers in [chosen.speakers] if chosen.speakers else GROWTH:
            cost = measure_growth(
                speakers, seeds=chosen.seeds, target=chosen.target, per_shard=chosen.speakers_per_shard
            )
            show(f"folder, {speakers} speakers x {CLIPS_IN_FOLDER} clips", cost)
            reached = cost.seconds <= GOAL_S and cost.peak_mb <= GOAL_MB
            print(f"goal {GOAL_S:.0f} s, {GOAL_MB:.0f} MB: {'reached' if reached else 'MISSED'}", flush=True)
        return
    found = []
    for corpus in chosen.corpora:
        clips = chosen.clips or CLIPS[corpus]
        cost = measure(
            corpus, variants=chosen.variants, seeds=chosen.seeds, speakers=chosen.speakers, clips=clips
        )
        show(f"{corpus}, {len(speakers_of(corpus, chosen.speakers))} speakers x {clips} clips", cost)
        found.append(cost)
    jobs, seconds, cpu_seconds, peaks = zip(*map(astuple, found), strict=True)
    total = Cost(sum(jobs), sum(seconds), sum(cpu_seconds), max(peaks))
    show("together", total)
    print(f"goal {GOAL_S:.0f} s of one core: {'reached' if total.cpu_seconds <= GOAL_S else 'MISSED'}")


def show(what: str, cost: Cost) -> None:
    """A line of the report."""
    print(
        f"{what}: {cost.jobs} jobs, DAG in {cost.seconds:.1f} s (processor {cost.cpu_seconds:.1f} s), "
        f"peak {cost.peak_mb:.0f} MB",
        flush=True,
    )


if __name__ == "__main__":
    main()
