"""Rule ``gather_other_sounds``: sounds that speakers with a single clip borrow of others, as one table."""

from __future__ import annotations

from pathlib import Path

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import BY_NAME, SPLIT
from talkface.artifacts.tables import TableWriter, read_table
from talkface.config import Evaluation
from talkface.evaluation.score_rows import tables_by_clip
from talkface.evaluation.selection import borrowed_sounds


def gather_other_sounds(
    *, tables: list[Path], split: Path, part: str, evaluation: Evaluation, gathered: Path
) -> None:
    """Copy the rows of the clips of :func:`talkface.evaluation.selection.borrowed_sounds`.

    ``part``: the schema of the tables: MEL, AUS or AU_FEATURES. Where every speaker has two clips, which is
    usual, nothing is borrowed and the table is empty. Raises ``ValueError`` for a corpus of a single clip.
    """
    schema = BY_NAME[part]
    borrowed = borrowed_sounds(read_table(split, SPLIT), evaluation)
    home = tables_by_clip(tables, schema) if borrowed else {}
    with TableWriter(gathered, schema, {"data": data_hashes([*tables, split], gathered)}) as writer:
        for clip in borrowed:
            writer.write(home[clip].read(clip))
