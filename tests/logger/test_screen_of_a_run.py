"""The plugin in a real Snakemake, on a workflow of seconds: a file, a terminal, failures, quiet, dry runs."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import REPOSITORY

from talkface.acceptance.smallest import PARTS

SNAKEFILE = """
rule all:
    input: "c.txt", expand("{n}.txt", n=range(3))

rule make_number:
    output: "{n}.txt"
    log: "logs/{n}.log"
    wildcard_constraints: n="[0-9]+"
    shell:
        "echo '2026-01-01 00:00:00,000 WARNING talkface.x: the same warning' | tee {log} >&2;"
        "echo noise >&2; touch {output}"

rule gather:
    input: "0.txt"
    output: "c.txt"
    log: "logs/c.log"
    shell:
        "test -e allowed ||"
        " {{ echo '2026-01-01 00:00:00,000 ERROR   root: clip a: not allowed' > {log}; exit 1; }};"
        "touch {output}"
"""
COMMAND = [sys.executable, "-m", "snakemake", "--logger", "talkface", "--cores", "2", "--keep-going"]


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "allowed").touch()
    return tmp_path


def environment() -> dict[str, str]:
    paths = [str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "TERM": "xterm", "COLUMNS": "80"}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=environment(), capture_output=True, text=True, timeout=300
    )


def record(folder: Path) -> list[dict]:
    [*_, last] = sorted(
        (folder / ".snakemake/log").glob("*.talkface.jsonl"), key=lambda path: path.stat().st_mtime
    )
    return [json.loads(line) for line in last.read_text().splitlines()]


@pytest.mark.slow
def test_one_line_a_job_and_a_warning_once(folder):
    done = run(folder)
    assert done.returncode == 0 and done.stdout == ""
    lines = done.stderr.splitlines()
    for number in range(3):
        assert sum(f"make number: n {number} -> {number}.txt" in line for line in lines) == 1
    assert sum("the same warning" in line for line in lines) == 1
    assert "noise" not in done.stderr and "Select jobs" not in done.stderr
    assert "Done in" in lines[-1] and len(lines) <= 7
    [log] = (folder / ".snakemake/log").glob("*.snakemake.log")
    assert log.read_text().count("Finished jobid") == 5, "Snakemake's own log is whole"
    assert not [entry for entry in record(folder) if entry["what"] == "problem"]
    again = run(folder)
    assert again.returncode == 0 and "Nothing to be done" in again.stderr


@pytest.mark.slow
def test_a_failure_says_the_job_its_log_and_its_last_lines(folder):
    (folder / "allowed").unlink()
    done = run(folder)
    assert done.returncode == 1
    assert "gather failed" in done.stderr and "log: logs/c.log" in done.stderr
    assert "| clip a: not allowed" in done.stderr
    assert "3 of 5 jobs are done" in done.stderr and "The same command goes on" in done.stderr
    assert done.stderr.count("| clip a: not allowed") == 1 and "Traceback" not in done.stderr
    (folder / "allowed").touch()
    again = run(folder)
    assert again.returncode == 0 and "make number" not in again.stderr, "what is finished is not done again"


@pytest.mark.slow
def test_who_asks_for_more_or_for_less_gets_it(folder):
    dry = run(folder, "--dry-run")
    assert dry.returncode == 0 and "rule make_number" in dry.stdout and "dry-run" in dry.stdout
    shown = run(folder, "--printshellcmds", "0.txt")
    assert shown.returncode == 0 and "touch 0.txt" in shown.stderr
    rules = run(folder, "--quiet", "rules", "--", "1.txt")
    assert rules.returncode == 0 and "make number" not in rules.stderr and "Done in" in rules.stderr
    silent = run(folder, "--quiet", "all", "--", "2.txt")
    assert silent.returncode == 0 and "make number" not in silent.stderr and "Done" not in silent.stderr
    calm = run(
        folder, "--quiet", "progress", "--", "0.txt"
    )  # Snakemake does not say then which jobs are done
    assert calm.returncode == 0 and "Not finished" not in calm.stderr
    listed = run(folder, "--list-rules")
    assert "make_number" in listed.stdout
    unlocked = run(folder, "--unlock")
    assert unlocked.returncode == 0 and "Unlocked" in unlocked.stderr


@pytest.mark.slow
def test_a_terminal_gets_a_bar_that_is_gone_in_the_end(folder):
    parent, child = pty.openpty()
    process = subprocess.Popen(
        COMMAND, cwd=folder, env=environment(), stdin=child, stdout=child, stderr=child
    )
    os.close(child)
    written = b""
    while True:
        try:
            block = os.read(parent, 1 << 16)
        except OSError:
            break
        if not block:
            break
        written += block
    assert process.wait() == 0
    text = written.decode()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert "✓ make number: n 0" in plain and "of 5 jobs" in plain
    assert "Done in" in plain.splitlines()[-1]
    assert "\x1b[?25h" in text, "the cursor is back"


@pytest.mark.slow
def test_an_error_in_the_plugin_breaks_nothing(folder):
    (folder / "sitecustomize.py").write_text(
        "import sys\n"
        "if any('snakemake' in word for word in sys.orig_argv):\n"
        "    from snakemake_logger_plugin_talkface import show\n"
        "    def broken(*arguments): raise RuntimeError('broken on purpose')\n"
        "    show.Show._job_ends = broken\n"
    )
    paths = environment() | {"PYTHONPATH": f"{folder}{os.pathsep}{environment()['PYTHONPATH']}"}
    done = subprocess.run(COMMAND, cwd=folder, env=paths, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and (folder / "c.txt").exists()
    assert "broken on purpose" not in done.stderr
    assert any("broken on purpose" in entry.get("text", "") for entry in record(folder))


def test_every_profile_turns_it_on_and_copies_of_the_workflow_have_it():
    for profile in (REPOSITORY / "profiles").glob("*/config.yaml"):
        assert "\nlogger: [talkface]" in profile.read_text(), profile
    assert "snakemake_logger_plugin_talkface" in PARTS


@pytest.mark.slow
def test_who_interrupts_a_run_is_told_so_and_reads_no_failures(folder):
    """A key press reaches snakemake and its jobs alike."""
    (folder / "Snakefile").write_text(
        'rule wait:\n    output: "never.txt"\n    shell: "touch begun; sleep 60"\n'
    )
    process = subprocess.Popen(
        COMMAND, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    until = time.monotonic() + 120
    while not (folder / "begun").exists():
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "Interrupted: 0 of 1 jobs are done" in said and "The same command goes on from there" in said
    assert "failed" not in said and "Exception" not in said, said
