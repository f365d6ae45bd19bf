"""The cache of matplotlib where the user's own folders may not be written."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from conftest import REPOSITORY

TOLD = "import os, json, talkface; print(json.dumps({k: os.environ.get(k) for k in %s}))"
VARIABLES = ("MPLCONFIGDIR",)
USED = """
import talkface, matplotlib.figure
matplotlib.figure.Figure().savefig("/dev/null", format="svg")
print("drawn")
"""


def run(code: str, *before: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    named = {"HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", *VARIABLES, *changes}
    environment = {name: value for name, value in os.environ.items() if name not in named}
    environment |= {"PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {name: value for name, value in changes.items() if value is not None}
    words = [*before, sys.executable, "-W", "error::UserWarning", "-c", code]
    return subprocess.run(words, env=environment, cwd="/", capture_output=True, text=True)


def moved(*before: str, **changes: str | None) -> dict[str, str | None]:
    done = run(TOLD % (VARIABLES,), *before, **changes)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def home():
    """A folder that others reach; pytest's own are closed to them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def assert_moved(found: dict[str, str | None], *names: str) -> None:
    assert {name for name, value in found.items() if value} == set(names), found
    assert all("talkface-caches-" in str(found[name]) for name in names)
    assert not any(Path(str(found[name])).exists() for name in names), "they go with the process"


def test_a_home_that_may_be_written_is_used(home):
    assert_moved(moved(HOME=str(home)))


@pytest.mark.parametrize("kind", ["a file", "below a file", "/proc"])
def test_a_home_that_is_no_folder(home, kind):
    (home / "file").touch()
    path = {"a file": home / "file", "below a file": home / "file" / "me", "/proc": "/proc"}[kind]
    assert_moved(moved(HOME=str(path)), *VARIABLES)


def test_only_what_is_closed_is_moved(home):
    (home / "file").touch()
    assert_moved(moved(HOME=str(home), XDG_CONFIG_HOME=str(home / "file")), "MPLCONFIGDIR")
    open_ones = {"XDG_CONFIG_HOME": str(home / "config"), "XDG_CACHE_HOME": str(home / "cache")}
    assert_moved(moved(HOME=str(home / "file"), **open_ones))
    assert_moved(moved(HOME=str(home), XDG_CACHE_HOME=str(home / "file")), "MPLCONFIGDIR")


def test_what_the_user_sets_stays(home):
    (home / "file").touch()
    found = moved(HOME=str(home / "file"), MPLCONFIGDIR=str(home))
    assert found == dict.fromkeys(VARIABLES, str(home))


@pytest.mark.parametrize("kind", ["absent", "read-only", "another's cache", "unknown user"])
def test_a_user_who_may_not_write(home, kind, as_nobody):
    nobody = as_nobody
    changes: dict[str, str | None] = {"HOME": str(home)}
    if kind == "absent":
        changes["HOME"] = "/nonexistent"
    elif kind == "another's cache":  # as sudo leaves it behind
        home.chmod(0o777)
        (home / ".config").mkdir()
        (home / ".cache" / "matplotlib").mkdir(parents=True)
        for folder in (".config", ".cache"):
            (home / folder).chmod(0o777)
    elif kind == "unknown user":  # a container with --user
        nobody, changes = ("setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"), {}
    assert_moved(moved(*nobody, **changes), *VARIABLES)


def test_without_a_temporary_folder_nothing_is_moved(home, as_nobody):
    code = "import tempfile; tempfile.tempdir = '/nonexistent'; " + TOLD % (VARIABLES,)
    done = run(code, *as_nobody, HOME="/nonexistent")
    assert json.loads(done.stdout) == dict.fromkeys(VARIABLES), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["absent", "read-only"])
def test_matplotlib_runs_without_a_word(home, kind, as_nobody):
    done = run(USED, *as_nobody, HOME="/nonexistent" if kind == "absent" else str(home))
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "drawn", "")
