"""Step: the main results table, the lip figures per speaker and the figures per AU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from talkface.config import AuLabels, Corpus, Evaluation, Perceptual, Sampler, Split
from talkface.features.aus import PROXY_AUS
from talkface.reporting.aggregate import aus_by_unit, lips_by_speaker, read_scores, summarise
from talkface.reporting.documents import write_documents
from talkface.reporting.files import write_text
from talkface.reporting.main_table import main_csv, main_view
from talkface.reporting.notes import DEMO, experiment_notes, labeller_name, read_budgets
from talkface.reporting.published import corpora_beside, load_published
from talkface.reporting.side_tables import aus_view, lips_view, published_aus_view
from talkface.schemas import SPLIT
from talkface.tables import read_frame


def tabulate_main_results(
    *,
    scores: Sequence[Path],
    split: Path,
    histories: Sequence[Path],
    published: Path,
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
    lips_csv: Path,
    aus_csv: Path,
    markdown: Path,
    tex: Path,
    content: Path,
) -> None:
    """Bring all score tables together with the papers' numbers and write them as csv, Markdown and LaTeX.

    ``scores``: the score tables of all methods, in folders ``scores/{method}/seed-{seed}/{protocol}``.
    ``histories``: of every training, for the budget in the notes. ``published``: the published numbers.
    ``samplers``: of each variant that has one. ``content``: tables and notes once more, as JSON for the
    report's page.
    Raises ``ScoresError`` where there is nothing to tabulate and ``PublishedError`` for a faulty file.
    """
    measured, papers = read_scores(scores), load_published(published)
    corpora, labeller = corpora_beside(corpus.reader, corpus.name), labeller_name(aus)
    summary, lips = summarise(measured), lips_by_speaker(measured)
    units = aus_by_unit(measured, PROXY_AUS[aus.backend])
    stamp = f" ({DEMO})" if corpus.demo else ""
    title = f"Main results: {experiment} on {corpus.name}{stamp}"
    heading = f"Measured here: {corpus.name}, AU labels {labeller}, split '{split_name}'"
    views = [
        main_view(summary, papers, corpora, f"Main results{stamp}", heading),
        lips_view(lips, stamp),
        aus_view(units, labeller, stamp),
        published_aus_view(papers, corpora),
    ]
    shown = [view for view in views if view is not None]
    notes = experiment_notes(
        experiment=experiment,
        corpus=corpus,
        split_name=split_name,
        chosen=chosen_split,
        split=read_frame(split, SPLIT),
        labeller=labeller,
        protocols=list(measured["protocol"].unique()),
        evaluation=evaluation,
        samplers=samplers,
        perceptual=perceptual,
        budgets=read_budgets(histories),
        seeds=seeds,
        code=code,
    )
    context = {
        "experiment": experiment,
        "corpus": corpus.name,
        "demo": corpus.demo,
        "split": split_name,
        "labeller": labeller,
    }
    write_text(csv, main_csv(summary, papers, corpora, context).to_csv(index=False, float_format="%.6g"))
    for path, rows in ((lips_csv, lips), (aus_csv, units)):
        whole = pd.DataFrame([context] * len(rows)).join(rows.reset_index(drop=True))
        write_text(path, whole.to_csv(index=False, float_format="%.6g"))
    write_documents(
        shown,
        notes,
        title=title,
        heading=f"{experiment} on {corpus.name}",
        demo=corpus.demo,
        markdown=markdown,
        tex=tex,
        content=content,
    )
