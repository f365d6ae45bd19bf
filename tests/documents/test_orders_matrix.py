"""The matrix of metrics and orders in docs/measurement.md is that of the declarations."""

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
        assert set(cells) <= {"", "both", "real", "not run"} and len(cells) == len(columns)
        shown |= {(name, column) for column, cell in zip(columns, cells, strict=True) if cell}
    declared = {
        (own.header, f"{short(better)} > {short(worse)}")
        for metric in known_metrics().values()
        for own in metric.measures
        for better, worse in own.orders
    }
    assert shown == declared
