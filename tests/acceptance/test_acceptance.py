"""Golden outputs hold for the present code, and the ledger of accepted code lets nothing else through."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from conftest import REPOSITORY
from workspace import MICRO, copy_workspace, scheduled

from talkface.acceptance import golden
from talkface.acceptance.accept import (
    RefusedError,
    accept,
    changed_since,
    recorded_versions,
    rewrite,
    versions_of,
)
from talkface.acceptance.smallest import copy_workflow
from talkface.provenance.ledger import LedgerError, accepted_code, read_entries

HINT = "a change that is meant: make golden; a refactoring: make accept-code WHY=..."


@pytest.fixture
def checkout(tmp_path):
    """A folder with golden outputs and one script, whose code anyone may change."""
    (tmp_path / "workflow_scripts").mkdir()
    (tmp_path / "workflow_scripts" / "score_lips.py").write_text("A = 1\n")
    (tmp_path / "workflow_scripts" / "plot_lips.py").write_text("A = 1\n")
    rewrite(tmp_path, FIGURES)
    return tmp_path


FIGURES = {
    "curves/renderer-ours.txt": {"8 loss": 0.5, "16 loss": 0.25},
    "outputs/scores.txt": {"psnr": "none"},
}


def edit(checkout, text):
    (checkout / "workflow_scripts" / "score_lips.py").write_text(text)
    return versions_of(checkout)["score_lips"]


def test_golden_outputs_are_of_the_present_code():
    assert not changed_since(REPOSITORY), HINT


def test_a_new_rule_is_recorded_with_the_next_comparison_and_not_before(checkout):
    new = checkout / "workflow_scripts/extract_pitch.py"
    new.write_text("A = 1\n")
    assert not changed_since(checkout)
    accept(checkout, FIGURES, "Ann", "a feature")
    new.write_text("A = 2\n")
    assert changed_since(checkout) == {"extract_pitch": versions_of(checkout)["extract_pitch"]}
    new.unlink()
    assert changed_since(checkout) == {"extract_pitch": None}


@pytest.mark.slow
def test_the_present_code_gives_the_golden_outputs(finished_tables):
    found = golden.figures_of(finished_tables / "results/micro/micro")
    assert len([name for name in found if name.startswith("curves/")]) >= 6
    differing = golden.differences(
        golden.read(REPOSITORY / "golden"), found, golden.made_here(REPOSITORY / "golden")
    )
    assert not differing, "\n".join([HINT, *differing[:30]])


def test_figures_survive_their_file(checkout):
    assert golden.read(checkout / "golden") == FIGURES
    assert golden.differences(FIGURES, FIGURES, same_machine=True) == []
    near = {**FIGURES, "curves/renderer-ours.txt": {"8 loss": 0.5001, "16 loss": 0.25}}
    assert len(golden.differences(FIGURES, near, same_machine=True)) == 1
    assert golden.differences(FIGURES, near, same_machine=False) == []


def test_a_refactoring_is_accepted_and_stands_for_the_first_version(checkout):
    first = versions_of(checkout)["score_lips"]
    second = edit(checkout, "B = 1\n")
    assert accept(checkout, FIGURES, "Ann", "renamed") == {"score_lips": (first, second)}
    third = edit(checkout, "C = 1\n")
    accept(checkout, FIGURES, "Ben", "renamed again")
    ledger = checkout / "golden/ledger.jsonl"
    assert accepted_code(ledger) == {("score_lips", second): first, ("score_lips", third): first}
    assert [entry.who for entry in read_entries(ledger)] == ["Ann", "Ben"]
    assert "renamed again" in str(read_entries(ledger)[1]) and third in str(read_entries(ledger)[1])
    assert recorded_versions(checkout) == versions_of(checkout)
    assert accept(checkout, FIGURES, "Ann", "nothing new") == {}
    edit(checkout, "A = 1\n")  # back to the first: it stands for itself
    accept(checkout, FIGURES, "Ann", "and back")
    assert ("score_lips", first) not in accepted_code(ledger)


def test_code_with_other_results_is_refused_with_the_figures(checkout):
    edit(checkout, "A = 2\n")
    other = {**FIGURES, "curves/renderer-ours.txt": {"8 loss": 0.5, "16 loss": 0.26}}
    with pytest.raises(RefusedError, match=r"16 loss: 0\.25 was expected, 0\.26 was found"):
        accept(checkout, other, "Ann", "harmless, surely")
    with pytest.raises(RefusedError, match="nothing was found"):
        accept(checkout, {}, "Ann", "harmless, surely")
    assert not (checkout / "golden/ledger.jsonl").exists()


def test_a_damaged_ledger_is_refused_by_line(checkout):
    ledger = checkout / "golden/ledger.jsonl"
    edit(checkout, "B = 1\n")
    accept(checkout, FIGURES, "Ann", "renamed")
    ledger.write_text(ledger.read_text() + json.dumps({"rules": {"a": ["b"]}}) + "\n")
    with pytest.raises(LedgerError, match=r"ledger\.jsonl: line 2"):
        accepted_code(ledger)


TABLES = (*MICRO, "configs/micro_tables.yaml")
EDITED = "talkface/jobs/score_au_classifier.py"  # of a rule that takes a second, so that this test may run it
REFACTORED = ("found_TA", "said_TA")
CHANGED = ("device)) > 0)", "device)) > -9)")


@pytest.mark.slow
def test_the_command_accepts_a_refactoring_and_refuses_a_change(finished_tables, tmp_path):
    """With the real command, on a copy of the repository beside a finished experiment."""
    checkout = tmp_path / "checkout"
    copy_workflow(REPOSITORY, checkout)
    experiment = copy_workspace(finished_tables, tmp_path / "experiment")
    lately = copy_workspace(finished_tables, tmp_path / "lately")
    edited = checkout / EDITED
    before = len(read_entries(checkout / "golden/ledger.jsonl"))
    assert all(text in edited.read_text() for text, _ in (REFACTORED, CHANGED))

    edited.write_text(edited.read_text().replace(*REFACTORED))
    shutil.copy2(edited, experiment / EDITED)
    again = scheduled(experiment, "paper", overlay=TABLES)
    assert "score_au_classifier" in again, "without the ledger it would run again"
    done = command(checkout, lately, "--why", "renamed")
    assert done.returncode == 0 and "accepted for score_au_classifier" in done.stdout, (
        done.stdout + done.stderr
    )
    shutil.copytree(checkout / "golden", experiment / "golden", dirs_exist_ok=True)
    assert scheduled(experiment, "paper", overlay=TABLES) == {}

    edited.write_text(edited.read_text().replace(*CHANGED))
    done = command(checkout, lately, "--why", "harmless, surely")
    assert done.returncode == 1, done.stdout
    assert "figures differ" in done.stderr and "train/au_classifier" in done.stderr, done.stderr[-2000:]
    assert len(read_entries(checkout / "golden/ledger.jsonl")) == before + 1


def command(checkout, workspace, *words):
    program = [sys.executable, "-m", "talkface.acceptance", "--workspace", str(workspace), "--cores", "2"]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    return subprocess.run([*program, *words], cwd=checkout, env=environment, capture_output=True, text=True)
