"""Copies of the workflow in which tests run Snakemake for real."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from conftest import REPOSITORY

from talkface.acceptance.smallest import copy_workflow

TARGETS = (
    "all", "download", "features", "models", "scores", "tables", "report", "paper", "evaluators", "orders",
    "study", "study_results",
)  # fmt: skip
Wildcards = dict[str, str]
MICRO = ("--configfile", "configs/micro.yaml")


def make_workspace(folder: Path) -> Path:
    """A copy of the workflow without results; its Snakefile imports the package beside it."""
    copy_workflow(REPOSITORY, folder)
    return folder


def rules_in(name: str) -> set[str]:
    """The rules with a job in a file of ``rules/``: "features"."""
    text = (REPOSITORY / f"rules/{name}.smk").read_text()
    return set(re.findall(r"workflow_scripts/(\w+)\.py", text))


def copy_workspace(finished: Path, folder: Path) -> Path:
    """A copy of a finished workspace, times of files included, free to be changed."""
    others = ("__pycache__", "log", "locks")  # the locks of whoever else looks at it meanwhile
    return Path(shutil.copytree(finished, folder, ignore=shutil.ignore_patterns(*others)))


def command(*arguments: str, overlay: tuple[str, ...] = MICRO) -> list[str]:
    return [sys.executable, "-m", "snakemake", *overlay, *arguments]


def environment() -> dict[str, str]:
    # A pytest that a test starts is no worker of the one that runs it, and shares no folder with others.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    return inherited | {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}


def snakemake(
    folder: Path, *arguments: str, overlay: tuple[str, ...] = MICRO, timeout_s: float = 1800
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in a workspace; standard error is part of ``stdout``."""
    return subprocess.run(
        command(*arguments, overlay=overlay),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
    )


def scheduled(folder: Path, *arguments: str, overlay: tuple[str, ...] = MICRO) -> Counter[str]:
    """Rule -> number of jobs that a dry run would start, target rules left out."""
    done = snakemake(folder, "--dry-run", "--cores", "1", *arguments, overlay=overlay)
    assert done.returncode == 0, done.stdout[-3000:]
    rules = Counter(re.findall(r"^(?:local)?rule (\w+):$", done.stdout, flags=re.MULTILINE))
    if not rules:
        assert "Nothing to be done" in done.stdout, done.stdout[-3000:]
    for target in TARGETS:
        rules.pop(target, None)
    return rules


def planned(folder: Path, *arguments: str, overlay: tuple[str, ...] = MICRO) -> dict[str, list[Wildcards]]:
    """Rule -> the wildcards of each job that a dry run would start, target rules left out."""
    done = snakemake(folder, "--dry-run", "--cores", "1", *arguments, overlay=overlay)
    assert done.returncode == 0, done.stdout[-3000:]
    jobs: dict[str, list[Wildcards]] = {}
    for block in re.split(r"^(?=(?:local)?rule \w+:$)", done.stdout, flags=re.MULTILINE)[1:]:
        rule = re.findall(r"rule (\w+):", block)[0]
        wildcards = re.findall(r"^    wildcards: (.*)$", block, flags=re.MULTILINE)
        pairs = wildcards[0].split(", ") if wildcards else []
        jobs.setdefault(rule, []).append(dict(pair.split("=", 1) for pair in pairs))
    return {rule: found for rule, found in jobs.items() if rule not in TARGETS}
