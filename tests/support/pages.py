"""The examples of a page of the documents: files by name, and what stands in other blocks."""

import re
import shutil
import subprocess
from pathlib import Path

from conftest import REPOSITORY

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
