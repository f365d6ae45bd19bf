"""The workflow as a module of another repository, by the example of docs/as_module.md."""

import re
import shlex
import subprocess
import sys
from collections import Counter

import pytest
import yaml
from conftest import REPOSITORY
from workspace import environment, make_workspace, scheduled, snakemake

from talkface.config import merge

PAGE = (REPOSITORY / "docs" / "as_module.md").read_text(encoding="utf-8")
CLONE = "/path/to/talkface"
SNAKEFILE = re.findall(r"^```python\n# Snakefile\n(.*?)^```$", PAGE, re.M | re.S)[0]
COMMANDS = re.findall(r"^(snakemake talkface_.*)$", PAGE, re.M)
PLAIN = """
configfile: "config.yaml"

module talkface:
    snakefile: "/path/to/talkface/Snakefile"
    config: config["ours"]

use rule * from talkface
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    return make_workspace(tmp_path_factory.mktemp("module") / "clone")


def read(*names: str) -> dict:
    config: dict = {}
    for name in names:
        config = merge(config, yaml.safe_load((REPOSITORY / name).read_text()))
    return config


def repository(folder, clone, snakefile: str, config: dict):
    """Another repository, which has nothing but a Snakefile and a configuration."""
    folder.mkdir()
    (folder / "Snakefile").write_text(snakefile.replace(CLONE, str(clone)))
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


def run(folder, clone, line: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command line of the page."""
    words = [word.replace(CLONE, str(clone)) for word in shlex.split(line)[1:]]
    return subprocess.run(
        [sys.executable, "-m", "snakemake", *words, *arguments],
        cwd=folder, env=environment(), text=True, timeout=900,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def jobs(text: str) -> Counter[str]:
    return Counter(re.findall(r"^(?:local)?rule (\w+):$", text, re.M))


@pytest.mark.slow
def test_the_example_of_the_page_plans_the_whole_experiment_under_its_prefix(clone, tmp_path):
    folder = repository(tmp_path / "theirs", clone, SNAKEFILE, read("config.yaml"))
    done = run(folder, clone, COMMANDS[3], "--dry-run")
    assert done.returncode == 0, done.stdout[-3000:]
    planned = jobs(done.stdout)
    assert planned.pop("talkface_report") == 1
    assert planned == Counter({f"talkface_{name}": n for name, n in scheduled(clone, "report").items()})
    assert "not present in the Snakefile" not in done.stdout
    assert not {path.name for path in folder.iterdir()} - {"Snakefile", "config.yaml", ".snakemake"}


@pytest.mark.slow
def test_the_targets_are_listed_under_their_names_there(clone, tmp_path):
    folder = repository(tmp_path / "theirs", clone, SNAKEFILE, read("config.yaml"))
    done = run(folder, clone, COMMANDS[0])
    assert done.returncode == 0 and "without TARGET: talkface_all" in done.stdout
    assert re.search(r"^  talkface_features +Every clip", done.stdout, re.M)


@pytest.mark.slow
def test_the_example_of_the_page_runs_to_its_features(clone, tmp_path):
    folder = repository(tmp_path / "theirs", clone, SNAKEFILE, read("config.yaml"))
    done = run(folder, clone, COMMANDS[2])
    assert done.returncode == 0, done.stdout[-3000:]
    assert (folder / "results/micro/micro/split.parquet").is_file()
    assert (folder / "logs/micro/micro/crop_faces/s1.log").is_file()
    assert (folder / "results/micro/micro/setup.md").is_file(), "onstart: the check before heavy jobs"
    assert re.search(r"rule talkface_crop_faces:(?:\n    .*)*\n    threads: 2\n", done.stdout), (
        "with threads: 2"
    )
    assert "Nothing to be done" in run(folder, clone, COMMANDS[2], "--dry-run").stdout


@pytest.mark.slow
def test_a_finished_experiment_is_finished_for_a_module_without_prefix_too(clone, finished_tables, tmp_path):
    from workspace import copy_workspace

    config = read("config.yaml", "configs/micro.yaml", "configs/micro_tables.yaml")
    folder = copy_workspace(finished_tables, tmp_path / "theirs")
    (folder / "Theirs.smk").write_text(PLAIN.replace(CLONE, str(clone)))
    (folder / "config.yaml").write_text(yaml.safe_dump({"ours": config, "theirs": 1}))
    theirs = ("--snakefile", "Theirs.smk")
    done = snakemake(folder, *theirs, "--dry-run", "all", "paper", overlay=())
    assert done.returncode == 0 and "Nothing to be done" in done.stdout, done.stdout[-3000:]
    done = snakemake(folder, *theirs, "--cores", "1", "verify", overlay=())
    assert done.returncode == 0 and "is complete" in done.stdout, done.stdout[-3000:]
    done = snakemake(folder, *theirs, "--report", "report.zip", overlay=())
    assert done.returncode == 0 and (folder / "report.zip").is_file(), done.stdout[-3000:]


def test_a_prefix_for_paths_is_refused_with_what_to_do_instead(clone, tmp_path):
    moved = PLAIN.replace('config["ours"]', 'config["ours"]\n    prefix: "elsewhere"')
    folder = repository(tmp_path / "theirs", clone, moved, {"ours": read("config.yaml")})
    done = run(folder, clone, "snakemake --dry-run")
    assert done.returncode == 1
    assert (
        "error: module: prefix and replace_prefix are not supported: name another `experiment`" in done.stdout
    )


def test_a_field_that_is_not_ours_is_refused_by_name(clone, tmp_path):
    snakefile = PLAIN.replace('config["ours"]', "config")
    folder = repository(tmp_path / "theirs", clone, snakefile, read("config.yaml") | {"theirs": 1})
    done = run(folder, clone, "snakemake --dry-run")
    assert done.returncode == 1 and "config: theirs" in done.stdout
