import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_configure(config):
    """A warning that our own code causes is an error here, before users read it in their first run."""
    config.addinivalue_line("filterwarnings", r"error:::talkface\..*")
    # One thread a process of tests and of what it starts, read by numpy and torch when they are imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items):
    """The longest files first, so that no process is left alone with one at the end.

    The first of them makes the finished experiment; meanwhile other processes run slow files without it.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    experiment = [item.path for item in items if item.path in slow and "finished_micro" in item.fixturenames]

    def place(item) -> int:
        if item.path not in slow:
            return 3
        if item.path not in experiment:
            return 1
        return 0 if item.path == experiment[0] else 2

    items.sort(key=place)


@pytest.fixture(scope="session", autouse=True)
def single_thread():
    import torch

    torch.set_num_threads(1)


@pytest.fixture
def truth(tmp_path):
    """The tables of the tiny corpus: (clips, split, {speaker: {schema: path}})."""
    from tiny_corpus import write_truth

    return write_truth(tmp_path)


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def as_nobody() -> tuple[str, ...]:
    """Words before a command that run it as a user without rights, where that can be done."""
    words = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    if os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("needs root and setpriv")
    needed = [*words, sys.executable, "-c", "import pydantic, talkface.config"]
    if subprocess.run(needed, capture_output=True, cwd=REPOSITORY).returncode:
        pytest.skip("this environment or repository lies in a folder that other users may not read")
    return words


@pytest.fixture(scope="session")
def real_clips() -> Path:
    """The folder of real clips, outside the repository; tests that need it skip where it is absent."""
    named = os.environ.get("TALKFACE_REAL_CLIPS")
    if not named:
        pytest.skip("TALKFACE_REAL_CLIPS is not set: no real clips on this machine")
    folder = Path(named)
    if not (folder / "grid").is_dir():
        pytest.skip(f"TALKFACE_REAL_CLIPS={named} has no folder 'grid'")
    return folder


def made_once(tmp_path_factory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that one of pytest-xdist's processes makes for all of them; not to be changed."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder, whole = base / name, base / f"{name}.whole"
    with FileLock(base / f"{name}.lock"):
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            whole.touch()
    return folder


@pytest.fixture(scope="session")
def finished_micro(tmp_path_factory) -> Path:
    """A copy of the workflow in which the micro demo has run to its end; copy it to change it.

    .ci/run has made one already and names it by TALKFACE_MICRO_WORKSPACE.
    """
    named = os.environ.get("TALKFACE_MICRO_WORKSPACE")
    if named:
        return Path(named)
    from workspace import make_workspace, snakemake

    def make(folder: Path) -> None:
        done = snakemake(make_workspace(folder), "--cores", str(min(os.cpu_count() or 1, 4)))
        assert done.returncode == 0, done.stdout[-4000:]

    return made_once(tmp_path_factory, "micro", make)


@pytest.fixture(scope="session")
def finished_tables(finished_micro, tmp_path_factory) -> Path:
    """The same with a few rows of the papers' tables; .ci/run names one by TALKFACE_TABLES_WORKSPACE."""
    named = os.environ.get("TALKFACE_TABLES_WORKSPACE")
    if named:
        return Path(named)
    from workspace import copy_workspace

    from talkface.acceptance.smallest import run_smallest

    def make(folder: Path) -> None:
        run_smallest(copy_workspace(finished_micro, folder), min(os.cpu_count() or 1, 4))

    return made_once(tmp_path_factory, "micro_tables", make)


@pytest.fixture(scope="session")
def spoken():
    """Drawn speech of three speakers: (mesh and crops of every second frame, true intensities) for each."""
    from drawn_speech import drawn_speech

    return drawn_speech()


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A drawn experiment and all that the jobs of reporting make of it; not to be changed."""
    from finished_report import finished_report
    from report_inputs import Experiment

    place = "test/tiny"
    return Experiment(
        made_once(tmp_path_factory, "results", lambda folder: finished_report(folder / place)) / place
    )
