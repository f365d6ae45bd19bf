"""The rules of our own evaluators, at the tests' size: trained, judged, and judging."""

import csv

import pytest
from workspace import MICRO, make_workspace, planned, snakemake

from talkface.artifacts.schemas import SCORES
from talkface.artifacts.tables import read_frame, read_metadata
from talkface.evaluation.evaluator_quality import sha256_of

pytestmark = pytest.mark.slow

EVALUATORS = (*MICRO, "configs/micro_evaluators.yaml")
RESULTS = "results/micro_evaluators/micro"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return make_workspace(tmp_path_factory.mktemp("evaluators") / "workflow")


def test_they_are_trained_judged_and_judge(workspace):
    scores = [
        f"{RESULTS}/scores/ground_truth/seed-0/one_shot/{name}.parquet" for name in ("sync_own", "words_own")
    ]
    done = snakemake(workspace, "--cores", "2", "evaluators", *scores, overlay=EVALUATORS)
    assert done.returncode == 0, done.stdout[-3000:]
    with (workspace / RESULTS / "tables/evaluators.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["evaluator"] for row in rows} == {"sync_evaluator", "lip_reader"}
    assert {row["subset"] for row in rows} == {"seen_test", "unseen_test"}
    for path, name in zip(scores, ("sync_evaluator", "lip_reader"), strict=True):
        weights = workspace / RESULTS / "evaluators" / name / "model.safetensors"
        assert read_metadata(workspace / path)["weights"] == {name: sha256_of(weights)}
        assert read_frame(workspace / path, SCORES)["value"].notna().any()
    again = planned(workspace, "evaluators", *scores, overlay=EVALUATORS)
    assert again == {}


def test_an_experiment_without_them_trains_none(workspace):
    jobs = planned(workspace, "tables", overlay=MICRO)
    assert not {rule for rule in jobs if "evaluator" in rule or "lip_reader" in rule}
