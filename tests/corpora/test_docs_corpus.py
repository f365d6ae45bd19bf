"""Every example of docs/adding_corpus.md is run, or resolved as the Snakefile resolves it."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY
from workspace import environment, make_workspace

from talkface.config import Config, merge, validate
from talkface.corpora import list_speakers

PAGE = REPOSITORY / "docs" / "adding_corpus.md"
TREES = {
    "clips": ["{}/hello.mp4", "{}/again.mp4"],
    "grid": ["{}/bbaf2n.mpg"],
    "tcd-timit": ["volunteers/{}/Clips/straightcam/sa1.mp4"],
}


@dataclass(frozen=True)
class Block:
    language: str
    text: str

    @property
    def target(self) -> str | None:
        """The file that the block's first line names."""
        named = re.match(r"# (\S+\.(?:py|yaml))\n", self.text)
        return named[1] if named else None


BLOCKS = [Block(*found) for found in re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.M | re.S)]
COMMANDS = [line for block in BLOCKS if block.language == "sh" for line in block.text.splitlines()]
SNAKEMAKE = [line for line in COMMANDS if line.startswith("snakemake")]
OVERLAYS = {block.target: block.text for block in BLOCKS if block.language == "yaml"}


@pytest.fixture(scope="module")
def corpora(tmp_path_factory) -> Path:
    """Folders in each corpus' layout, with empty files for clips: what stands for /path/to."""
    folder = tmp_path_factory.mktemp("path_to")
    splits = yaml.safe_load((REPOSITORY / "configs" / "tcd_timit.yaml").read_text())["splits"]
    speakers = {
        "clips": ["anna", "ben", "carla"],
        "grid": [f"s{number}" for number in range(1, 35) if number != 21],
        "tcd-timit": [*splits["official"]["seen"], *splits["official"]["unseen"], "27M"],
    }
    paths = [
        folder / root / path.format(name) for root in TREES for path in TREES[root] for name in speakers[root]
    ]
    lipspeakers = [f"lipspeakers/Lipspkr{n}/Clips/30degcam/sa1.mp4" for n in (1, 2, 3)]
    for path in [*paths, *(folder / "tcd-timit" / name for name in lipspeakers)]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (folder / "clips" / "anna" / "hello.txt").write_text("0.5 0.9 hello\n")
    return folder


def at(corpora: Path, text: str) -> str:
    return text.replace("/path/to/", f"{corpora}/")


def test_the_page_has_examples_of_every_kind():
    assert {block.language for block in BLOCKS} == {"sh", "yaml", "python", "diff"}
    assert len(SNAKEMAKE) >= 8
    assert all(line.startswith(("snakemake ", "python -m talkface.config")) for line in COMMANDS)
    assert all(OVERLAYS) and len(OVERLAYS) == 3
    for config in (REPOSITORY / "configs").glob("*.yaml"):
        assert f"configs/{config.name}" not in OVERLAYS, "an example would overwrite it"


def arguments_of(command: str) -> tuple[list[str], dict[str, str], list[str]]:
    """Overlays, --config values and targets of a Snakemake command line."""
    overlays: list[str] = []
    values: dict[str, str] = {}
    targets: list[str] = []
    option = ""
    for word in shlex.split(command)[1:]:
        if word.startswith("--"):
            option = word
            assert option in ("--cores", "--configfile", "--config"), option
        elif option == "--configfile":
            overlays.append(word)
        elif option == "--config":
            name, _, value = word.partition("=")
            values[name] = value
        elif option == "":
            targets.append(word)
    return overlays, values, targets


def resolved(command: str, corpora: Path) -> Config:
    overlays, values, targets = arguments_of(at(corpora, command))
    raw = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    for name in overlays:
        text = OVERLAYS.get(name) or (REPOSITORY / name).read_text()
        raw = merge(raw, yaml.safe_load(at(corpora, text)))
    rules = "".join(path.read_text() for path in (REPOSITORY / "rules").glob("*.smk"))
    assert all(f"\nrule {target}:" in rules for target in targets)
    return validate(merge(raw, values))


@pytest.mark.parametrize("command", SNAKEMAKE)
def test_every_command_line_has_a_sound_configuration(command, corpora):
    config = resolved(command, corpora)
    speakers = list_speakers(config.corpus)
    config.check_speakers(speakers)
    split = config.splits[config.split]
    seen = set(speakers) - set(split.unseen) if split.seen is None else set(split.seen)
    assert len(seen) >= 2 and not seen & set(split.unseen)
    assert config.corpus.demo == (config.corpus.synthetic is not None)
    named = arguments_of(command)[1].get("split")
    assert named is None or config.split == named


