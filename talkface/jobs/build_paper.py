"""Rule ``build_paper``: the page that holds the papers' tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from talkface.reporting.files import write_text
from talkface.reporting.pages.page import BEHAVIOUR, STYLE
from talkface.reporting.pages.paper_page import TEMPLATE, PageTable, render_paper
from talkface.reporting.tables.published import PUBLISHED, load_published


def build_paper(
    *,
    contents: Sequence[Path],
    figures: Sequence[Path],
    figure_cards: Sequence[Path],
    experiment: str,
    corpus: str,
    page: Path,
    published: Path = PUBLISHED,
    template: Path = TEMPLATE,
    style: Path = STYLE,
    behaviour: Path = BEHAVIOUR,
) -> None:
    """Write one HTML file that holds every table, its figure and notes and needs no network.

    ``contents``: the tables' JSON, in the page's order. ``figures``: of the same names; one may be missing.
    ``figure_cards``: the cards of the tables, ``{table}.cards.json``.
    """
    drawn = {path.stem: path for path in figures}
    cards = {
        path.name.removesuffix(".cards.json"): json.loads(path.read_text(encoding="utf-8"))
        for path in figure_cards
    }
    tables = [
        PageTable(
            path.stem,
            json.loads(path.read_text(encoding="utf-8")),
            drawn.get(path.stem),
            cards.get(path.stem),
        )
        for path in contents
    ]
    html = render_paper(
        tables,
        title=f"The papers' tables: {experiment} on {corpus}",
        template=template,
        style=style.read_text(encoding="utf-8"),
        behaviour=behaviour.read_text(encoding="utf-8"),
        published=load_published(published),
    )
    write_text(page, html)
