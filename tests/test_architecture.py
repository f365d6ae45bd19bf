"""Who may import whom, and that rules and scripts belong together; read from syntax trees, nothing is run."""

import ast
import re
from collections import Counter

import pytest
from conftest import REPOSITORY

from talkface.provenance.syntax import parsed

PACKAGE = REPOSITORY / "talkface"
FOUNDATION = {"artifacts", "config", "provenance", "runtime"}
WEIGHTS = "talkface.artifacts.weights"  # rebuilds networks, so it needs torch
PROGRAM = "talkface.media.program"  # which ffmpeg is recorded in every artifact
VOCABULARY = {
    "talkface.artifacts.schemas",
    "talkface.features.landmarks",
}  # names of action units and numbers of mesh points: nothing is read
ALONE = {
    "models",
    "losses",
    "metrics",
}  # torch and numpy only; each may use its own kind, losses and metrics no models
MAY_IMPORT = {
    "foundation": {"foundation"},
    "corpora": {"foundation", "corpora", "media"},
    "weights": {"foundation", "models"},
    "media": {"foundation", "media"},
    "features": {"foundation", "media", "features"},
    "data": {"foundation", "media", "features", "data"},
    "models": {"models"},
    "losses": {"losses"},
    "metrics": {"metrics", "vocabulary"},
    "training": {"foundation", "data", "losses", "models", "training", "weights"},
    "generation": {"foundation", "media", "features", "data", "models", "training", "weights", "generation"},
    "evaluation": {
        "foundation", "media", "features", "data", "metrics", "evaluation",
        "models", "weights",  # the networks that judge
    },
    "reporting": {"foundation", "media", "features", "metrics", "evaluation", "reporting"},
    "bundles": {"foundation", "evaluation", "reporting", "bundles"},
    "animation": {
        "foundation", "media", "features", "data", "models", "training", "weights", "generation", "bundles",
        "animation",
    },
    "preflight": {"foundation", "media", "corpora", "features", "evaluation", "reporting", "preflight"},
}  # fmt: skip
ROOMS = {"foundation", *MAY_IMPORT}
MAY_IMPORT["jobs"] = ROOMS | {"jobs"}
MAY_IMPORT["acceptance"] = ROOMS | {"acceptance"}
MAY_IMPORT["workflow"] = {"workflow"}
MAY_IMPORT["serve"] = {"foundation", "media", "features", "bundles", "animation", "front", "serve"}
MAY_IMPORT["cli"] = ROOMS | {"jobs", "serve", "cli"}
MAY_IMPORT["front"] = {"foundation", "animation"}  # talkface.load
TORCH_FREE = {"foundation", "corpora", "media", "features", "reporting", "bundles"}

SOURCES = sorted(PACKAGE.rglob("*.py"))


def layer(module: str) -> str:
    if module in ("talkface", "talkface.__main__"):
        return "front" if module == "talkface" else "cli"
    name = module.split(".")[1]
    if module == WEIGHTS:
        return "weights"
    return "foundation" if name in FOUNDATION or module == PROGRAM else name


def module_of(path) -> str:
    parts = list(path.relative_to(REPOSITORY).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path) -> set[str]:
    found = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            # `from talkface import corpora` means the module talkface.corpora
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names if node.module == "talkface" else {node.module}
    return found - {"talkface.__version__"}


def test_there_is_something_to_look_at():
    assert len(SOURCES) > 60
    assert {layer(module_of(path)) for path in SOURCES} == {*MAY_IMPORT}


def upward(path, own: str) -> list[str]:
    ours = [name for name in imported(path) if name.startswith("talkface.")]
    allowed = VOCABULARY if "vocabulary" in MAY_IMPORT[own] else set()
    return [
        f"must not import {name}"
        for name in ours
        if layer(name) not in MAY_IMPORT[own] and name not in allowed
    ]


def foreign(path, own: str) -> list[str]:
    roots = {name.split(".")[0] for name in imported(path)}
    forbidden = {"pickle"} | ({"pyarrow", "pathlib", "os", "io", "tempfile"} if own in ALONE else set())
    if module_of(path) != "talkface.workflow.internals":
        forbidden.add("snakemake")
    return [f"must not import {root}" for root in sorted(roots & forbidden)]


def torch_on_the_way(path, own: str) -> list[str]:
    """The Snakefile is read anew by every job, and a table needs no networks."""
    module = module_of(path)
    if own not in TORCH_FREE and not module.startswith("talkface.jobs.tabulate"):
        return []
    found, seen, pending = [], set(), [module_of(path)]
    while pending:
        name = pending.pop()
        file = REPOSITORY.joinpath(*name.split("."))
        file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
        if name in seen or not file.is_file():
            continue
        seen.add(name)
        names = imported(file)
        if "torch" in {other.split(".")[0] for other in names}:
            found.append(f"brings torch through {name}")
        pending += [other for other in names if other.startswith("talkface.")]
    return found


def test_imports_keep_to_the_layers():
    """One test for all modules, which lists every violation."""
    violations = [
        f"{module_of(path)} ({own}) {violation}"
        for path in SOURCES
        for own in (layer(module_of(path)),)
        for rule in (upward, foreign, torch_on_the_way)
        for violation in rule(path, own)
    ]
    assert not violations, "\n".join(violations)