@pytest.mark.parametrize("overlay", [name for name in OVERLAYS if name != "configs/studio.yaml"])
def test_every_overlay_is_used_by_a_command_line(overlay):
    assert any(overlay in command for command in SNAKEMAKE)


@pytest.mark.slow
@pytest.mark.parametrize("example", ["configs/folder.yaml configs/mine.yaml", "configs/demo_tcd_timit.yaml"])
def test_snakemake_accepts_the_command_line(example, corpora, tmp_path):
    [command] = [line for line in SNAKEMAKE if line.endswith(f"--configfile {example}")]
    folder = make_workspace(tmp_path / "workflow")
    for name, text in OVERLAYS.items():
        (folder / name).write_text(at(corpora, text))
    words = shlex.split(at(corpora, command))[1:]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run", *words],
        cwd=folder, env=environment(), text=True, timeout=600, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    for job in ("list_clips", "crop_faces", "train_renderer", "tabulate_main_results"):
        assert re.search(rf"^{job} +\d", done.stdout, re.M), job


def test_the_look_into_a_folder_prints_what_is_there(corpora, capsys):
    [block] = [block for block in BLOCKS if block.language == "python" and block.target is None]
    exec(compile(at(corpora, block.text), str(PAGE), "exec"), {})
    assert capsys.readouterr().out.splitlines() == [
        "anna 2 clips, 1 with words", "ben 2 clips, 0 with words", "carla 2 clips, 0 with words",
    ]  # fmt: skip


# --- the worked example of a reader ------------------------------------------------------------------------


def apply(diff: str, folder: Path) -> None:
    """Make the page's changes; each hunk must fit its file in exactly one place."""
    for part in re.split(r"^--- ", diff, flags=re.M)[1:]:
        name, *hunks = re.split(r"^@@\n", part, flags=re.M)
        path = folder / name.strip()
        text = path.read_text()
        for hunk in hunks:
            lines = hunk.splitlines()
            old = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
            new = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
            assert text.count(old) == 1, f"{name}: {old!r}"
            text = text.replace(old, new)
        path.write_text(text)


@pytest.fixture(scope="module")
def extended(tmp_path_factory) -> Path:
    """A copy of the package to which the page's reader has been added as the page says."""
    folder = tmp_path_factory.mktemp("extended")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "talkface", folder / "talkface", ignore=ignored)
    shutil.copy2(REPOSITORY / "config.yaml", folder)
    (folder / "tests").mkdir()
    for block in BLOCKS:
        if block.language == "diff":
            apply(block.text, folder)
        elif block.language == "python" and block.target:
            (folder / block.target).write_text(block.text)
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=os.environ | {"PYTHONPATH": str(folder)},
        text=True, timeout=300, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done


@pytest.mark.slow
def test_the_example_reader_passes_its_own_test(extended):
    done = run(extended, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_studio.py")
    assert "1 passed" in done.stdout


def test_the_example_reader_is_part_of_the_configuration(extended, tmp_path):
    [command] = [line for line in COMMANDS if line.startswith("python")]
    schema = run(extended, *shlex.split(command.partition(">")[0])[1:]).stdout
    assert '"studio"' in schema
    (tmp_path / "studio.yaml").write_text(OVERLAYS["configs/studio.yaml"])
    code = (
        "import sys, yaml; from talkface.config import merge, validate; "
        "base, overlay = (yaml.safe_load(open(path)) for path in ('config.yaml', sys.argv[1])); "
        "print(validate(merge(base, overlay)).corpus.reader)"
    )
    assert run(extended, "-c", code, str(tmp_path / "studio.yaml")).stdout.strip() == "studio"


@pytest.mark.slow
def test_the_example_reader_keeps_the_house_style(extended):
    ruff = [
        "-m",
        "ruff",
        "check",
        "--config",
        str(REPOSITORY / "pyproject.toml"),
        "talkface/corpora/studio.py",
    ]
    run(extended, *ruff)
    mypy = ["-m", "mypy", "--config-file", str(REPOSITORY / "pyproject.toml"), "talkface/corpora/__init__.py"]
    run(extended, *mypy)
