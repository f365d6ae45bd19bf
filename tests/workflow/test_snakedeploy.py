"""snakedeploy writes a project of its own from the repository's address, and that project runs.

GitHub's place is taken by a copy of this repository: git is told to look there.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY
from workspace import environment, make_workspace

BESIDE = ("config", "LICENSE", "README.md", ".snakemake-workflow-catalog.yml")
AS_SNAKEDEPLOY_WRITES = """
configfile: "config/config.yaml"

module talkface:
    snakefile:
        github("someone/talkface", path="Snakefile", tag="v0.1.0")
    config:
        config

use rule * from talkface
"""
MICRO = ("--configfile", "config/config.yaml", "config/overlays/micro.yaml")


@pytest.fixture(scope="module")
def github(tmp_path_factory) -> dict[str, str]:
    """An environment in which https://github.com/someone/talkface is this repository, with a tag v0.1.0."""
    place = tmp_path_factory.mktemp("github")
    folder = make_workspace(place / "someone" / "talkface")
    for name in BESIDE:
        source = REPOSITORY / name
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, folder / name, **({"symlinks": True} if source.is_dir() else {}))
    with (folder / "talkface" / "jobs" / "list_clips.py").open("a") as job:
        job.write('\nprint("code of v0.1.0")\n')
    who = ("-c", "user.name=someone", "-c", "user.email=someone@example.org")
    for words in (("init",), ("add", "--all"), (*who, "commit", "-m", "All"), ("tag", "v0.1.0")):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    return environment() | {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{place}/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
        "XDG_CACHE_HOME": str(place / "cache"),
        "PYTHONPATH": "",
    }


def run(folder: Path, env: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        words, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def snakemake(folder: Path, env: dict[str, str], *words: str) -> str:
    return run(folder, env, sys.executable, "-m", "snakemake", *words)


def deploy(folder: Path, env: dict[str, str]) -> Path:
    """What snakedeploy makes; without it, the same by hand."""
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    program = shutil.which("snakedeploy", path=beside)
    if program is None:
        for name in ("config", "profiles"):
            shutil.copytree(REPOSITORY / name, folder / name)
        (folder / "workflow").mkdir()
        (folder / "workflow" / "Snakefile").write_text(AS_SNAKEDEPLOY_WRITES)
        return folder
    address = "https://github.com/someone/talkface"
    run(folder.parent, env, program, "deploy-workflow", address, str(folder), "--tag", "v0.1.0")
    return folder


@pytest.mark.slow
def test_a_deployed_project_plans_the_demo_and_runs_jobs(github, tmp_path):
    """The files of the tag are unpacked once, and their code is what runs."""
    folder = tmp_path / "project"
    folder.mkdir()
    deploy(folder, github)
    assert yaml.safe_load((folder / "config/config.yaml").read_text())["experiment"] == "demo"
    said = snakemake(folder, github, "--dry-run", "--quiet", "rules")
    counts = dict(re.findall(r"^(\w+) +(\d+)$", said, re.M))
    assert counts["generate_corpus"] == "2" and counts["build_report"] == "1" and counts["all"] == "1"

    listed = "results/micro/micro/clips/s1.parquet"
    said = snakemake(folder, github, "--cores", "1", *MICRO, "--", listed)
    assert "2 jobs." in said and (folder / listed).is_file()
    [unpacked] = Path(github["XDG_CACHE_HOME"]).glob("**/source-cache/talkface/*")
    assert "code of v0.1.0" in said and (unpacked / "envs/talkface.yaml").is_file()
    assert "Nothing to be done" in snakemake(folder, github, "--dry-run", *MICRO, "--", listed)
    said = snakemake(folder, github, "help")
    assert re.search(r"^  all +Everything", said, re.M) and re.search(r"^  features +Every clip", said, re.M)


def test_by_hand_is_as_snakedeploy_writes():
    """So that the test above means the same where snakedeploy is not installed."""
    templates = pytest.importorskip(
        "snakedeploy.deploy", reason="snakedeploy is not installed (Python < 3.13)"
    )
    written = (
        templates.Environment(loader=templates.PackageLoader("snakedeploy"))
        .get_template("use_module.smk.jinja")
        .render(
            name="talkface",
            snakefile='github("someone/talkface", path="Snakefile", tag="v0.1.0")',
            repo="https://github.com/someone/talkface",
            config="config/config.yaml",
        )
    )

    def code(text: str) -> list[str]:
        return [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]

    assert [line for line in code(written) if "min_version" not in line] == code(AS_SNAKEDEPLOY_WRITES)


def test_the_catalog_is_told_what_it_asks_for():
    said = yaml.safe_load((REPOSITORY / ".snakemake-workflow-catalog.yml").read_text())
    usage = said["usage"]
    assert (
        set(usage) == {"mandatory-flags", "software-stack-deployment", "report"} and usage["report"] is True
    )
    assert set(usage["mandatory-flags"]) == {"desc", "flags"}
    assert usage["software-stack-deployment"]["conda"] is True
    assert (REPOSITORY / "config/README.md").is_file() and (REPOSITORY / "Snakefile").is_file()


def test_the_configuration_that_is_copied_is_the_demo_with_all_overlays():
    folder = REPOSITORY / "config"
    assert (folder / "config.yaml").samefile(REPOSITORY / "config.yaml")
    assert (folder / "overlays").samefile(REPOSITORY / "configs")
    for named in re.findall(r"overlays/(\w+\.yaml)", (folder / "README.md").read_text()):
        assert (folder / "overlays" / named).is_file()
