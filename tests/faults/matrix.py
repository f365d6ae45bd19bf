"""docs/faults.md: written from what the suite saw, and read back to hold it to the registry."""

import hashlib
import importlib
from collections.abc import Mapping

from conftest import REPOSITORY

from faults.registry import GROUPS, MODULES, REGISTERED, Fault

PAGE = REPOSITORY / "docs" / "faults.md"
NOTHING = "nothing"
NOT_RUN = "not run"
_HEAD = """\
# Faults

What goes wrong on purpose, and what comes of it. The suite in `tests/faults/` injects each fault into a copy
of the micro experiment, a tiny folder of clips or a small disk, and wrote this page from what it saw: {count}
faults on {date} at commit {commit}.

    python -m pytest tests/faults                         # those that take seconds
    python -m pytest tests/faults -m '' --write-matrix    # all of them, and this page anew

*Lost* are artifacts that were finished before the fault and are not there, or not the same, afterwards. The
last column says what a rerun gave once the cause was removed.
"""
_COLUMNS = (
    "| fault | injected how | outcome observed | lost | after removing the fault |\n|---|---|---|---|---|\n"
)


def registered() -> dict[str, Fault]:
    """All faults by name, in the order of groups."""
    for module in MODULES:
        importlib.import_module(f"faults.test_{module}")
    return {f.name: f for group in GROUPS for f in REGISTERED.values() if f.group == group}


def version() -> str:
    """A hash of package and suite: what was seen of other code does not count."""
    digest = hashlib.sha256()
    own = {"conftest.py", "matrix.py", "test_matrix.py"}  # how it is written down
    for folder in ("talkface", "rules", "workflow_scripts", "tests/faults"):
        for path in sorted((REPOSITORY / folder).rglob("*")):
            if path.suffix in {".py", ".smk"} and path.name not in own:
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cell(text: str) -> str:
    """Text as one cell of a Markdown table."""
    line = " ".join(text.split())
    for character in "\\|<*_`$":
        line = line.replace(character, f"\\{character}" if character != "<" else "&lt;")
    return line


def page(outcomes: Mapping[str, Mapping], date: str, commit: str) -> str:
    """The page; a fault without an outcome is said not to have been run."""
    faults = registered()
    text = _HEAD.format(count=len(outcomes), date=date, commit=commit)
    for group in GROUPS:
        rows = [fault for fault in faults.values() if fault.group == group]
        text += f"\n## {group}\n\n{_COLUMNS}" if rows else ""
        for fault in rows:
            seen = outcomes.get(fault.name, {"observed": NOT_RUN, "lost": [NOT_RUN], "after": NOT_RUN})
            lost = ", ".join(seen["lost"]) or NOTHING
            cells = (fault.injected, seen["observed"], lost, seen["after"])
            text += f"| `{fault.name}` | " + " | ".join(map(cell, cells)) + " |\n"
    return text


def rows_of(text: str) -> dict[str, list[str]]:
    """Fault -> the other cells of its row."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    cells = [[part.strip() for part in line.strip("| ").split(" | ")] for line in lines]
    return {row[0].strip("`"): row[1:] for row in cells}
