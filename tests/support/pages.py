"""The examples of a page of the documents: files by name, and what stands in other blocks."""

import re
from pathlib import Path

from conftest import REPOSITORY

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
