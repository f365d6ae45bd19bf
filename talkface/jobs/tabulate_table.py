"""Rule ``tabulate_table``: one of the papers' tables, filled with our numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from talkface.config import Perceptual, Sampler, Table
from talkface.metrics.catalogue import main_metrics, metric_named
from talkface.metrics.declaration import Measure
from talkface.preflight.source import REPOSITORY, git_commit
from talkface.reporting.files import write_text
from talkface.reporting.pages.documents import write_documents
from talkface.reporting.tables.aggregate import read_scores
from talkface.reporting.tables.cards import cards_of_table, write_cards
from talkface.reporting.tables.columns import RESULT_MEASURES, UNIT_MEASURES
from talkface.reporting.tables.notes import experiment_notes
from talkface.reporting.tables.paper_csv import table_csv
from talkface.reporting.tables.paper_table import speakers_view, table_view
from talkface.reporting.tables.published import PUBLISHED, corpora_beside, load_published
from talkface.reporting.tables.published_columns import PrintedColumns
from talkface.reporting.tables.setting import Setting
from talkface.reporting.tables.table_rows import by_speaker, measure_rows, printed_rows


def tabulate_table(
    *,
    scores: Sequence[Path],
    split: Path,
    histories: Sequence[Path],
    table: str,
    layout: Table,
    bounds: Sequence[str],
    setting: Setting,
    samplers: Mapping[str, Sampler],
    perceptual: Perceptual,
    csv: Path,
    markdown: Path,
    tex: Path,
    content: Path,
    cards: Path,
    published: Path = PUBLISHED,
) -> None:
    """Write the table as csv, Markdown, LaTeX and, for the page, as JSON; and ``cards`` of every figure.

    ``scores``: of the table's rows, the controls and one variant under another sound, all in its protocol.
    ``bounds``: variants that see what a method may not; they are shown, not ranked. ``samplers``: of the rows
    that sample. Raises ``ScoresError`` for a row without scores and ``PublishedError`` for an unknown id.
    """
    measures = UNIT_MEASURES if layout.columns == "units" else RESULT_MEASURES
    measured, papers = read_scores(scores), load_published(published)
    printed = PrintedColumns(
        papers, corpora_beside(setting.corpus.reader, setting.corpus.name), layout.columns == "units"
    )
    rows = printed_rows(
        layout.rows, list(measured["method"].unique()), papers, protocol=layout.protocol, bounds=bounds
    )
    filled, of_speakers = measure_rows(measured, rows, measures), by_speaker(measured, rows, measures)
    stamp = setting.stamp
    title = f"{layout.title}: {layout.source}, here {setting.experiment} on {setting.corpus.name}{stamp}"
    views = [
        table_view(
            table,
            f"{layout.title}{stamp}",
            filled,
            measures,
            printed,
            heading=setting.measured_here,
            protocol=layout.protocol,
        ),
        speakers_view(of_speakers, measures, stamp),
    ]
    shown = [view for view in views if view is not None]
    notes = experiment_notes(
        setting,
        split=split,
        protocols=[layout.protocol],
        samplers=samplers,
        perceptual=perceptual,
        histories=histories,
        clips=set(measured["clip"]),
        measures=measures,
    )
    context = setting.columns(protocol=layout.protocol, table=table)
    rows_csv = table_csv(filled, of_speakers, measures, printed, context)
    write_text(csv, rows_csv.to_csv(index=False, float_format="%.6g"))
    family_of = {own.key: name for name in main_metrics() for own in metric_named(name).measures}
    figures: dict[str, list[Measure]] = {}
    for own in measures:
        figures.setdefault(family_of.get(own.key, "aus"), []).append(own)
    write_cards(
        cards,
        cards_of_table(
            table, measured, scores, figures,
            split=split, setting=setting, samplers=samplers, commit=git_commit(REPOSITORY), films={},
        ),
    )  # fmt: skip
    write_documents(
        shown,
        notes,
        title=title,
        heading=f"{layout.title} ({layout.source})",
        demo=setting.corpus.demo,
        markdown=markdown,
        tex=tex,
        content=content,
    )
