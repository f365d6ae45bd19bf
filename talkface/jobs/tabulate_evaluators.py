"""Rule ``tabulate_evaluators``: how good our own evaluators are on clips that they have not seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from talkface.artifacts.schemas import SCORES
from talkface.artifacts.tables import read_frame, read_metadata
from talkface.config import Corpus
from talkface.reporting.files import write_text
from talkface.reporting.tables.evaluators import quality_tables
from talkface.reporting.tables.notes import Note
from talkface.reporting.tables.setting import DEMO
from talkface.reporting.tables.views import markdown_document

_NOTES: list[Note] = [
    (
        "Order",
        "LSE-C* does not change where the sound is shifted as a whole; so the own sound is compared with the "
        "shifted at offset 0, and the shifted with another clip's by LSE-C*",
    ),
    ("Clips", "true clips, none of which they were trained on; of a speaker at most 100"),
]


def tabulate_evaluators(
    *, scores: Sequence[Path], corpus: Corpus, networks: str, csv: Path, markdown: Path
) -> None:
    """Write a table for each evaluator: ``scores`` lie in folders of their names, one a table.

    ``networks``: the finished experiment that they are from, if any.
    """
    origin = f"of the finished experiment {networks}" if networks else "of the seen speakers"
    what = (
        f"networks of our own, trained on the training clips {origin} and on nothing else, and never part of "
        "a loss; their figures carry a star and compare with no published ones"
    )
    stamp = f" ({DEMO})" if corpus.demo else ""
    read = [
        (path.parent.name, read_frame(path, SCORES), read_metadata(path)["evaluator_sha256"])
        for path in scores
    ]
    notes = [("What they are", what), *_NOTES]
    views, rows = quality_tables(read, stamp)
    write_text(csv, rows.to_csv(index=False, float_format="%.6g"))
    write_text(markdown, markdown_document(f"Our own evaluators on {corpus.name}{stamp}", views, notes))
