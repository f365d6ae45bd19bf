"""Rule ``build_report``: the report's page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from talkface.artifacts.schemas import SPLIT
from talkface.artifacts.tables import read_table
from talkface.config import Evaluation, Gallery
from talkface.evaluation.runs import gallery_videos, label
from talkface.evaluation.selection import gallery_clips
from talkface.provenance.differences import artifacts_below, differing, used
from talkface.reporting.files import write_text
from talkface.reporting.pages.page import STYLE, TEMPLATE, Video, render_page
from talkface.reporting.tables.aggregate import TEST_SUBSETS
from talkface.reporting.tables.published import PUBLISHED, load_published


def build_report(
    *,
    main_results: Path,
    corpus_summary: Path,
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
    page: Path,
    published: Path = PUBLISHED,
    template: Path = TEMPLATE,
    style: Path = STYLE,
) -> None:
    """Write one HTML file that holds tables, notes, figures and videos and needs no network.

    ``main_results`` and ``corpus_summary``: the tables' JSON. ``videos``: the gallery's, of all variants.
    ``template`` and ``style``: the files beside ``talkface.reporting.pages.page``. ``results``: the
    experiment's folder, for a note where different versions of a tool made its artifacts.
    """
    content = json.loads(main_results.read_text(encoding="utf-8"))
    content["notes"] += [["Versions", line] for line in differing(used(artifacts_below(results)))]
    table = read_table(split, SPLIT)
    subset_of = dict(zip(table["clip"].to_pylist(), table["subset"].to_pylist(), strict=True))
    clips = gallery_clips(table, evaluation, gallery)
    shown = gallery_videos(videos, clips)
    html = render_page(
        template=template,
        style=style.read_text(encoding="utf-8"),
        content=content,
        corpus=json.loads(corpus_summary.read_text(encoding="utf-8")),
        paper=load_published(published).papers["A"],
        figures={
            "training": training,
            "masks": masks,
            "aus": aus,
            "lips": lips,
            "contact_sheet": contact_sheet,
            "people": people,
        },
        videos=[
            Video(clip, TEST_SUBSETS[subset_of[clip]], label(method), of_clip[clip])
            for clip in dict.fromkeys(clips)
            for method, of_clip in shown.items()
        ],
    )
    write_text(page, html)
