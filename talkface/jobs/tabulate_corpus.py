"""Rule ``tabulate_corpus``: what became of every listed clip, per speaker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from talkface.artifacts.schemas import CHECKS, SPLIT
from talkface.artifacts.tables import read_frame
from talkface.config import Corpus
from talkface.reporting.files import write_text
from talkface.reporting.pages.documents import write_documents
from talkface.reporting.tables.corpus_summary import corpus_view, summarise_corpus
from talkface.reporting.tables.setting import DEMO


def tabulate_corpus(
    *,
    split: Path,
    checks: Sequence[Path],
    corpus: Corpus,
    csv: Path,
    markdown: Path,
    tex: Path,
    content: Path,
) -> None:
    """Count each speaker's clips: listed, usable, failed by reason, and in each part of the split.

    ``checks``: what decoding and face tracking found, per speaker. ``content``: the table as JSON for the
    page.
    """
    summary = summarise_corpus(read_frame(split, SPLIT), [read_frame(path, CHECKS) for path in checks])
    title = f"Corpus {corpus.name}: what became of every clip" + (f" ({DEMO})" if corpus.demo else "")
    view = corpus_view(summary, title)
    write_text(csv, summary.to_csv(index=False))
    write_documents(
        [view],
        [],
        title=title,
        heading=corpus.name,
        demo=corpus.demo,
        markdown=markdown,
        tex=tex,
        content=content,
    )
