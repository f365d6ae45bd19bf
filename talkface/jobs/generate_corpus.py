"""Rule ``generate_corpus``: a shard's speakers of the embedded demo corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from talkface.artifacts.schemas import AU_TRUTH
from talkface.artifacts.tables import TableWriter
from talkface.config import Corpus
from talkface.corpora.synthetic.corpus import (
    SyntheticError,
    make_clip,
    make_speaker,
    prepare_folder,
    sentences_of,
    truth_rows,
    write_clip,
)
from talkface.corpora.synthetic.names import speaker_names
from talkface.runtime.binding import OfConfig
from talkface.runtime.logs import progress


def generate_corpus(*, corpus: Annotated[Corpus, OfConfig()], speakers: list[str], truth: Path) -> None:
    """Make synthetic speakers' clips and transcripts under ``corpus.root`` and, last, their truth.

    Args:
        corpus: its ``synthetic`` section says how many speakers and clips, and the seed.
        speakers: some of ``talkface.corpora.list_speakers``: ``s1`` to ``sN`` in GRID's layout.
        truth: target of schema AU_TRUTH; it is whole only when all clips are.

    Raises:
        SyntheticError: the corpus is not synthetic, has no such speaker, or its folder holds foreign files.
        MediaError: a clip cannot be encoded.
    """
    plan = corpus.synthetic
    if plan is None:
        raise SyntheticError(f"corpus '{corpus.name}': corpus.synthetic is not given, nothing to generate")
    names = speaker_names(plan)
    root = Path(corpus.root)
    metadata = {"synthetic": plan.model_dump(mode="json"), "speakers": speakers, "fps": 25}
    with TableWriter(truth, AU_TRUTH, metadata) as writer:
        for speaker in speakers:
            if speaker not in names:
                raise SyntheticError(
                    f"corpus '{corpus.name}': no speaker '{speaker}', it has {names[0]} to {names[-1]}"
                )
            who = make_speaker(plan.seed, names.index(speaker) + 1, plan.layout)
            sentences = sentences_of(who, plan.clips_per_speaker)
            prepare_folder(root, who, (sentence.name for sentence in sentences))
            for sentence in progress(sentences, what=f"clips of {speaker}"):
                clip = make_clip(who, sentence)
                write_clip(root, who, clip)
                writer.write(truth_rows(who, clip))
