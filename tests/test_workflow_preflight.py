"""The check of the set-up starts with the workflow, stops it, and is made by name; nothing depends on it."""

import pytest
from workspace import copy_workspace, make_workspace, scheduled, snakemake

pytestmark = pytest.mark.slow

MISSING = (
    "--config",
    "autoencoder={training: {warm_start: nowhere.safetensors}}",
    "preflight={disk_margin: 1e9}",
)


def test_a_failed_check_lists_everything_and_starts_nothing(tmp_path):
    workspace = make_workspace(tmp_path / "micro")
    done = snakemake(workspace, "--cores", "1", *MISSING)
    assert done.returncode != 0
    assert "2 problems, nothing was started" in done.stdout
    assert "autoencoder.training.warm_start: 'nowhere.safetensors'" in done.stdout
    assert "preflight.disk_margin" in done.stdout and "Traceback" not in done.stdout
    for name in ("results", "work", "demo_corpus"):
        assert not (workspace / name).exists(), name
    done = snakemake(workspace, "--cores", "1", "check_setup")
    assert done.returncode == 0 and "what runs" in done.stdout, "not locked, and made by name"
    assert (workspace / "results/micro/micro/setup.json").exists()


def test_nothing_depends_on_its_files(finished_micro, tmp_path):
    workspace = copy_workspace(finished_micro, tmp_path / "micro")
    for name in ("setup.json", "setup.md"):
        (workspace / "results/micro/micro" / name).unlink(missing_ok=True)
    assert scheduled(workspace) == {}
    assert scheduled(workspace, "--config", "preflight={disk_margin: 2}") == {}
