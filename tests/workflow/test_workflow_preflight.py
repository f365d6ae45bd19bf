"""The check of the set-up starts with the workflow, stops it, and is made by name; nothing depends on it."""

import pytest
import yaml
from workspace import copy_workspace, make_workspace, planned, scheduled, snakemake

from talkface.config import merge, validate
from talkface.preflight.estimate import estimate
from talkface.preflight.jobs import Job, jobs_of_experiment

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


BOTH = {"evaluation": {"protocols": ["one_shot", "inpaint"]}, "seeds": [0, 1]}
WHOLE_KEPT = {"renderer": {"disentangled": False}}


@pytest.mark.parametrize(
    ("overlays", "change", "targets"),
    [
        (["micro.yaml"], {}, ["all"]),
        (["micro.yaml"], BOTH | WHOLE_KEPT, ["all"]),
        (["micro.yaml", "micro_tables.yaml"], BOTH, ["all", "paper"]),
    ],
)
def test_the_whole_experiment_is_estimated_from_the_jobs_that_snakemake_would_start(
    tmp_path, overlays, change, targets
):
    workspace = make_workspace(tmp_path / "micro")
    (workspace / "change.yaml").write_text(yaml.safe_dump(change))
    named = [f"configs/{name}" for name in overlays] + ["change.yaml"]
    raw = {}
    for name in ("config.yaml", *named):
        raw = merge(raw, yaml.safe_load((workspace / name).read_text()))
    config, shards = validate(raw), ["s1", "s2"]
    plan = planned(workspace, *targets, overlay=("--configfile", *named))
    pending = [Job(rule, wildcards) for rule, found in plan.items() for wildcards in found]
    whole = jobs_of_experiment(config, shards)
    expected, found = (
        estimate(config, jobs, {"s1": {"s1": 3}, "s2": {"s2": 3}}, 75) for jobs in (pending, whole)
    )
    lines, wanted = ({line.name: line for line in cost.stages} for cost in (found, expected))
    assert lines.keys() == wanted.keys()
    for name, line in wanted.items():
        assert vars(lines[name]) == pytest.approx(vars(line)), name
    assert found.bytes == expected.bytes
