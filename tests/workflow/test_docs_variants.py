"""Every example of docs/adding_variant.md and docs/paper_tables.md plans what the page says."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY
from workspace import environment, make_workspace

PAGES = [REPOSITORY / "docs" / name for name in ("adding_variant.md", "paper_tables.md")]
BLOCKS = [
    found for page in PAGES for found in re.findall(r"^```(\w+)\n(.*?)^```$", page.read_text(), re.M | re.S)
]
COMMANDS = [
    line
    for kind, text in BLOCKS
    if kind == "sh"
    for line in text.splitlines()
    if line.startswith("snakemake")
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Path:
    """A copy of the workflow with the pages' overlays, and corpora of empty clips at /data's places."""
    folder = make_workspace(tmp_path_factory.mktemp("docs") / "talkface")
    for kind, text in BLOCKS:
        if kind == "yaml":
            named = re.match(r"# (configs/\w+\.yaml)\n", text)
            assert named, f"an overlay without a name: {text[:40]}"
            assert not (folder / named[1]).exists(), "an example would overwrite an overlay"
            (folder / named[1]).write_text(text)
    for number in range(1, 35):
        clip = folder / f"data/grid/s{number}/bbaf2n.mpg"
        clip.parent.mkdir(parents=True)
        clip.touch()
    split = yaml.safe_load((REPOSITORY / "configs/tcd_timit.yaml").read_text())["splits"]["official"]
    for speaker in [*split["seen"], *split["unseen"]]:
        clip = folder / f"data/tcdtimit/volunteers/{speaker}/Clips/straightcam/sa1.mp4"
        clip.parent.mkdir(parents=True)
        clip.touch()
    return folder


def plan(folder: Path, command: str) -> dict[str, int]:
    """How many jobs of each rule a command line would run."""
    words = [word.replace("/data/", f"{folder}/data/") for word in shlex.split(command)[1:]]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *words, "--dry-run", "--quiet", "rules"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", done.stdout, re.M)}


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_line_can_be_planned(workspace, command):
    jobs = plan(workspace, command)
    if "no_dropout" in command:
        assert jobs["train_renderer"] == 2
    if "variants.yaml" in command:
        assert (jobs["train_renderer"], jobs["tabulate_table"]) == (22, 7)


@pytest.mark.slow
def test_the_ladder_of_bases_adds_up(workspace):
    jobs = plan(workspace, "snakemake report --configfile config.yaml configs/sharper.yaml")
    assert jobs["train_renderer"] == 2
    assert "train_au_classifier" not in jobs, "a loss of weight 0 asks for no judge"


def test_pages_have_examples():
    assert len(COMMANDS) >= 4 and {kind for kind, _ in BLOCKS} == {"sh", "yaml"}
