"""docs/faults.md lists exactly the faults that the suite injects, and nothing was lost in any."""

import pytest

from faults.matrix import NOT_RUN, NOTHING, PAGE, page, registered, rows_of


def test_the_page_lists_exactly_the_registered_faults(request):
    if request.config.getoption("--write-matrix", False):
        pytest.skip("the page is written when this session ends")
    rows = rows_of(PAGE.read_text(encoding="utf-8"))
    assert list(rows) == list(registered()), "python -m pytest tests/faults --write-matrix"


def test_every_row_says_that_nothing_was_lost():
    """A row may say that its fault could not be run, such as a full disk without root."""
    rows = rows_of(PAGE.read_text(encoding="utf-8"))
    run = {name: row for name, row in rows.items() if row[1] != NOT_RUN}
    assert len(run) >= 40
    for name, (injected, observed, lost, after) in run.items():
        assert lost == NOTHING, name
        assert injected and observed and after, name


def test_what_is_written_is_read():
    seen = {name: {"observed": "a | b\nc", "lost": [], "after": "`x`"} for name in registered()}
    rows = rows_of(page(seen, "2000-01-01", "abc"))
    assert list(rows) == list(registered())
    assert {tuple(row[1:]) for row in rows.values()} == {("a \\| b c", NOTHING, "\\`x\\`")}
