"""The suite's option, and the recording of what its tests saw."""

import datetime
import subprocess

import pytest
from conftest import REPOSITORY

from faults import matrix
from faults.registry import Outcome

_KEY = "talkface/faults/"
_OUTCOME = pytest.StashKey[Outcome]()


def pytest_addoption(parser):
    parser.addoption(
        "--write-matrix", action="store_true", help="write docs/faults.md from what the fault suite saw"
    )


@pytest.fixture
def outcome(request) -> Outcome:
    """What the test says it saw; it counts when the test passes and nothing was lost."""
    seen = Outcome()
    request.node.stash[_OUTCOME] = seen
    return seen


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    seen = item.stash.get(_OUTCOME, None)
    if call.when == "call" and report.passed and seen is not None:
        assert seen.observed and seen.after, f"{item.nodeid} did not say what it saw"
        if item.config.getoption("--write-matrix", False):
            name = item.callspec.params["fault"].name
            item.config.cache.set(_KEY + name, {**vars(seen), "version": matrix.version()})
    return report


def pytest_sessionfinish(session, exitstatus):
    """Write the page from what was seen of this version of the code, in this session or an earlier one."""
    config = session.config
    if not config.getoption("--write-matrix", False):
        return
    kept = {name: config.cache.get(_KEY + name, {}) for name in matrix.registered()}
    seen = {name: row for name, row in kept.items() if row.get("version") == matrix.version()}
    matrix.PAGE.write_text(matrix.page(seen, datetime.date.today().isoformat(), _commit()), encoding="utf-8")
    absent = [name for name in kept if name not in seen]
    say = config.get_terminal_writer().line
    say(f"\nwrote {matrix.PAGE}: {len(seen)} faults seen, not seen: {', '.join(absent) or 'none'}")


def _commit() -> str:
    named = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=REPOSITORY, capture_output=True, text=True
    )
    return named.stdout.strip() or "unknown"
