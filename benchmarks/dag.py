"""How long Snakemake takes to build the DAG over a whole GRID: 33 speakers with 1000 (empty) clips each.

    python benchmarks/dag.py [--speakers 33] [--clips 1000]

Prints the seconds and the peak memory of one `snakemake --dry-run` down to the report.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def make_corpus(root: Path, speakers: int, clips: int) -> list[str]:
    """Empty files in GRID's layout; the names of the speakers, s1 to s34 without s21."""
    names = [f"s{number}" for number in range(1, speakers + 2) if number != 21][:speakers]
    for name in names:
        (root / name).mkdir(parents=True)
        (root / "alignments" / name).mkdir(parents=True)
        for clip in range(clips):
            (root / name / f"c{clip:04d}.mpg").touch()
            (root / "alignments" / name / f"c{clip:04d}.align").touch()
    return names


def measure(root: Path, speakers: list[str], workdir: Path) -> dict[str, float]:
    """Seconds, CPU seconds and peak MB of a dry run, and the number of jobs that it found."""
    split = f"{{simulated: {{seen: {speakers[:-6]}, unseen: {speakers[-6:]}}}}}"
    command = [
        sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile"),
        "--directory", str(workdir), "--workflow-profile", str(REPOSITORY / "profiles" / "default"),
        "--configfile", str(REPOSITORY / "config.yaml"), str(REPOSITORY / "configs" / "grid.yaml"),
        "--config", f"root={root}", "split=simulated", f"splits={split}",
        "--dry-run", "--quiet", "rules", "--cores", "1",
    ]  # fmt: skip
    before = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"the dry run failed:\n{text}")
    totals = [line.split()[1] for line in text.splitlines() if line.startswith("total ")]
    return {
        "seconds": time.monotonic() - before,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2),
        "jobs": float(totals[0]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speakers", type=int, default=33)
    parser.add_argument("--clips", type=int, default=1000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "grid")
        speakers = make_corpus(root, chosen.speakers, chosen.clips)
        found = measure(root, speakers, Path(folder))
    print(
        f"{chosen.speakers} speakers x {chosen.clips} clips: {found['jobs']:.0f} jobs, "
        f"DAG in {found['seconds']:.1f} s (CPU {found['cpu_seconds']:.1f} s), peak {found['peak_mb']:.0f} MB"
    )


if __name__ == "__main__":
    main()
