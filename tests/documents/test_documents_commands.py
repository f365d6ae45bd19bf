"""Every snakemake command that a document or a comment shows names targets and overlays that are there."""

import re
import shlex

import pytest
from conftest import REPOSITORY
from snakemake.cli import get_argument_parser
from workspace import make_workspace, snakemake

DOCUMENTS = ("README.md", "docs/*.md", "config/*.md")
COMMENTED = ("Snakefile", "config.yaml", "configs/*.yaml", "profiles/*/config.yaml", "rules/*.smk")
PROGRAM = re.compile(r"^(?:\.venv/bin/)?snakemake ")


def files(*patterns: str) -> list[str]:
    return [
        str(path.relative_to(REPOSITORY)) for pattern in patterns for path in sorted(REPOSITORY.glob(pattern))
    ]


def commands_in(name: str) -> list[str]:
    """The snakemake command lines that a file shows in code, or in comments."""
    text = re.sub(r"\\\n#? *", "", read(name))  # what a backslash continues is one line
    if name.endswith(".md"):
        fence = r"^```\w*\n(.*?)^```$"
        shown = [line for block in re.findall(fence, text, re.M | re.S) for line in block.splitlines()]
        shown += [" ".join(span.split()) for span in spans(re.sub(fence, "", text, flags=re.M | re.S))]
    else:
        comments = "\n".join(re.findall(r"#(.*)", text))
        shown = spans(comments) + re.findall(r"\bsnakemake --?\S.*|  snakemake .*", comments)
        shown = [re.split(r"`| \(", line.strip())[0] for line in shown]
    lines = [part.strip() for line in shown for part in re.split(r"[;|]| #", line)]
    return list(dict.fromkeys(PROGRAM.sub("", line) for line in lines if PROGRAM.match(line)))


def spans(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def read(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


COMMANDS = [(name, line) for name in files(*DOCUMENTS, *COMMENTED) for line in commands_in(name)]


@pytest.fixture(scope="module")
def targets(tmp_path_factory) -> set[str]:
    workspace = make_workspace(tmp_path_factory.mktemp("commands") / "workflow")
    done = snakemake(workspace, "--list-target-rules", overlay=())
    assert done.returncode == 0, done.stdout
    return set(re.findall(r"^(\w+)(?: \(.+\))?$", done.stdout, re.M))


@pytest.mark.parametrize(("name", "line"), COMMANDS, ids=[f"{name}: {line}" for name, line in COMMANDS])
def test_a_command_names_what_is_there(name, line, targets):
    told = get_argument_parser().parse_args(shlex.split(line))
    for target in set(told.targets) - {"..."}:
        known = target.removeprefix("talkface_")  # as a module's user may name it (docs/as_module.md)
        assert known in targets, f"{name}: no target {target!r}: snakemake {line}"
    for overlay in [str(path).removeprefix("/path/to/talkface/") for path in told.configfile or []]:
        examples = "\n".join(map(read, files("docs/*.md", "README.md")))
        assert (REPOSITORY / overlay).exists() or f"# {overlay}\n" in examples, f"{name}: no {overlay}"


def test_commands_are_found_in_every_kind_of_place():
    seen = {name for name, _ in COMMANDS}
    assert {"README.md", "docs/slurm.md", "configs/real_methods.yaml", "configs/paper.yaml"} <= seen
    assert {"profiles/slurm/config.yaml", "Snakefile", "rules/download.smk"} <= seen
    assert ("README.md", "verify --cores 2") in COMMANDS
    assert any("configs/real_methods.yaml --config root=" in line for _, line in COMMANDS), "continued lines"
