"""Pinned pip constraints, conda environments and the project's requirements name the same versions."""

import re
import sys
import tomllib
from importlib.metadata import requires

import pytest
import yaml
from conftest import REPOSITORY
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from talkface.workflow import internals

PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def constraints(python: str = PYTHONS[0], name: str = "constraints.txt") -> dict[str, str]:
    """Package -> version, as pip would read the file on that Python."""
    pins = {}
    for line in (REPOSITORY / "envs" / name).read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pin = Requirement(line)
        if pin.marker is None or pin.marker.evaluate(
            {"python_version": python, "python_full_version": f"{python}.0"}
        ):
            [exact] = pin.specifier
            assert exact.operator == "==" and canonicalize_name(pin.name) not in pins, line
            pins[canonicalize_name(pin.name)] = exact.version
    return pins


def project() -> dict:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


def requirements(*extras: str) -> list[Requirement]:
    optional = project()["optional-dependencies"]
    texts = [*project()["dependencies"], *(text for extra in extras for text in optional[extra])]
    return [Requirement(text) for text in texts]


def installed_with(wanted: list[Requirement]) -> set[str]:
    """All packages that pip would bring for these, as the installed ones declare it."""
    found: set[str] = set()
    waiting = [(item.name, extra) for item in wanted for extra in ("", *item.extras)]
    seen = set()
    while waiting:
        name, extra = waiting.pop()
        name = canonicalize_name(name)
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        found.add(name)
        for text in requires(name) or []:
            item = Requirement(text)
            if item.marker is None or item.marker.evaluate({"extra": extra}):
                waiting += [(item.name, further) for further in ("", *item.extras)]
    return found


@pytest.mark.parametrize("python", PYTHONS)
def test_every_requirement_is_pinned_within_its_bounds(python):
    pins = constraints(python)
    assert len(pins) > 100
    for requirement in requirements("test"):
        pinned = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(pinned), f"{requirement} against {pinned}"


def test_the_pins_are_the_same_on_every_python_but_where_one_has_to_differ():
    """Figures from two machines are to differ by the machine alone."""
    oldest = constraints(PYTHONS[0])
    for python in PYTHONS[1:]:
        others = constraints(python)
        assert {name for name in oldest if others.get(name) != oldest[name]} <= {"networkx"}


def test_all_that_is_installed_is_pinned():
    pins = constraints(".".join(map(str, sys.version_info[:2])))
    wanted = installed_with(requirements("test"))
    not_pinned = {name for name in wanted if not name.startswith(("nvidia-", "cuda-"))} - set(pins)
    assert not_pinned <= {"triton", "setuptools"}, "with torch come its own"


@pytest.mark.parametrize("extra", ["slurm", "s3"])
def test_what_is_added_for_clusters_and_buckets_goes_with_the_pins(extra):
    """Both are installed on top, into the same environment: nothing of it may ask for other versions."""
    added, pins = constraints(name=f"{extra}.txt"), constraints()
    assert {name: pins[name] for name in added if name in pins} == {
        name: added[name] for name in added if name in pins
    }
    for requirement in (Requirement(text) for text in project()["optional-dependencies"][extra]):
        assert requirement.specifier.contains(added[canonicalize_name(requirement.name)])


def test_an_upper_bound_has_its_reason_beside_it():
    """None keeps a newer Python or a newer package out without one; a Python above all."""
    assert Requirement(f"python{project()['requires-python']}").specifier.contains("3.14")
    assert "<" not in project()["requires-python"]
    for line in (REPOSITORY / "pyproject.toml").read_text().splitlines():
        if re.match(r'^\s*"[\w\[\]-]+[^"]*(<|==|~=)', line):
            assert re.search(r"#\s+\w+", line), f"{line.strip()}: no upper bound without a reason"


def test_the_report_of_snakemake_finds_what_colours_its_code():
    """``snakemake --report`` needs pygments, which came with pytest alone before."""
    assert "pygments" in installed_with(requirements())


@pytest.mark.parametrize("path", sorted((REPOSITORY / "envs").glob("*.yaml")), ids=lambda path: path.stem)
def test_conda_environments_are_in_step(path):
    environment = yaml.safe_load(path.read_text())
    pins = constraints()
    [from_pip] = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    named = {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin in map(Requirement, from_pip)
    }
    assert {name: pins[name] for name in named} == named
    assert set(named) == {canonicalize_name(requirement.name) for requirement in requirements()}
    [python] = [entry for entry in environment["dependencies"] if str(entry).startswith("python=")]
    assert python.removeprefix("python=") in PYTHONS


def test_every_rule_names_an_environment_that_exists():
    assert (REPOSITORY / "rules" / internals.ENVIRONMENT).resolve().is_file()
