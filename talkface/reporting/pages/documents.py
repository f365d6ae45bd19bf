"""A table's files: Markdown, LaTeX, and JSON from which the pages are made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from talkface.reporting.files import write_text
from talkface.reporting.tables.notes import Note
from talkface.reporting.tables.views import TableView, latex_document, markdown_document


def write_documents(
    views: Sequence[TableView],
    notes: Sequence[Note],
    *,
    title: str,
    heading: str,
    demo: bool,
    markdown: Path,
    tex: Path,
    content: Path,
    singles: Mapping[str, Any] | None = None,
) -> None:
    """Write the tables and what has to be said below them; ``heading`` is their name on a page.

    ``singles``: scores of single clips and speakers, for pages that show them.
    """
    write_text(markdown, markdown_document(title, views, notes))
    write_text(tex, latex_document(title, views, notes))
    page = {
        "title": title,
        "heading": heading,
        "demo": demo,
        "views": [view.to_json() for view in views],
        "notes": notes,
        **(singles or {}),
    }
    write_text(content, json.dumps(page, indent=1, ensure_ascii=False) + "\n")
