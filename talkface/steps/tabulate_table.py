"""Step: one of the papers' tables, filled with our numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from talkface.config import AuLabels, Corpus, Evaluation, Perceptual, Sampler, Split, Table
from talkface.reporting.aggregate import read_scores
from talkface.reporting.documents import write_documents
from talkface.reporting.files import write_text
from talkface.reporting.measures import RESULT_MEASURES, UNIT_MEASURES
from talkface.reporting.notes import DEMO, experiment_notes, labeller_name, read_budgets
from talkface.reporting.paper_csv import table_csv
from talkface.reporting.paper_table import speakers_view, table_view
from talkface.reporting.printed_columns import PrintedColumns
from talkface.reporting.published import corpora_beside, load_published
from talkface.reporting.table_rows import by_speaker, measure_rows, printed_rows
from talkface.schemas import SPLIT
from talkface.tables import read_frame


def tabulate_table(
    *,
    scores: Sequence[Path],
    split: Path,
    histories: Sequence[Path],
    published: Path,
    name: str,
    table: Table,
    bounds: Sequence[str],
    experiment: str,
    corpus: Corpus,
    split_name: str,
    chosen_split: Split,
    aus: AuLabels,
    evaluation: Evaluation,
    samplers: Mapping[str, Sampler],
    perceptual: Perceptual,
    seeds: Sequence[int],
    code: str,
    csv: Path,
    markdown: Path,
    tex: Path,
    content: Path,
) -> None:
    """Write the table as csv, Markdown, LaTeX and, for the page, as JSON.

    ``scores``: of the table's rows, the controls and one variant under another sound, all in its protocol.
    ``bounds``: variants that see what a method may not; they are shown, not ranked. ``samplers``: of the rows
    that sample. Raises ``ScoresError`` for a row without scores and ``PublishedError`` for an unknown id.
    """
    measures = UNIT_MEASURES if table.columns == "units" else RESULT_MEASURES
    measured, papers = read_scores(scores), load_published(published)
    printed = PrintedColumns(papers, corpora_beside(corpus.reader, corpus.name), table.columns == "units")
    rows = printed_rows(
        table.rows, list(measured["method"].unique()), papers, protocol=table.protocol, bounds=bounds
    )
    filled, of_speakers = measure_rows(measured, rows, measures), by_speaker(measured, rows, measures)
    labeller, stamp = labeller_name(aus), f" ({DEMO})" if corpus.demo else ""
    title = f"{table.title}: {table.source}, here {experiment} on {corpus.name}{stamp}"
    heading = f"Measured here: {corpus.name}, AU labels {labeller}, split '{split_name}'"
    views = [
        table_view(
            name, f"{table.title}{stamp}", filled, measures, printed, heading=heading, protocol=table.protocol
        ),
        speakers_view(of_speakers, measures, stamp),
    ]
    shown = [view for view in views if view is not None]
    notes = experiment_notes(
        experiment=experiment,
        corpus=corpus,
        split_name=split_name,
        chosen=chosen_split,
        split=read_frame(split, SPLIT),
        labeller=labeller,
        protocols=[table.protocol],
        evaluation=evaluation,
        samplers=samplers,
        perceptual=perceptual,
        budgets=read_budgets(histories),
        seeds=seeds,
        code=code,
        measures=measures,
    )
    context = {
        "experiment": experiment,
        "corpus": corpus.name,
        "demo": corpus.demo,
        "split": split_name,
        "labeller": labeller,
        "protocol": table.protocol,
        "table": name,
    }
    rows_csv = table_csv(filled, of_speakers, measures, printed, context)
    write_text(csv, rows_csv.to_csv(index=False, float_format="%.6g"))
    write_documents(
        shown,
        notes,
        title=title,
        heading=f"{table.title} ({table.source})",
        demo=corpus.demo,
        markdown=markdown,
        tex=tex,
        content=content,
    )
