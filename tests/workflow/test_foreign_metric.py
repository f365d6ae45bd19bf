"""A metric of another package, named in the configuration, scores the smallest experiment."""

import csv
from pathlib import Path

import pytest
from conftest import REPOSITORY
from workspace import copy_workspace, scheduled, snakemake

from talkface.acceptance.smallest import copy_workflow
from talkface.evaluation.runs import ordered

pytestmark = pytest.mark.slow

RESULTS = "results/micro/micro"
MODULE = """
from talkface.metrics.declaration import Measure, Metric


def score(clip):
    return {"brightness": (float(clip.frames[:].mean()) + SHIFT, clip.num_frames)}


SHIFT = 0
METRIC = Metric(
    score,
    needs=("frames",),
    measures=(
        Measure(
            "brightness", "Brightness", "brightness", "mean", 1, "", "mean grey level", unit="1",
            range=(0, 255), region="whole crop", source="a test", blind="all else", orders=(),
        ),
    ),
    table="Scratch",
)
"""
WANTED = 'metrics={wanted: [default, "scratch_metric:METRIC"]}'


def test_a_foreign_metric_scores_and_reruns_when_its_file_changes(finished_micro, tmp_path, monkeypatch):
    folder = copy_workspace(finished_micro, tmp_path / "micro")
    copy_workflow(REPOSITORY, folder)
    done = snakemake(folder, "--cores", "2", "--", "tables")
    assert done.returncode == 0, done.stdout[-3000:]
    methods = ordered(path.name for path in Path(folder, RESULTS, "scores").iterdir())
    (tmp_path / "scratch_metric.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    asked = ("--config", WANTED, "--", "tables")
    assert scheduled(folder, *asked)["score_clips"] == len(methods)
    done = snakemake(folder, "--cores", "2", *asked)
    assert done.returncode == 0, done.stdout[-3000:]
    with (folder / RESULTS / "tables/further_results.csv").open(newline="") as file:
        found = {row["method"]: float(row["brightness"]) for row in csv.DictReader(file)}
    assert set(found) <= set(methods) and 0 < found["static"] < 255
    assert "## Scratch" in (folder / RESULTS / "tables/main_results.md").read_text()

    assert not scheduled(folder, *asked)
    (tmp_path / "scratch_metric.py").write_text(MODULE.replace("SHIFT = 0", "SHIFT = 1"))
    assert scheduled(folder, *asked)["score_clips"] == len(methods)
    monkeypatch.delenv("PYTHONPATH")
    refused = snakemake(folder, "--dry-run", "--cores", "1", *asked)
    assert refused.returncode and "scratch_metric" in refused.stdout and "Traceback" not in refused.stdout
