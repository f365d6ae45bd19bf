"""A user's mistake is one clear line and an exit code, before any work starts."""

import pytest
from workspace import MICRO, make_workspace, snakemake

GRID = (*MICRO, "configs/grid.yaml")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return make_workspace(tmp_path_factory.mktemp("errors") / "workflow")


def refused(workspace, *config: str, overlay: tuple[str, ...] = MICRO) -> str:
    done = snakemake(workspace, "--cores", "1", overlay=(*overlay, "--config", *config))
    assert done.returncode != 0
    assert "Traceback" not in done.stdout and 'File "' not in done.stdout
    lines = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, done.stdout
    assert not (workspace / "results").exists() and not (workspace / "work").exists()
    return lines[0]


def test_a_typo_names_the_field(workspace):
    assert "sampler.stepz" in refused(workspace, "sampler={stepz: 3}")


@pytest.mark.slow
def test_a_missing_root_is_named(workspace):
    assert "nowhere" in refused(workspace, "root=nowhere", overlay=GRID)


@pytest.mark.slow
def test_an_empty_root_is_named(workspace, tmp_path):
    assert str(tmp_path) in refused(workspace, f"root={tmp_path}", overlay=GRID)


@pytest.mark.slow
def test_a_root_without_clips_is_named(workspace, tmp_path):
    (tmp_path / "s1").mkdir()
    (tmp_path / "s1" / "notes.txt").write_text("no clip")
    assert str(tmp_path) in refused(workspace, f"root={tmp_path}", overlay=GRID)


@pytest.mark.slow
def test_absent_speakers_of_a_split_are_named(workspace):
    assert "splits.micro.unseen" in refused(workspace, "splits={micro: {unseen: [s7]}}")


def test_a_name_without_quotes_is_named_with_its_line(workspace):
    (workspace / "mine.yaml").write_text("corpus:\n  speakers: [01, s1]\n")
    line = refused(workspace, "seeds=[0]", overlay=(*MICRO, "mine.yaml"))
    assert (
        'corpus.speakers.0: YAML reads 01 as a number: put the name in quotes, "01" (mine.yaml, line 2)'
        in line
    )
    assert "split: YAML reads the name that is given here as a number (1)" in refused(workspace, "split=01")
