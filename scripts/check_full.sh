#!/usr/bin/env bash
# Every test, the long ones among them, with a dated record: check_full.sh VENV   (make check-full)
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1/bin/python
mkdir -p logs
record=logs/check-full-$(date +%F).txt

machine() {
    echo "date      $(date -Iseconds)"
    echo "commit    $(git describe --always --dirty 2>/dev/null || echo 'not a git checkout')"
    echo "machine   $(nproc) processors, $(awk '/MemTotal/ {printf "%.0f GB", $2 / 1e6}' /proc/meminfo), $(uname -sm)"
    echo "versions  $("$python" -c 'import platform, importlib.metadata as m
print("python", platform.python_version(), *(f"{n} {m.version(n)}" for n in ("torch", "snakemake", "snakemake-executor-plugin-slurm", "numpy", "pandas", "mediapipe")))')"
    echo "SLURM     $(slurmctld -V 2>/dev/null || echo 'none: its tests are skipped')"
}

both() {
    local outcome=0
    machine
    "$python" -m pytest -vv -rs --durations=15 -m full --ignore tests/faults || outcome=1
    "$python" -m pytest -rs tests/faults -m "" --write-matrix || outcome=1
    echo "ended     $(date -Iseconds), $([ "$outcome" = 0 ] && echo 'everything held' || echo 'NOT everything held')"
    return "$outcome"
}

both 2>&1 | tee "$record"
echo "record:   $record"
