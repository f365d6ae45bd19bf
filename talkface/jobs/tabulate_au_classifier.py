"""Rule ``tabulate_au_classifier``: the AU classifier on true test frames, beside the papers' figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from talkface.preflight.source import REPOSITORY, git_commit
from talkface.reporting.files import write_text
from talkface.reporting.pages.documents import write_documents
from talkface.reporting.tables.aggregate import TRUE_FRAMES, read_classifier_scores
from talkface.reporting.tables.cards import cards_of_table, write_cards
from talkface.reporting.tables.classifier_rows import CLASSIFIER, ROWS, with_constant_answers
from talkface.reporting.tables.columns import UNIT_MEASURES
from talkface.reporting.tables.notes import experiment_notes
from talkface.reporting.tables.paper_csv import table_csv
from talkface.reporting.tables.paper_table import speakers_view, table_view
from talkface.reporting.tables.published import PUBLISHED, corpora_beside, load_published
from talkface.reporting.tables.published_columns import PrintedColumns
from talkface.reporting.tables.setting import Setting
from talkface.reporting.tables.table_rows import by_speaker, measure_rows


def tabulate_au_classifier(
    *,
    scores: Sequence[Path],
    split: Path,
    histories: Sequence[Path],
    setting: Setting,
    csv: Path,
    markdown: Path,
    tex: Path,
    content: Path,
    cards: Path,
    published: Path = PUBLISHED,
) -> None:
    """Write F1 and accuracy of each AU on true frames as csv, Markdown, LaTeX and, for the page, as JSON.

    ``cards``: of every figure.
    ``scores``: the classifier's, one table a seed, beside its weights. The labeller's answers on the same
    frames count as the truth. Raises ``ScoresError`` where there is nothing to tabulate.
    """
    measured = with_constant_answers(read_classifier_scores(scores))
    papers = load_published(published)
    printed = PrintedColumns(papers, corpora_beside(setting.corpus.reader, setting.corpus.name), units=True)
    rows = measure_rows(measured, ROWS, UNIT_MEASURES)
    of_speakers = by_speaker(measured, ROWS, UNIT_MEASURES)
    stamp = setting.stamp
    title = f"AU classifier on true frames: {setting.experiment} on {setting.corpus.name}{stamp}"
    views = [
        table_view(
            CLASSIFIER,
            f"AU classifier on true frames{stamp}",
            rows,
            UNIT_MEASURES,
            printed,
            heading=setting.measured_here,
            protocol=TRUE_FRAMES,
        ),
        speakers_view(of_speakers, UNIT_MEASURES, stamp),
    ]
    shown = [view for view in views if view is not None]
    notes = experiment_notes(
        setting,
        split=split,
        protocols=[TRUE_FRAMES],
        samplers=None,
        perceptual=None,
        histories=histories,
        clips=set(measured["clip"]),
        measures=UNIT_MEASURES,
    )
    context = setting.columns(table=CLASSIFIER)
    rows_csv = table_csv(rows, of_speakers, UNIT_MEASURES, printed, context)
    write_text(csv, rows_csv.to_csv(index=False, float_format="%.6g"))
    write_cards(
        cards,
        cards_of_table(
            CLASSIFIER, measured, scores, {"aus": UNIT_MEASURES},
            split=split, setting=setting, samplers={}, commit=git_commit(REPOSITORY), films={},
        ),
    )  # fmt: skip
    write_documents(
        shown,
        notes,
        title=title,
        heading="AU classifier on true frames",
        demo=setting.corpus.demo,
        markdown=markdown,
        tex=tex,
        content=content,
    )
