"""The examples of a page of the documents: files by name, and what stands in other blocks."""

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from conftest import REPOSITORY
from workspace import copy_workspace, environment, scheduled

from talkface.acceptance.smallest import copy_workflow

_END = re.compile(r"^At the end of `([\w./]+)`:\n\n```\w+\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


def files_of(page: str) -> dict[str, str]:
    """Path -> content, for each block that follows a line with nothing but a file's name."""
    return dict(_FILE.findall((REPOSITORY / "docs" / page).read_text()))


def blocks_of(page: str, language: str) -> list[str]:
    """The other blocks in a language."""
    text = _FILE.sub("", (REPOSITORY / "docs" / page).read_text())
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def add_files(page: str, folder: Path) -> list[Path]:
    """Write the page's files into a copy of the tree; none of them may be there already."""
    written = []
    for name, content in files_of(page).items():
        path = folder / name
        assert not path.exists(), f"{name} is there already"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        written.append(path)
    return written


def append_to_files(page: str, folder: Path) -> list[Path]:
    """Add the blocks that stand "At the end of" a file to the files of a copy of the tree."""
    edited = []
    for name, content in _END.findall((REPOSITORY / "docs" / page).read_text()):
        path = folder / name
        path.write_text(f"{path.read_text()}\n\n{content}")
        edited.append(path)
    return edited


def copy_tree(folder: Path) -> Path:
    """All files of the repository as they are now, but for those that git ignores."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (REPOSITORY / name).is_file() or (REPOSITORY / name).is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, folder / name, follow_symlinks=False)
    return folder


def python(folder: Path, *words: str) -> subprocess.CompletedProcess:
    """``python -m`` in a copy of the tree, with the copy's own package."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder, env=environment() | {"PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def check_code(folder: Path, touched: Sequence[Path], *more_tests: str) -> None:
    """The test that a page adds passes, others too, and its code is as the linter wants it."""
    [test] = [path for path in touched if path.is_relative_to(folder / "tests")]
    done = python(folder, "pytest", "-p", "no:cacheprovider", str(test), *more_tests)
    assert done.returncode == 0, done.stdout[-3000:]
    code = [str(path) for path in touched if path.suffix == ".py"]
    for words in (("ruff", "check", "--no-cache"), ("ruff", "format", "--check", "--no-cache")):
        done = python(folder, *words, *code)
        assert done.returncode == 0, done.stdout


def beside_finished(finished: Path, checkout: Path, folder: Path) -> Path:
    """A finished experiment under a page's workflow; of what was finished nothing runs again."""
    copy_workspace(finished, folder)
    copy_workflow(REPOSITORY, folder)
    before = scheduled(folder)
    copy_workflow(checkout, folder)
    again = {rule: count for rule, count in scheduled(folder).items() if before[rule] == count}
    assert again == before, "what was finished does not run again"
    return folder
