"""``snakemake help``: every target with one line, before anything else is there."""

import re

import pytest
from workspace import TARGETS, make_workspace, snakemake

NO_CLIPS = ("--configfile", "config.yaml", "configs/folder.yaml")  # its root, clips/, does not exist

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return make_workspace(tmp_path_factory.mktemp("help") / "workflow")


def test_the_targets_are_listed_with_one_line_each_before_there_are_clips(workspace):
    done = snakemake(workspace, "help", overlay=(*NO_CLIPS, "--"))
    assert done.returncode == 0, done.stdout
    listed = dict(re.findall(r"^  (\w+) +(\S.*)$", done.stdout, re.M))
    assert {*TARGETS, "verify", "check_setup", "help"} == set(listed)
    for name, line in listed.items():
        assert 30 < len(line) < 95 and line[0].isupper() and line[-1] in ".?", name
    assert "without TARGET: all" in done.stdout
    assert not (workspace / "results").exists() and not (workspace / "logs").exists()


def test_it_lists_all_that_snakemake_knows_as_targets_and_nothing_else(workspace):
    known = snakemake(workspace, "--list-target-rules", overlay=())
    assert known.returncode == 0, known.stdout
    done = snakemake(workspace, "help", overlay=())
    listed = set(re.findall(r"^  (\w+) +\S", done.stdout, re.M))
    described = set(re.findall(r"^(\w+) \(.+\)$", known.stdout, re.M))
    assert listed == described


def test_a_name_that_holds_the_word_is_not_taken_for_it(workspace):
    done = snakemake(workspace, "--dry-run", "--quiet", "all", "--config", "experiment=help", overlay=())
    assert done.returncode == 0 and "without TARGET" not in done.stdout
