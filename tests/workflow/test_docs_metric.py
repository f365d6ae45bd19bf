"""docs/adding_metric.md is followed in a copy of the tree; its metric scores the smallest experiment."""

import csv

import pytest
from conftest import REPOSITORY
from pages import add_files, check_code, copy_tree, python
from workspace import copy_workspace, scheduled, snakemake

from talkface.acceptance.smallest import copy_workflow
from talkface.evaluation.runs import ORDER_CONTROLS, ordered

pytestmark = pytest.mark.slow

PAGE = "adding_metric.md"
MOST_FILES = 4
GOLDEN = ("golden/code.txt", "golden/outputs/scores.txt")
"""Written by ``make golden``."""
RESULTS = "results/micro/micro"
KNOWING_METRICS = (
    "tests/test_architecture.py", "tests/evaluation/test_scores.py", "tests/reporting/test_reporting.py",
    "tests/provenance/test_code_version.py::test_a_metric_has_a_version_of_its_own",
)  # fmt: skip


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    folder = copy_tree(tmp_path_factory.mktemp("metric") / "checkout")
    added = add_files(PAGE, folder)
    assert len({*added, *(folder / name for name in GOLDEN)}) <= MOST_FILES
    return folder, added


def test_the_page_adds_a_metric_and_its_test(checkout):
    check_code(*checkout)


def test_nothing_else_has_to_name_it(checkout):
    folder, added = checkout
    done = python(folder, "mypy", str(added[0]))
    assert done.returncode == 0, done.stdout
    done = python(folder, "pytest", "-p", "no:cacheprovider", *KNOWING_METRICS)
    assert done.returncode == 0, done.stdout[-5000:]


def test_its_metric_scores_a_finished_experiment(checkout, finished_micro, tmp_path):
    folder = copy_workspace(finished_micro, tmp_path / "micro")
    copy_workflow(REPOSITORY, folder)
    before = scheduled(folder)
    methods = ordered(path.name for path in (folder / RESULTS / "scores").iterdir())
    copy_workflow(checkout[0], folder)
    added = scheduled(folder, "--", "tables") - before
    assert added == {"score_clips": len(methods), "tabulate_orders": 1, "tabulate_main_results": 1}

    done = snakemake(folder, "--cores", "1", "--", "tables")
    assert done.returncode == 0, done.stdout[-3000:]
    with (folder / RESULTS / "tables/further_results.csv").open(newline="") as file:
        found = {row["method"]: row["flicker_ratio"] for row in csv.DictReader(file)}
    assert list(found) == [method for method in methods if method not in ORDER_CONTROLS]
    assert float(found["ground_truth"]) == 1 and float(found["static"]) == 0
    text = (folder / RESULTS / "tables/main_results.md").read_text()
    assert "## Flicker of what does not speak" in text and "Flicker: change from frame to frame" in text
    done = snakemake(folder, "--cores", "1", "--", "all")
    assert done.returncode == 0, done.stdout[-3000:]
    done = snakemake(folder, "--cores", "1", "--", "verify")
    assert done.returncode == 0, done.stdout[-3000:]
