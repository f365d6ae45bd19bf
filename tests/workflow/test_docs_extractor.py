"""docs/adding_extractor.md is followed in a copy of the tree; its rule runs on the smallest experiment."""

import pyarrow.parquet as pq
import pytest
from pages import add_files, append_to_files, beside_finished, check_code, copy_tree, python
from workspace import scheduled, snakemake

pytestmark = pytest.mark.slow

PAGE = "adding_extractor.md"
MOST_FILES = 5
SPEAKERS = ("s1", "s2")
TABLES = [f"results/micro/micro/features/{speaker}/pitch.parquet" for speaker in SPEAKERS]
KNOWING_RULES = (
    "tests/test_architecture.py", "tests/workflow/test_slurm_profile.py", "tests/workflow/test_binding.py",
    "tests/workflow/test_workflow_dag.py::test_snakemake_finds_nothing_to_complain_about",
    "tests/workflow/test_sharing.py::test_features_and_frozen_stages_are_shared_and_nothing_else",
    "tests/workflow/test_sharing.py::test_a_key_tells_apart_all_but_experiments",
)  # fmt: skip
"""Tests that know all rules: the page's five files have to satisfy them."""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    folder = copy_tree(tmp_path_factory.mktemp("extractor") / "checkout")
    touched = add_files(PAGE, folder) + append_to_files(PAGE, folder)
    assert len(touched) <= MOST_FILES
    return folder, touched


def test_the_page_adds_an_extractor_and_its_test(checkout):
    folder, touched = checkout
    check_code(folder, touched)
    done = python(folder, "snakefmt", "--check", "rules")
    assert done.returncode == 0, done.stdout


def test_nothing_else_has_to_name_it(checkout):
    folder, touched = checkout
    code = [path for path in touched if path.is_relative_to(folder / "talkface")]
    done = python(folder, "mypy", *map(str, code))
    assert done.returncode == 0, done.stdout
    done = python(folder, "pytest", "-p", "no:cacheprovider", *KNOWING_RULES)
    assert done.returncode == 0, done.stdout[-5000:]


def test_its_rule_runs_beside_a_finished_experiment(checkout, finished_micro, tmp_path):
    folder = beside_finished(finished_micro, checkout[0], tmp_path / "micro")
    assert scheduled(folder, "--", "features")["extract_pitch"] == len(SPEAKERS)
    done = snakemake(folder, "--cores", "1", "--", "verify")
    assert done.returncode == 0, done.stdout[-3000:]

    done = snakemake(folder, "--cores", "1", "--", *TABLES)
    assert done.returncode == 0, done.stdout[-3000:]
    for name in TABLES:
        pitch = pq.read_table(folder / name).to_pandas()
        faces = pq.read_table(
            (folder / name).with_name("faces.parquet"), columns=["clip", "frame"]
        ).to_pandas()
        assert pitch[["clip", "frame"]].equals(faces), "a row for each frame of each clip"
        voiced = pitch["f0_hz"].notna()
        assert voiced.mean() > 0.2 and pitch["f0_hz"][voiced].between(60, 500).all()
        assert pitch["loudness_db"][voiced].median() > pitch["loudness_db"][~voiced].median()

    done = snakemake(folder, "--cores", "1", "--", "verify")
    assert done.returncode == 0, done.stdout[-3000:]
    (folder / TABLES[0]).write_bytes((folder / TABLES[0]).with_name("aus.parquet").read_bytes())
    done = snakemake(folder, "--cores", "1", "--", "verify")
    assert done.returncode != 0 and "expected 'pitch' version 1" in done.stdout, "its columns are checked"
