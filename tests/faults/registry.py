"""What the fault suite injects: every fault is declared here by the module that injects it.

A fault is one case of a parametrised test. The test fills in its :class:`Outcome`; what it saw becomes a row
of docs/faults.md (``python -m pytest tests/faults --write-matrix``).
"""

from dataclasses import dataclass, field

import pytest

GROUPS = (
    "Killed jobs",
    "Storage",
    "Damaged files",
    "Hostile files",
    "Odd clips",
    "Odd names",
    "Training",
)
MODULES = (
    "killed_jobs", "storage", "damaged_files", "hostile_files", "odd_clips", "odd_names", "failing_training",
)  # fmt: skip
"""The suite's test modules, without their ``test_``."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    name: str
    group: str
    injected: str  # how, in one sentence
    expected: str  # what must come of it, in one sentence


@dataclass
class Outcome:
    """What a test saw of its fault."""

    observed: str = ""
    lost: list[str] = field(default_factory=list)  # artifacts that the fault cost; the test fails if any
    after: str = ""  # what came when the fault was removed


REGISTERED: dict[str, Fault] = {}


def declare(group: str, *rows: tuple[str, str, str]) -> list[Fault]:
    """Register faults (name, injected, expected) of one group."""
    assert group in GROUPS
    faults = [Fault(name, group, injected, expected) for name, injected, expected in rows]
    for fault in faults:
        assert fault.name not in REGISTERED or REGISTERED[fault.name] == fault, f"{fault.name} twice"
        REGISTERED[fault.name] = fault
    return faults


def each(faults: list[Fault]) -> pytest.MarkDecorator:
    """A test's case for each fault; the case's argument is ``fault``."""
    return pytest.mark.parametrize("fault", faults, ids=[fault.name for fault in faults])