@pytest.mark.parametrize(
    ("module", "line", "rule", "violation"),
    [
        (
            "talkface/media/wrong.py",
            "from talkface.training import loop",
            upward,
            "must not import talkface.training",
        ),
        ("talkface/models/wrong.py", "import pathlib", foreign, "must not import pathlib"),
        ("talkface/jobs/wrong.py", "import pickle", foreign, "must not import pickle"),
        ("talkface/reporting/wrong.py", "import torch", torch_on_the_way, "brings torch"),
    ],
)
def test_a_violation_is_seen(module, line, rule, violation, tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "REPOSITORY", tmp_path)
    path = tmp_path / module
    path.parent.mkdir(parents=True)
    path.write_text(line + "\n")
    [found] = rule(path, layer(module_of(path)))
    assert violation in found


def test_other_programs_are_started_in_few_places():
    starting = {
        module_of(path)
        for path in SOURCES
        if {name.split(".")[0] for name in imported(path)} & {"ffmpeg", "imageio_ffmpeg", "subprocess"}
    }
    assert "talkface.media.ffmpeg" in starting
    # The demo corpus is encoded in GRID's own format, which nothing else writes.
    allowed = (
        "talkface.media.",
        "talkface.features.aus.openface",
        "talkface.corpora.synthetic.",
        "talkface.acceptance.",
        "talkface.provenance.commit",  # git
        "talkface.features.fetch_bundle",  # pip, where only a package index is reachable
    )
    assert not {name for name in starting if not name.startswith(allowed)}


def test_no_junk_drawers():
    assert not [path for path in SOURCES if path.stem in {"utils", "helpers", "common", "misc"}]


def scripts_of_rules() -> dict[str, list[str]]:
    """Script -> rules that run it, from the rule files' text."""
    found: dict[str, list[str]] = {}
    for path in sorted((REPOSITORY / "rules").glob("*.smk")):
        rule = ""
        for line in path.read_text().splitlines():
            if named := re.match(r"rule (\w+):", line):
                rule = named[1]
            elif script := re.match(r'\s+"\.\./workflow_scripts/(\w+)\.py"', line):
                found.setdefault(script[1], []).append(rule)
    return found


SCRIPTS = sorted((REPOSITORY / "workflow_scripts").glob("*.py"))


def test_each_script_belongs_to_the_rule_of_its_name():
    assert scripts_of_rules() == {path.stem: [path.stem] for path in SCRIPTS}
    assert len(SCRIPTS) > 25


SCRIPT = '''"""Rule {0}."""

from talkface.jobs.{0} import {0}
from talkface.runtime.binding import run

run({0}, snakemake)
'''


def test_a_script_binds_its_rule_to_its_job_and_does_nothing_else():
    assert {path.stem: path.read_text() for path in SCRIPTS} == {
        path.stem: SCRIPT.format(path.stem) for path in SCRIPTS
    }


FUNCTIONS = ("common.smk", "methods.smk", "metrics.smk", "artifacts.smk", "resources.smk")


def test_rules_are_plain():
    for path in (REPOSITORY / "rules").glob("*.smk"):
        if path.name in FUNCTIONS:
            continue
        text = path.read_text()
        assert "lambda" not in text, f"{path.name}: a named function instead, in one of {FUNCTIONS}"
        assert not re.search(r"\bdef \w+\(", text), f"{path.name}: functions live in {FUNCTIONS}"
        assert "run:" not in text and "shell:" not in text and "checkpoint" not in text
        for block in re.split(r"\n(?=rule )", text):
            name = re.match(r"rule (\w+):", block)
            if name is None or "script:" not in block:
                continue
            needed = ["resources:", "params:"]
            if name[1] not in ("verify", "check_setup"):
                chosen = {
                    "generate_clips": "_of_generation", "train_renderer": "_of_renderer",
                    "generate_controls": "_of_control",
                }  # fmt: skip
                code = chosen.get(name[1], f'_of("{name[1]}")')
                # of each metric its own
                whole = {"score_clips": "identities=identities_of_metrics"}
                needed += ["output:", whole.get(name[1], f"code=code{code}")]
            said_once = {"log:", "benchmark:", "conda:"}
            assert not [word for word in said_once if f"\n    {word}" in block], (
                f"{name[1]}: said once for all"
            )
            missing = [directive for directive in needed if directive not in block]
            assert not missing, f"rule {name[1]} lacks {missing}"


def test_profiles_do_not_rerun_on_touched_code():
    import yaml

    for path in REPOSITORY.glob("profiles/*/config.yaml"):
        profile = yaml.safe_load(path.read_text())
        assert profile["rerun-triggers"] == ["mtime", "params", "input", "software-env"], path
        assert profile["rerun-incomplete"] is True, path


def test_files_of_tests_have_names_of_their_own():
    """Pytest imports them by name alone: of two with one name it runs the first and fails at the second."""
    names = Counter(path.name for path in (REPOSITORY / "tests").rglob("test_*.py"))
    assert not [name for name, count in names.items() if count > 1]
