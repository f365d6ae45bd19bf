"""The set-up's messages where something is missing; test_debian.py follows them on a fresh Debian."""

import importlib
import re
import shutil
import subprocess

import pytest
from conftest import REPOSITORY


def bootstrap(tmp_path, *programs: str, **variables: str) -> str:
    """What the script says when it is refused on a system that has only these programs."""
    path = tmp_path / "bin"
    path.mkdir()
    for program in ("dirname", "rm", *programs):
        (path / program).symlink_to(shutil.which(program))
    done = subprocess.run(
        [shutil.which("bash"), REPOSITORY / "scripts/bootstrap.sh", tmp_path / "venv", "."],
        env={"PATH": str(path)} | variables, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert not (tmp_path / "venv").exists()
    return done.stderr


def test_without_python_three_package_managers_are_told(tmp_path):
    said = bootstrap(tmp_path)
    assert said.startswith("error: Python 3.11 or newer is needed")
    for command in ("apt-get install python3 python3-venv", "dnf install python3", "brew install python"):
        assert command in said


def test_a_python_that_does_not_start_is_named(tmp_path):
    said = bootstrap(tmp_path, PYTHON="/no/such/python3.13")
    assert said == "error: PYTHON=/no/such/python3.13 is not a Python 3.11 or newer that starts\n"


@pytest.fixture
def check_system():
    return importlib.import_module("talkface.preflight.system")


def test_here_no_library_is_missing(check_system):
    assert check_system.missing_libraries() == []


def test_every_missing_library_is_a_line_with_its_packages(check_system, monkeypatch):
    absent = {f"libabsent{n}.so.1": (f"libabsent{n}", f"absent{n}-libs") for n in (1, 2)}
    monkeypatch.setattr(check_system, "LIBRARIES", absent)
    monkeypatch.setattr(check_system.sys, "platform", "linux")
    first, second = check_system.missing_libraries()
    assert (
        "libabsent1.so.1 is missing: apt-get install libabsent1 | dnf install absent1-libs | brew:" in first
    )
    assert "libabsent2.so.1" in second


def test_the_readme_names_the_same_packages(check_system):
    text = (REPOSITORY / "README.md").read_text()
    apt, dnf = (
        set(re.search(f"`{command} ([^`]*)`", text)[1].split())
        for command in ("apt-get install", "dnf install")
    )
    wanted = list(check_system.LIBRARIES.values())
    assert {package for package, _ in wanted} == apt - {"make", "python3", "python3-venv"}
    assert {package for _, package in wanted} == dnf - {"make", "python3"}
