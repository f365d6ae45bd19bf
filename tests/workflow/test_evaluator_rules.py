"""The rules of our own evaluators, at the tests' size: trained, judged, and judging."""

import csv

import pytest
import yaml
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


ELSEWHERE = {
    "experiment": "elsewhere",
    "networks": RESULTS,
    "corpus": {
        "name": "second", "root": "demo_corpus/second",
        "synthetic": {"speakers": 2, "clips_per_speaker": 2, "seed": 5},
    },
    "split": "others",
    "splits": {"others": {"seen": [], "unseen": ["s1", "s2"]}},
}  # fmt: skip


def test_with_given_networks_the_same_judge_on_another_corpus(workspace):
    """Runs after the evaluators of the workspace were trained."""
    (workspace / "elsewhere.yaml").write_text(yaml.safe_dump(ELSEWHERE))
    overlay, other = (*EVALUATORS, "elsewhere.yaml"), "results/elsewhere/second"
    score = f"{other}/scores/ground_truth/seed-0/one_shot/sync_own.parquet"
    jobs = planned(workspace, "evaluators", score, overlay=overlay)
    assert not [rule for rule in jobs if rule.startswith("train_")]
    taken = sorted(job["evaluator"] for job in jobs["take_evaluator"])
    assert taken == ["lip_reader", "sync_evaluator"]
    done = snakemake(workspace, "--cores", "2", "evaluators", score, overlay=overlay)
    assert done.returncode == 0, done.stdout[-3000:]
    for name in taken:
        one, same = (workspace / of / "evaluators" / name / "model.safetensors" for of in (RESULTS, other))
        assert one.read_bytes() == same.read_bytes()
    trained = sha256_of(workspace / RESULTS / "evaluators/sync_evaluator/model.safetensors")
    assert read_metadata(workspace / score)["weights"] == {"sync_evaluator": trained}
    page = (workspace / other / "tables/evaluators.md").read_text(encoding="utf-8")
    assert "of the finished experiment micro_evaluators/micro" in page
    assert planned(workspace, "evaluators", score, overlay=overlay) == {}


def test_an_evaluator_that_was_not_trained_is_missing_and_never_trained(workspace):
    nowhere = ELSEWHERE | {"experiment": "nowhere", "networks": "results/none/micro"}
    (workspace / "nowhere.yaml").write_text(yaml.safe_dump(nowhere))
    overlay = (*EVALUATORS, "nowhere.yaml")
    done = snakemake(workspace, "--dry-run", "--cores", "1", "evaluators", overlay=overlay)
    assert done.returncode != 0 and "MissingInputException in rule take_evaluator" in done.stdout


def test_a_bundle_holds_no_evaluators(workspace):
    given = ELSEWHERE | {"experiment": "bundled", "networks": "talkface/bundles/packaged"}
    (workspace / "bundled.yaml").write_text(yaml.safe_dump(given))
    done = snakemake(workspace, "--dry-run", "evaluators", overlay=(*EVALUATORS, "bundled.yaml"))
    assert done.returncode != 0 and "is a bundle, which holds no evaluators" in done.stdout


def test_an_experiment_without_them_trains_none(workspace):
    jobs = planned(workspace, "tables", overlay=MICRO)
    assert not {rule for rule in jobs if "evaluator" in rule or "lip_reader" in rule}
