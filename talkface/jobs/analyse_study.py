"""Rule ``analyse_study``: what people prefer, and which metrics agree with them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from talkface.config import Corpus, Study
from talkface.metrics.catalogue import metric_named
from talkface.reporting.files import write_text
from talkface.reporting.study import agreement, preferred, read_votes, study_views
from talkface.reporting.tables.aggregate import read_scores
from talkface.reporting.tables.setting import DEMO
from talkface.reporting.tables.views import markdown_document
from talkface.runtime.binding import OfConfig


def analyse_study(
    *,
    key: Path,
    scores: Sequence[Path],
    metrics: Sequence[str],
    corpus: Corpus,
    study: Annotated[Study, OfConfig()],
    csv: Path,
    agreement_csv: Path,
    markdown: Path,
) -> None:
    """Fit the methods' strengths to the votes in ``study.votes`` and compare each measure with the votes.

    ``key``: of the page; ``scores``: of the methods, one seed and protocol. Raises ``VotesError`` for files
    that are not votes of this study.
    """
    told = json.loads(key.read_text(encoding="utf-8"))
    votes = read_votes(study.votes.expanduser(), told)
    measures = [own for name in metrics for own in metric_named(name).measures]
    found = preferred(votes, told["methods"])
    agreeing = agreement(votes, read_scores(scores), measures)
    participants = len({vote.participant for vote in votes})
    stamp = f" ({DEMO})" if corpus.demo else ""
    write_text(csv, found.to_csv(index=False, float_format="%.6g"))
    write_text(agreement_csv, agreeing.to_csv(index=False, float_format="%.6g"))
    notes = [("Question", told["question"]), ("Votes", f"{len(votes)} of {participants} participants")]
    views = study_views(found, agreeing, participants, stamp)
    write_text(markdown, markdown_document(f"Study {told['study']}{stamp}", views, notes))
