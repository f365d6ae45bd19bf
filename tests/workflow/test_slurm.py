"""The workflow through a real SLURM controller on this machine: tables, GPU, time limit.

The controller is that of tests/slurm/controller.sh; without root, Debian's packages or the plugin these
tests are skipped.
"""

import importlib.util
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import REPOSITORY
from safetensors.numpy import load_file
from workspace import copy_workspace, make_workspace, snakemake

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]

CONTROLLER = REPOSITORY / "tests/slurm/controller.sh"
PROGRAMS = ("slurmctld", "slurmd", "munged")
TABLE = "results/micro/micro/tables/main_results.csv"
DEMO_TABLES = "results/demo/demo/tables"
STAGE = "train_audio_to_au"
MODEL = "results/micro/micro/train/audio_to_au/shared/seed-0/model.safetensors"
LOG = "logs/micro/micro/train_audio_to_au/seed-0.log"
LONGER = ("--config", "audio_to_au={training: {samples: 48000, save_every_samples: 8000}}")
HERE = (
    *("--workflow-profile", "profiles/slurm", "--jobs", "4", "--latency-wait", "20"),
    *("--slurm-no-account", "--slurm-status-command", "squeue"),
    *("--slurm-init-seconds-before-status-checks", "3", "--seconds-between-status-checks", "3"),
)


class Job(NamedTuple):
    """One submission, as squeue remembers it. Times are ISO texts to the second."""

    number: int
    state: str
    gpu: bool
    submitted: str
    started: str
    ended: str
    comment: str


def jobs_of(folder: Path) -> list[Job]:
    """All submissions that came from this workspace, in order."""
    fields = "workdir:|,jobid:|,state:|,tres-per-job:|,submittime:|,starttime:|,endtime:|,comment:|"
    listing = subprocess.run(
        ["squeue", "--noheader", "--states=all", f"--Format={fields}"],
        check=True, capture_output=True, text=True, timeout=30,
    ).stdout  # fmt: skip
    found = []
    for line in listing.splitlines():
        workdir, identity, state, tres, *others = line.split("|")[:8]
        if workdir == str(folder):
            found.append(Job(int(identity), state, "gpu" in tres, *others))
    return sorted(found)


@pytest.fixture(scope="module")
def controller():
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"no SLURM to start here ({', '.join(missing)}): apt-get install slurm-wlm munge")
    if os.geteuid() != 0:
        pytest.skip("a SLURM controller is started by root alone")
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        pytest.skip("the plugin is not installed: make setup-slurm")
    already = subprocess.run([CONTROLLER, "status"], capture_output=True).returncode == 0
    started = subprocess.run([CONTROLLER, "start"], capture_output=True, text=True, timeout=120)
    if "belongs to another SLURM" in started.stderr:
        pytest.skip(started.stderr.strip())
    assert started.returncode == 0, started.stderr
    yield
    if not already:
        subprocess.run([CONTROLLER, "stop"], check=True, timeout=120)


@pytest.fixture(scope="module")
def through_slurm(controller, tmp_path_factory) -> tuple[Path, list[Job]]:
    """The micro demo run by SLURM as far as its table, and its submissions."""
    folder = make_workspace(tmp_path_factory.mktemp("slurm") / "workflow")
    # All of a kind together: here starting Snakemake takes longer than the jobs.
    done = snakemake(folder, *HERE, "--group-components", "controls=8", "scores=6", "--", TABLE)
    assert done.returncode == 0, done.stdout[-6000:]
    return folder, jobs_of(folder)


def test_the_table_is_the_local_one(through_slurm, finished_micro):
    folder, jobs = through_slurm
    assert (folder / TABLE).read_bytes() == (finished_micro / TABLE).read_bytes()
    assert {job.state for job in jobs} == {"COMPLETED"}


def test_short_jobs_share_submissions(through_slurm):
    folder, jobs = through_slurm
    logs = list((folder / "logs/micro/micro").rglob("*.benchmark.tsv"))
    assert len(logs) > 50, "each rule's time and memory are recorded"
    assert len(jobs) < len(logs) / 2
    features = [job for job in jobs if job.comment.startswith("rule_features_")]  # not "au_features"
    assert len(features) == 2, "one submission a shard"


def test_gpu_jobs_wait_for_the_only_gpu(through_slurm):
    _, jobs = through_slurm
    on_gpu = sorted((job for job in jobs if job.gpu), key=lambda job: job.started)
    for stage in ("autoencoder", "audio_to_au", "au_attention", "renderer"):
        assert [job for job in on_gpu if f"rule_train_{stage}" in job.comment], stage
    assert not [job for job in on_gpu if "group" in job.comment or "split_clips" in job.comment]
    assert all(first.ended <= second.started for first, second in pairwise(on_gpu)), on_gpu
    assert any(second.submitted < first.ended for first, second in pairwise(on_gpu)), "none had to wait"


@pytest.mark.timeout(4 * 3600)
def test_the_demo_at_its_default_size_gives_the_local_tables(controller, tmp_path):
    """All of ``make demo`` through SLURM and, meanwhile, locally on one core: about an hour on two cores."""
    local, folder = make_workspace(tmp_path / "local"), make_workspace(tmp_path / "slurm")
    with ThreadPoolExecutor() as pool:
        runs = [
            pool.submit(snakemake, local, "--cores", "1", overlay=(), timeout_s=3 * 3600),
            pool.submit(snakemake, folder, *HERE, overlay=(), timeout_s=3 * 3600),
        ]
    for run in runs:
        assert run.result().returncode == 0, run.result().stdout[-6000:]
    expected, found = (
        {p.name: p.read_bytes() for p in (f / DEMO_TABLES).glob("*.csv")} for f in (local, folder)
    )
    assert "main_results.csv" in expected and found == expected
    assert (folder / "results/demo/demo/report/index.html").is_file()


def test_a_training_that_meets_its_time_limit_goes_on(controller, finished_micro, tmp_path):
    """Two minutes are the limit, and the signal comes one minute before: several attempts are needed."""
    whole = copy_workspace(finished_micro, tmp_path / "whole")
    (whole / MODEL).unlink()
    folder = copy_workspace(whole, tmp_path / "limited")
    done = snakemake(whole, "--cores", "1", *LONGER, "--", MODEL)
    assert done.returncode == 0, done.stdout[-3000:]

    requests = (f"{STAGE}:{value}" for value in ("gpu=1", "runtime=2", "slurm_extra=--signal=TERM@60"))
    done = snakemake(folder, *HERE, "--retries", "40", "--set-resources", *requests, *LONGER, "--", MODEL)
    assert done.returncode == 0, done.stdout[-6000:]
    *cut_short, last = jobs_of(folder)
    assert cut_short, "the training ended within its limit: make it longer"
    assert {job.state for job in cut_short} <= {"FAILED", "TIMEOUT"} and last.state == "COMPLETED"
    assert f"rule_{STAGE}" in last.comment
    assert "resuming from" in (folder / LOG).read_text()
    expected, found = load_file(whole / MODEL), load_file(folder / MODEL)
    assert found.keys() == expected.keys()
    assert all((found[name] == expected[name]).all() for name in expected)
