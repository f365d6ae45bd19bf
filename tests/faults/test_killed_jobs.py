"""kill -9 of a job's worker, and at the next try of snakemake itself, in every class of rule.

Trainings have their own tests of what their resume state holds: tests/workflow/test_workflow_kill.py.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from workspace import command, copy_workspace, environment, snakemake

from faults.observing import content, leftovers
from faults.registry import declare, each

pytestmark = pytest.mark.full

RESULTS = "results/micro/micro"
TARGETS = {
    "generate_corpus": "demo_corpus/micro/truth/s1.parquet",
    "list_clips": f"{RESULTS}/clips/s1.parquet",
    "crop_faces": f"{RESULTS}/features/s1/faces.parquet",
    "label_aus": f"{RESULTS}/features/s1/aus.parquet",
    "extract_mel": f"{RESULTS}/features/s1/mel.parquet",
    "train_audio_to_au": f"{RESULTS}/train/audio_to_au/shared/seed-0/model.safetensors",
    "predict_aus": f"{RESULTS}/train/audio_to_au/shared/seed-0/features/s1.parquet",
    "generate_clips": f"{RESULTS}/generate/ours/seed-0/one_shot/s1.parquet",
    "score_clips": f"{RESULTS}/scores/static/seed-0/one_shot/lips.parquet",
    "tabulate_main_results": f"{RESULTS}/tables/main_results.csv",
    "build_report": f"{RESULTS}/report/index.html",
}
FAULTS = declare(
    "Killed jobs",
    *(
        (
            f"killed-{rule}",
            f"kill -9 of {rule}'s worker inside its work; at the next try of snakemake itself",
            "no process and no temporary file stays; --unlock and a rerun give the undisturbed artifact",
        )
        for rule in TARGETS
    ),
)
GONE_WITHIN_S = 25.0


def processes(folder: Path) -> list[psutil.Process]:
    """All that run in this workspace."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def worker_at_work(running: subprocess.Popen, rule: str, logs: Path) -> psutil.Process:
    """The job's process, stopped as soon as its log says that it is inside its work."""
    worker, deadline = None, time.monotonic() + 240
    while True:
        assert running.poll() is None and time.monotonic() < deadline, f"{rule} never came to its work"
        if worker is None:
            worker = _worker(running.pid, rule)
            time.sleep(0.01)
        elif any(logs.rglob("*.log")):
            worker.suspend()
            return worker
        else:
            time.sleep(0.001)


def _worker(pid: int, rule: str) -> psutil.Process | None:
    for child in psutil.Process(pid).children(recursive=True):
        try:
            words = child.cmdline()
            if "python" in Path(words[0]).name and words[-1].endswith(f".{rule}.py"):
                return child
        except (psutil.Error, IndexError):
            continue
    return None


def started(folder: Path, rule: str, target: str) -> tuple[subprocess.Popen, psutil.Process]:
    logs = folder / "logs/micro/micro" / rule
    shutil.rmtree(logs, ignore_errors=True)
    logs.with_suffix(".log").unlink(missing_ok=True)
    running = subprocess.Popen(
        command("--cores", "1", "--notemp", "--", target),
        cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    return running, worker_at_work(running, rule, logs if rule not in ALONE else logs.parent)


ALONE = {"tabulate_main_results", "build_report"}
"""Rules whose log is one file, not a folder."""


def all_gone(folder: Path) -> float:
    """Seconds until nothing runs in the workspace any more."""
    began = time.monotonic()
    while left := processes(folder):
        assert time.monotonic() - began < GONE_WITHIN_S, f"still there: {left}"
        time.sleep(0.2)
    return time.monotonic() - began


def artifacts(folder: Path) -> dict[str, Path]:
    return {
        str(path.relative_to(folder)): path
        for part in ("results", "demo_corpus")
        for path in (folder / part).rglob("*")
        if path.is_file() and path.stem != "setup"  # what the last start was about to do
    }


def not_as_in(finished: Path, folder: Path) -> list[str]:
    """Artifacts of the undisturbed workspace that this one lacks or has otherwise."""
    now = artifacts(folder)
    return [
        name
        for name, path in artifacts(finished).items()
        if name not in now
        or (path.read_bytes() != now[name].read_bytes() and content(path) != content(now[name]))
    ]


@each(FAULTS)
def test_killed(fault, finished_micro, tmp_path, outcome):
    rule = fault.name.removeprefix("killed-")
    target = TARGETS[rule]
    folder = copy_workspace(finished_micro, tmp_path / "killed")
    if rule in ALONE:
        for log in (folder / "logs/micro/micro").rglob("*.log"):
            log.unlink()
    (folder / target).unlink(missing_ok=True)

    running, worker = started(folder, rule, target)
    os.kill(worker.pid, signal.SIGKILL)
    assert running.wait(timeout=300) != 0, "snakemake says that a job failed"
    all_gone(folder)
    assert not (folder / target).exists(), "nothing half-written under the artifact's name"

    running, worker = started(folder, rule, target)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    worker.resume()
    seconds = all_gone(folder)

    assert snakemake(folder, "--unlock").returncode == 0
    done = snakemake(folder, "--cores", "1", "--notemp", "--", target)
    assert done.returncode == 0, done.stdout[-3000:]
    outcome.lost = not_as_in(finished_micro, folder)
    assert outcome.lost == []
    assert leftovers(folder / "results") == []
    outcome.observed = f"exit 1; after snakemake's death no process after {max(seconds, 0.1):.0f} s"
    outcome.after = f"`--unlock` and a rerun: {Path(target).name} and all others as undisturbed"
