"""Runs the smallest experiment with the code of a checkout: every rule of the workflow, in minutes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PARTS = (
    "Snakefile", "rules", "workflow_scripts", "profiles", "config.yaml", "configs", "envs", "golden",
    "talkface", "snakemake_logger_plugin_talkface",
)  # fmt: skip
"""What a copy of the workflow consists of."""
CONFIGS = ("configs/micro.yaml", "configs/micro_tables.yaml")
RESULTS = Path("results", "micro", "micro")


class RunError(ValueError):
    """The smallest experiment did not end well; the message says where to look."""


def copy_workflow(checkout: Path, folder: Path) -> None:
    """Copy the workflow's parts; what else is in the folder (results of an earlier run) stays."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in PARTS:
        source, target = checkout / name, folder / name
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)


def run_smallest(folder: Path, cores: int) -> Path:
    """Run it in a copy of the workflow, to the papers' tables; returns where its results are.

    Raises:
        RunError: a job failed; Snakemake has written why to standard error.
    """
    command = [sys.executable, "-m", "snakemake", "all", "paper", "--cores", str(cores)]
    command += ["--quiet", "rules", "--configfile", *CONFIGS]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    done = subprocess.run(command, cwd=folder, env=environment, stdout=sys.stderr)
    if done.returncode:
        raise RunError(f"the smallest experiment failed in {folder}: its logs are in {folder / 'logs'}")
    return folder / RESULTS
