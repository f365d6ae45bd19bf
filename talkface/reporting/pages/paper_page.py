"""The page of the papers' tables: one HTML file with every table, its figure and its notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from talkface.reporting.pages.downloads import embedded
from talkface.reporting.pages.page import embedded_json, inline, open_template
from talkface.reporting.tables.published import Published
from talkface.reporting.tables.views import TableView

TEMPLATE = Path(__file__).parent / "templates" / "paper.html.j2"


@dataclass(frozen=True)
class PageTable:
    """A table's name in paths, what its step wrote as JSON, its figure and its cards where it has some."""

    key: str
    content: Mapping[str, Any]
    figure: Path | None = None
    cards: Mapping[str, Any] | None = None


def render_paper(
    tables: Sequence[PageTable],
    *,
    title: str,
    template: Path,
    style: str,
    behaviour: str,
    published: Published,
) -> str:
    """The page's HTML, its figures inside. Every text is escaped but our own ``style`` and ``behaviour``."""
    return open_template(template).render(
        **inline(style, behaviour),
        title=title,
        demo=any(table.content["demo"] for table in tables),
        papers=[
            {"name": name, "title": paper.title, "venue": paper.venue, "reference": paper.reference}
            for name, paper in published.papers.items()
        ],
        contents=[(table.key, table.content["heading"]) for table in tables],
        tables=[_shown(table) for table in tables],
        cards=embedded_json({table.key: table.cards for table in tables if table.cards is not None}),
    )


def _shown(table: PageTable) -> dict[str, Any]:
    figure = None
    if table.figure is not None:
        heading = table.content["heading"]
        figure = {
            "alt": f"Dots with intervals: {heading}",
            "caption": "The table's rows, filled dots, and its controls, hollow ones, below the line. Bars: "
            "95 % intervals over speakers; ticks: single speakers, where they are too few for an interval. "
            "Published figures are not drawn: other split, labeller and crop.",
            "source": embedded(table.figure),
            "plotted": True,
        }
    return {
        "key": table.key,
        "heading": table.content["heading"],
        "views": [TableView.from_json(view) for view in table.content["views"]],
        "notes": table.content["notes"],
        "figure": figure,
    }
