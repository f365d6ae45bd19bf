"""Rule ``list_clips``: one speaker's raw clips, as a table."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

from talkface import corpora
from talkface.artifacts.schemas import CLIPS
from talkface.artifacts.tables import write_table
from talkface.config import Corpus
from talkface.runtime.binding import OfConfig

logger = logging.getLogger(__name__)


def list_clips(*, corpus: Annotated[Corpus, OfConfig()], speaker: str, clips: Path) -> None:
    """Write the table CLIPS of one speaker; a speaker without clips gives an empty table.

    Raises:
        CorpusError: no such root or speaker folder.
    """
    rows = corpora.list_clips(corpus, speaker)
    if not rows:
        logger.warning("speaker %s has no clips under %s", speaker, corpus.root)
    without_words = sum(not row["words"] for row in rows)
    logger.info("speaker %s: %d clips, %d of them without a transcript", speaker, len(rows), without_words)
    # The root stays out: where the clips lie changes nothing.
    metadata = {"speaker": speaker, "corpus": corpus.name, "reader": corpus.reader}
    write_table(clips, CLIPS, rows, metadata)
