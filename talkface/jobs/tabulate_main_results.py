"""Rule ``tabulate_main_results``: the main table and those beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

import pandas as pd

from talkface.artifacts.schemas import SPLIT
from talkface.artifacts.tables import read_frame
from talkface.config import Perceptual, Sampler
from talkface.features.aus import PROXY_AUS
from talkface.metrics.catalogue import further_tables
from talkface.preflight.source import REPOSITORY, git_commit
from talkface.reporting.files import write_text
from talkface.reporting.pages.documents import write_documents
from talkface.reporting.tables.aggregate import aus_by_unit, lips_by_speaker, read_scores, summarise
from talkface.reporting.tables.cards import cards_of_table, measures_of, write_cards
from talkface.reporting.tables.columns import MEASURES
from talkface.reporting.tables.external_films import film_cards, films_note, read_films
from talkface.reporting.tables.main_table import main_csv, main_view
from talkface.reporting.tables.marks import mark_rows
from talkface.reporting.tables.notes import experiment_notes, without_words
from talkface.reporting.tables.paired import paired_tests, paired_view, untested
from talkface.reporting.tables.published import PUBLISHED, corpora_beside, load_published
from talkface.reporting.tables.setting import Setting
from talkface.reporting.tables.side_tables import (
    aus_view,
    further_table,
    further_views,
    lips_view,
    published_aus_view,
)
from talkface.reporting.tables.single_scores import clip_scores, speaker_scores


def tabulate_main_results(
    *,
    scores: Sequence[Path],
    split: Path,
    histories: Sequence[Path],
    setting: Setting,
    samplers: Mapping[str, Sampler],
    perceptual: Perceptual,
    bounds: Sequence[str],
    films: Sequence[Path],
    external: Mapping[str, Mapping[str, str]],
    metrics: Sequence[str],
    not_measured: Mapping[str, str],
    csv: Path,
    lips_csv: Path,
    aus_csv: Path,
    further_csv: Path,
    paired_csv: Path,
    markdown: Path,
    tex: Path,
    content: Path,
    cards: Path,
    published: Path = PUBLISHED,
    networks: str = "",
    orders: Path | None = None,
) -> None:
    """Bring all score tables together with the papers' numbers and write them as csv, Markdown and LaTeX.

    ``scores``: the score tables of all methods, in folders ``scores/{method}/seed-{seed}/{protocol}``.
    ``histories``: of every training, for the budget in the notes. ``published``: the published numbers.
    ``samplers``: of each variant that has one. ``bounds``: variants that see what a method may not; they are
    not ranked. ``metrics``: the families that were measured; ``not_measured``: those that were not, and why.
    ``films``: FILM_CHECKS of external rows, ``external``: what the configuration says of them, by name.
    ``networks``: the finished experiment whose networks were used, if any. ``orders``: what
    ``tabulate_orders`` found. ``content``: tables and notes once more, with intervals and the scores of
    single clips and speakers, as JSON for the report's page. ``cards``: of every figure.
    Raises ``ScoresError`` where there is nothing to tabulate and ``PublishedError`` for a faulty file.
    """
    measured, papers = read_scores(scores), load_published(published)
    clips = set(measured["clip"])
    corpora = corpora_beside(setting.corpus.reader, setting.corpus.name)
    further = further_tables(metrics)
    summary, lips = summarise(measured, further), lips_by_speaker(measured)
    marked = mark_rows(measured, bounds, further)
    measures = (*MEASURES, *chain(*further.values()))
    tests = paired_tests(measured, measures)
    units = aus_by_unit(measured, PROXY_AUS[setting.aus.backend])
    stamp = setting.stamp
    title = f"Main results: {setting.experiment} on {setting.corpus.name}{stamp}"
    views = [
        main_view(summary, marked, papers, corpora, f"Main results{stamp}", setting.measured_here),
        lips_view(lips, stamp, without_words(read_frame(split, SPLIT), clips)[0]),
        aus_view(units, setting.labeller, stamp),
        published_aus_view(papers, corpora),
        *further_views(summary, further, marked, stamp),
        paired_view(tests, measures, stamp),
    ]
    shown = [view for view in views if view is not None]
    notes = experiment_notes(
        setting,
        split=split,
        protocols=list(measured["protocol"].unique()),
        samplers=samplers,
        perceptual=perceptual,
        histories=histories,
        clips=clips,
    )
    if not_measured:
        notes.append(("Not measured", "; ".join(f"{name}: {why}" for name, why in not_measured.items())))
    if orders is not None:
        wrong = json.loads(orders.read_text(encoding="utf-8"))["contradicted"]
        notes.append(("Not to be trusted here", "; ".join(wrong) or "no metric contradicts its orders"))
    if tests.empty:
        notes.append(("Paired tests", untested(measured)))
    if networks:
        notes.append(("Networks", f"those of the finished experiment {networks}; nothing was trained here"))
    of_films = read_films(films)
    if not of_films.empty:
        notes.append(("External rows", films_note(of_films)))
    context = setting.columns()
    write_text(csv, main_csv(summary, papers, corpora, context).to_csv(index=False, float_format="%.6g"))
    write_text(further_csv, further_table(summary, further, context).to_csv(index=False, float_format="%.6g"))
    for path, rows in ((lips_csv, lips), (aus_csv, units), (paired_csv, tests)):
        whole = pd.DataFrame([context] * len(rows)).join(rows.reset_index(drop=True))
        write_text(path, whole.to_csv(index=False, float_format="%.6g"))
    write_cards(
        cards,
        cards_of_table(
            "main_results", measured, scores, measures_of(metrics),
            split=split, setting=setting, samplers=samplers, commit=git_commit(REPOSITORY),
            films=film_cards(of_films, external),
        ),
    )  # fmt: skip
    write_documents(
        shown,
        notes,
        title=title,
        heading=f"{setting.experiment} on {setting.corpus.name}",
        demo=setting.corpus.demo,
        markdown=markdown,
        tex=tex,
        content=content,
        singles={"clips": clip_scores(measured), "speakers": speaker_scores(measured)},
    )
