"""What verify says when all is well."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPOSITORY

from talkface.artifacts.tables import TableError
from talkface.jobs.verify import schema_of, verify
from talkface.provenance.ledger import Entry, append_entry


def whole(tmp_path):
    results = tmp_path / "results"
    results.mkdir()
    for name in ("one", "two"):
        (results / f"{name}.json").write_text(json.dumps({"name": name}))
    return results, sorted(results.iterdir())


def test_success_is_no_warning(tmp_path, caplog):
    results, expected = whole(tmp_path)
    with caplog.at_level(logging.INFO):
        said = verify(results=results, expected=expected)
    assert said.startswith(f"{results} is complete: all 2 files exist")
    assert [record.levelname for record in caplog.records if record.getMessage() == said] == ["INFO"]
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


@pytest.mark.slow
def test_the_rule_says_so_in_the_terminal_and_in_its_log(tmp_path):
    """The script itself, in a process of its own, started by a workflow of this one rule."""
    results, expected = whole(tmp_path)
    ledger = tmp_path / "ledger.jsonl"
    append_entry(ledger, Entry("2026-11-26", "Ann", "renamed", "abc", {"score_lips": ("a1", "b2")}))
    (tmp_path / "Snakefile").write_text(
        "rule verify:\n"
        "    log: 'verify.log'\n"
        f"    params: results={str(results)!r}, expected={list(map(str, expected))!r}, possible=[],\n"
        f"        ledger={str(ledger)!r}\n"
        f"    script: {str(REPOSITORY / 'workflow_scripts' / 'verify.py')!r}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", "verify"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(REPOSITORY)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"{results} is complete" in done.stdout
    assert "Accepted as equal: 2026-11-26, Ann: renamed" in done.stdout and "a1 -> b2" in done.stdout
    assert "WARNING" not in done.stdout + done.stderr
    assert "INFO    talkface.jobs.verify" in (tmp_path / "verify.log").read_text()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("features/s1/mel.parquet", "mel"),
        ("features/s1/sound_checks.parquet", "checks"),
        ("features/clips/mel.parquet", "mel"),  # a speaker may have any name
        ("clips/mel.parquet", "clips"),
        ("split.parquet", "split"),
        ("train/autoencoder/shared/seed-0/masked_latents/s1.parquet", "latents"),
        ("train/autoencoder/shared/seed-0/history.parquet", "history"),
        ("train/audio_to_au/shared/seed-0/features/s1.parquet", "au_features"),
        ("generate/ours/seed-0/one_shot/s1.parquet", "generated"),
        ("generate/ours/seed-0/one_shot/landmarks.parquet", "landmarks"),
        ("scores/ours/seed-0/one_shot/lips.parquet", "scores"),
    ],
)
def test_a_table_s_place_tells_its_schema(path, name):
    assert schema_of(Path("results/e/c", path)).name == name


def test_a_table_of_an_unknown_name_is_refused():
    with pytest.raises(TableError, match=r"no table is named 'pose' in .* or in talkface/features/pose\.py"):
        schema_of(Path("results/e/c/features/s1/pose.parquet"))
