"""Pinned pip constraints, conda environments and the project's requirements name the same versions."""

import re
import tomllib
from importlib.metadata import version

import pytest
import yaml
from conftest import REPOSITORY
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def constraints() -> dict[str, str]:
    pins = {}
    for line in (REPOSITORY / "envs" / "constraints.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, pinned = line.split("==")
            pins[canonicalize_name(name)] = pinned
    return pins


def requirements() -> list[Requirement]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    texts = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    return [Requirement(text) for text in texts]


def test_every_requirement_is_pinned_within_its_bounds():
    pins = constraints()
    assert len(pins) > 100
    for requirement in requirements():
        pinned = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(pinned), f"{requirement} against {pinned}"


@pytest.mark.parametrize("path", sorted((REPOSITORY / "envs").glob("*.yaml")), ids=lambda path: path.stem)
def test_conda_environments_are_in_step(path):
    environment = yaml.safe_load(path.read_text())
    pins = constraints()
    [from_pip] = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    named = {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in from_pip}
    assert {name: pins[name] for name in named} == named
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert set(named) == {canonicalize_name(Requirement(text).name) for text in project["dependencies"]}
    [python] = [entry for entry in environment["dependencies"] if str(entry).startswith("python=")]
    assert python.removeprefix("python=") in {"3.11", "3.12"}


def test_every_rule_names_an_environment_that_exists():
    named = set()
    for path in (REPOSITORY / "rules").glob("*.smk"):
        named |= set(re.findall(r'"(\.\./envs/[\w.]+)"', path.read_text()))
    assert named
    for relative in named:
        assert (REPOSITORY / "rules" / relative).resolve().is_file()


def test_known_conflicts_stay_pinned_apart():
    pins = constraints()
    assert pins["mediapipe"] == "0.10.21"
    assert int(pins["numpy"].split(".")[0]) < 2, "mediapipe 0.10.21 refuses numpy 2"
    assert int(pins["pyarrow"].split(".")[0]) < 25, "pyarrow 25 and later refuse numpy 1"
    assert version("mediapipe") == "0.10.21"
