"""Rule ``tabulate_external``: what became of the films of other systems."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from talkface.config import Corpus
from talkface.reporting.files import write_text
from talkface.reporting.tables.external_films import films_note, films_view, read_films
from talkface.reporting.tables.setting import DEMO
from talkface.reporting.tables.views import markdown_document


def tabulate_external(*, films: Sequence[Path], corpus: Corpus, csv: Path, markdown: Path) -> None:
    """Write a row for each evaluated clip and system. ``films``: FILM_CHECKS of all shards and systems."""
    found = read_films(films)
    title = "Films of other systems" + (f" ({DEMO})" if corpus.demo else "")
    write_text(csv, found.to_csv(index=False, float_format="%.6g"))
    notes = [("In short", films_note(found))]
    write_text(markdown, markdown_document(title, [films_view(found, title)], notes))
