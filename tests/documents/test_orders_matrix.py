"""docs/measurement.md names every declared order, and against what every measure is checked."""

import re

from conftest import REPOSITORY

from talkface.metrics.catalogue import known_metrics


def short(row):
    return "truth" if row == "ground_truth" else row.replace("_", " ")


def test_the_page_names_every_declared_order_and_no_other():
    page = (REPOSITORY / "docs/measurement.md").read_text(encoding="utf-8")
    head, rows = re.findall(r"^\| measure (\|.*)\|\n\|[-|]+\n((?:\|.*\n)+)", page, re.M)[0]
    columns = [cell.strip() for cell in head.strip("| ").split("|")]
    shown = set()
    for line in rows.splitlines():
        name, *cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        assert set(cells) <= {"", "both", "real", "unclear", "NO", "not run"} and len(cells) == len(columns)
        shown |= {(name, column) for column, cell in zip(columns, cells, strict=True) if cell}
    declared = {
        (own.header, f"{short(better)} > {short(worse)}")
        for metric in known_metrics().values()
        for own in metric.measures
        for better, worse in own.orders
    }
    assert shown == declared


def test_the_page_says_of_every_measure_against_what_it_is_checked():
    page = (REPOSITORY / "docs/measurement.md").read_text(encoding="utf-8")
    [rows] = re.findall(r"^\| measures \| compared with .*\n\|[-|]+\n((?:\|.*\n)+)", page, re.M)
    tests = {
        name
        for path in (REPOSITORY / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.M)
    }
    checked = []
    for line in rows.splitlines():
        names, _, tolerance, by = (cell.strip() for cell in line.strip("|").split("|"))
        checked += names.replace("\\*", "*").split("; ")
        assert tolerance
        found = re.findall(r"`(\w+)`", by)
        assert found and tests.issuperset(found), f"{names}: {set(found) - tests} are no tests"
    declared = [own.header for metric in known_metrics().values() for own in metric.measures]
    assert sorted(checked) == sorted(declared)
