"""Rule ``list_clips``: the raw clips of a shard's speakers, as a table."""

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


def list_clips(*, corpus: Annotated[Corpus, OfConfig()], speakers: list[str], clips: Path) -> None:
    """Write the table CLIPS; a speaker without clips has no rows in it.

    Raises:
        CorpusError: no such root or speaker folder.
    """
    rows = []
    for speaker in speakers:
        own = corpora.list_clips(corpus, speaker)
        if not own:
            logger.warning("speaker %s has no clips under %s", speaker, corpus.root)
        without_words = sum(not row["words"] for row in own)
        logger.info("speaker %s: %d clips, %d of them without a transcript", speaker, len(own), without_words)
        rows += own
    # The root stays out: where the clips lie changes nothing.
    metadata = {"speakers": speakers, "corpus": corpus.name, "reader": corpus.reader}
    write_table(clips, CLIPS, rows, metadata)
