"""Rule ``build_report``: the report's page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from talkface.artifacts.schemas import SPLIT
from talkface.artifacts.tables import read_table
from talkface.config import Evaluation, Gallery
from talkface.evaluation.runs import gallery_videos
from talkface.evaluation.selection import gallery_clips
from talkface.provenance.commit import present_commit
from talkface.provenance.differences import artifacts_below, used
from talkface.reporting.files import write_text
from talkface.reporting.pages.downloads import of_files, of_values
from talkface.reporting.pages.films import filmed_clips
from talkface.reporting.pages.making import cards, making_notes, stages_view
from talkface.reporting.pages.page import BEHAVIOUR, STYLE, TEMPLATE, Making, render_page
from talkface.reporting.tables.aggregate import TEST_SUBSETS
from talkface.reporting.tables.published import PUBLISHED, load_published
from talkface.runtime.cost_records import read_costs


def build_report(
    *,
    main_results: Path,
    figure_cards: Path,
    corpus_summary: Path,
    tables: Sequence[Path],
    training: Path,
    masks: Path,
    aus: Path,
    lips: Path,
    contact_sheet: Path,
    people: Path,
    videos: Sequence[Path],
    split: Path,
    evaluation: Evaluation,
    gallery: Gallery,
    results: Path,
    logs: Path,
    page: Path,
    published: Path = PUBLISHED,
    template: Path = TEMPLATE,
    style: Path = STYLE,
    behaviour: Path = BEHAVIOUR,
) -> None:
    """Write one HTML file that holds tables, notes, figures and films and needs no network.

    ``main_results`` and ``corpus_summary``: the tables' JSON. ``figure_cards``: the main
    table's cards. ``tables``: files that the page offers to save.
    ``videos``: the gallery's, of all variants. ``template``, ``style`` and ``behaviour``: the files beside
    ``talkface.reporting.pages.page``. ``results`` and ``logs``: the experiment's folders, for what made it
    and what that took; nothing of it changes a figure.
    """
    content = json.loads(main_results.read_text(encoding="utf-8"))
    table = read_table(split, SPLIT)
    subset_of = dict(zip(table["clip"].to_pylist(), table["subset"].to_pylist(), strict=True))
    clips = gallery_clips(table, evaluation, gallery)
    artifacts, costs = artifacts_below(results), read_costs(logs)
    html = render_page(
        template=template,
        style=style.read_text(encoding="utf-8"),
        behaviour=behaviour.read_text(encoding="utf-8"),
        content=content,
        cards=json.loads(figure_cards.read_text(encoding="utf-8")),
        corpus=json.loads(corpus_summary.read_text(encoding="utf-8")),
        subset_of=subset_of,
        paper=load_published(published).papers["A"],
        figures={
            "training": training,
            "masks": masks,
            "aus": aus,
            "lips": lips,
            "contact_sheet": contact_sheet,
            "people": people,
        },
        films=filmed_clips(
            gallery_videos(videos, clips),
            {clip: TEST_SUBSETS[subset_of[clip]] for clip in clips},
            content["clips"],
        ),
        making=Making(
            making_notes(present_commit(), used(artifacts), artifacts, costs, datetime.now(UTC)),
            stages_view(costs),
        ),
        downloads=[*of_files(tables), of_values("cards.json", cards(results))],
    )
    write_text(page, html)
