"""Peak memory of every rule at two sizes of corpus: does it grow with the number of clips?

    python benchmarks/memory.py [--clips 6 24] [--cores 1] [--bound-mb 128] [--write]

Runs the whole DAG of configs/micro.yaml and configs/micro_tables.yaml, hence every rule, twice, in folders of
its own, on drawn corpora of two speakers with so many clips each, and reads the peak resident memory of every
job from the kernel (VmHWM) until it ends. The number of evaluated clips is the same in both. Linux only. Ends
with status 1 when a rule grows by more than the bound.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import psutil
import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
STORED = REPOSITORY / "benchmarks" / "measured_memory.yaml"
_SCRIPT = re.compile(r"/\.snakemake/scripts/tmp\w+\.(\w+)\.py$")
_LOOKS_PER_S = 20


def rule_of(process: psutil.Process) -> str | None:
    """The rule whose script a process runs."""
    try:
        for word in process.cmdline():
            if found := _SCRIPT.search(word):
                return found.group(1)
    except psutil.Error:
        pass
    return None


def peak_mb(pid: int) -> float:
    """The most that a process ever had in memory; 0 once it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", text)
    return int(found.group(1)) / 1024 if found else 0.0


def watch(command: list[str], log: Path) -> dict[str, float]:
    """Run a command to its end; the peak memory of the largest job of every rule, in MB."""
    peaks: dict[str, float] = defaultdict(float)
    rules: dict[int, str | None] = {}
    with log.open("w") as output:
        process = psutil.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        while process.poll() is None:
            for child in process.children(recursive=True):
                if rules.get(child.pid) is None:
                    rules[child.pid] = rule_of(child)
                if rule := rules[child.pid]:
                    peaks[rule] = max(peaks[rule], peak_mb(child.pid))
            time.sleep(1 / _LOOKS_PER_S)
    if process.returncode:
        sys.exit(f"snakemake failed:\n{log.read_text()[-3000:]}")
    return dict(peaks)


def measure(folder: Path, clips: int, cores: int) -> dict[str, float]:
    """The whole DAG on a corpus of two speakers with so many clips."""
    folder.mkdir()
    corpus = {"name": f"clips{clips}", "root": "corpus", "synthetic": {"clips_per_speaker": clips}}
    overlay = folder / "overlay.yaml"
    overlay.write_text(yaml.safe_dump({"corpus": corpus}))
    sizes = [REPOSITORY / "configs" / name for name in ("micro.yaml", "micro_tables.yaml")]
    configs = [REPOSITORY / "config.yaml", *sizes, overlay]
    command = [
        sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile"),
        "--directory", str(folder),
        "--workflow-profile", str(REPOSITORY / "profiles" / "default"), "--cores", str(cores),
        "--configfile", *map(str, configs), "--", "all", "paper",
    ]  # fmt: skip
    return watch(command, folder / "snakemake.log")


def write(path: Path, clips: tuple[int, int], peaks: dict[str, tuple[float, float]]) -> None:
    """The table as benchmarks/capacity.py reads it."""
    content = {
        "clips": list(clips),
        "peak_mb": {rule: [round(mb) for mb in own] for rule, own in peaks.items()},
    }
    head = "# python benchmarks/memory.py --write: peak MB of each rule's largest job, micro demo's size"
    path.write_text(f"{head}\n{yaml.safe_dump(content, default_flow_style=None, sort_keys=False)}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, nargs=2, default=[6, 24], help="of each of two speakers")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument(
        "--bound-mb",
        type=float,
        default=128.0,
        help="two seeds of one training on the same clips differ by 100",
    )
    parser.add_argument("--write", action="store_true", help=f"into {STORED.name}, for docs/capacity.md")
    chosen = parser.parse_args()
    few, many = chosen.clips
    with tempfile.TemporaryDirectory() as folder:
        small = measure(Path(folder, "small"), few, chosen.cores)
        large = measure(Path(folder, "large"), many, chosen.cores)
    print(f"| rule | MB at {2 * few} clips | MB at {2 * many} clips | more |\n| --- | --- | --- | --- |")
    for rule in sorted(small):
        print(f"| {rule} | {small[rule]:.0f} | {large[rule]:.0f} | {large[rule] - small[rule]:.0f} |")
    if chosen.write:
        write(STORED, (2 * few, 2 * many), {rule: (small[rule], large[rule]) for rule in sorted(small)})
    grown = [rule for rule in small if large[rule] - small[rule] > chosen.bound_mb]
    print(f"\nbound {chosen.bound_mb:.0f} MB: {'kept by every rule' if not grown else f'MISSED by {grown}'}")
    sys.exit(bool(grown))


if __name__ == "__main__":
    main()
