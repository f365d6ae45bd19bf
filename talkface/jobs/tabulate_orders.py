"""Rule ``tabulate_orders``: do the metrics order the control rows as they declare?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from talkface.metrics.catalogue import metric_named
from talkface.preflight.source import REPOSITORY, git_commit
from talkface.reporting.files import write_text
from talkface.reporting.tables.aggregate import read_scores
from talkface.reporting.tables.cards import cards_of_table, measures_of, write_cards
from talkface.reporting.tables.orders import (
    OrdersError,
    blind_view,
    contradicted,
    matrix_view,
    rows_view,
    verdict_rows,
    verdicts,
)
from talkface.reporting.tables.setting import Setting
from talkface.reporting.tables.views import markdown_document


def tabulate_orders(
    *,
    scores: Sequence[Path],
    metrics: Sequence[str],
    shift_frames: int,
    must_hold: bool,
    split: Path,
    setting: Setting,
    csv: Path,
    markdown: Path,
    content: Path,
    cards: Path,
) -> None:
    """Hold each measure of the named ``metrics`` to its orders; write the matrix, its figures and the rows.

    ``scores``: those of the control rows, of one seed and protocol. ``must_hold``: a contradicted order is an
    error. ``cards``: of every figure.

    Raises:
        OrdersError: an order is contradicted, and ``must_hold``; nothing is written.
    """
    measured, corpus = read_scores(scores), setting.corpus
    rows = list(dict.fromkeys(measured["method"]))
    measures = [own for name in metrics for own in metric_named(name).measures]
    found = verdicts(measured, measures, rows)
    wrong = contradicted(found)
    if wrong and must_hold:
        lines = "\n  ".join(wrong)
        raise OrdersError(
            f"{len(wrong)} orders of control rows are contradicted on corpus '{corpus.name}':\n  {lines}\n"
            "Repair the metric, or take the order out of its declaration and say in `blind` why; with "
            "metrics.orders_must_hold: never the tables are made all the same"
        )
    stamp = setting.stamp
    title = f"Orders of control rows on {corpus.name}{stamp}"
    views = [
        matrix_view(found, measures, title),
        rows_view(measured, measures, rows, f"Control rows{stamp}"),
        blind_view(measures, "What each measure is"),
    ]
    notes = [
        ("Contradicted on this corpus", "; ".join(wrong) or "none"),
        ("Shift", f"the rows early and late are {shift_frames} frames off"),
    ]
    write_text(csv, verdict_rows(found).to_csv(index=False, float_format="%.6g"))
    write_text(markdown, markdown_document(title, views, notes))
    whole = {
        "title": title, "demo": corpus.demo, "contradicted": wrong, "notes": notes,
        "views": [view.to_json() for view in views],
    }  # fmt: skip
    write_cards(
        cards,
        cards_of_table(
            "orders", measured, scores, measures_of(metrics),
            split=split, setting=setting, samplers={}, commit=git_commit(REPOSITORY), films={},
        ),
    )  # fmt: skip
    write_text(content, json.dumps(whole, indent=1, ensure_ascii=False) + "\n")
