"""The report: one HTML file with all figures, films and tables inside. It loads nothing from the network."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from talkface.reporting.pages import speaker_plot
from talkface.reporting.pages.downloads import Download, embedded
from talkface.reporting.pages.films import FilmedClip, order_in_words
from talkface.reporting.tables.notes import Note
from talkface.reporting.tables.published import Paper
from talkface.reporting.tables.setting import DEMO
from talkface.reporting.tables.single_scores import clips_view, speakers_view
from talkface.reporting.tables.views import TableView, sort_value

CAPTIONS = {
    "people": (
        "Faces of unseen speakers: photo, truth and each method",
        "Each unseen speaker at the widest and at the closest frame of one clip. The person should stay the "
        "one in the photo, and the mouth should have the shape of the truth's.",
    ),
    "contact_sheet": (
        "Strips of frames of test clips",
        "The same moments of each clip: the truth, and what was generated from its first face and a sound, "
        "as coded in the videos. Over each column the frame's number and the word spoken there.",
    ),
    "lips": (
        "Curves of the lip opening over time",
        "Distance of the inner lips over the distance of the eyes, as the mesh finds it on true and on "
        "generated frames, with the words of the transcript. Driven by another clip's sound the curve should "
        "not follow.",
    ),
    "aus": (
        "Curves of five action units over time",
        "What the Audio-to-AU nets hear (probability of presence) over the labels of the true frames "
        "(intensity by fifths; shaded where the AU counts as present).",
    ),
    "masks": (
        "First frames, attention masks and the two faces made of them",
        "AU-Attention takes the first face apart: the mask A keeps what does not speak (Identity-face), the "
        "rest goes to the renderer's face encoder (Audio-face). A mask of one grey has collapsed. Dashed: "
        "the mouth box.",
    ),
    "training": (
        "Training curves of every stage",
        "Left the losses, right what is measured on held-back clips, over the frames seen; a stage without a "
        "panel on the right has recorded nothing on held-back clips. Curves of many points are averaged.",
    ),
}
"""Alternative text and caption of each figure."""

PLOTTED = frozenset({"lips", "aus", "training"})
"""Figures of lines alone, which a dark page may turn dark; the others hold photographs."""

_CONTENTS = (
    ("results", "Results"),
    ("films", "Films"),
    ("people", "Unseen people"),
    ("frames", "Frames"),
    ("speakers", "Speakers"),
    ("lips", "Lip opening"),
    ("aus", "Action units"),
    ("masks", "Mask and faces"),
    ("training", "Training"),
    ("corpus", "Corpus"),
    ("making", "How it was made"),
    ("downloads", "Downloads"),
    ("notes", "Notes"),
)

TEMPLATE = Path(__file__).parent / "templates" / "report.html.j2"
STYLE = TEMPLATE.with_name("report.css")
BEHAVIOUR = TEMPLATE.with_name("report.js")


@dataclass(frozen=True)
class Making:
    """How the experiment was made: facts, and the table of its stages where there are records."""

    notes: Sequence[Note]
    stages: TableView | None


def render_page(
    *,
    template: Path,
    style: str,
    behaviour: str,
    content: Mapping[str, Any],
    cards: Mapping[str, Any],
    corpus: Mapping[str, Any],
    subset_of: Mapping[str, str],
    paper: Paper,
    figures: Mapping[str, Path],
    films: Sequence[FilmedClip],
    making: Making,
    downloads: Sequence[Download],
) -> str:
    """The page's HTML.

    ``content`` and ``corpus``: what the tabulating steps wrote as JSON. ``cards``: of the main table's
    figures. ``subset_of``: of each clip.
    ``figures``: an SVG for each of ``CAPTIONS``. Every text is escaped; nothing but ``style`` and
    ``behaviour`` enters as markup.
    """
    given = [TableView.from_json(view) for part in (content, corpus) for view in part["views"]]
    views: dict[str, TableView | None] = {"published_aus": None, **{view.key: view for view in given}}
    stamp = f" ({DEMO})" if content["demo"] else ""
    return open_template(template).render(
        **inline(style, behaviour),
        title=content["title"],
        heading=content["heading"],
        demo=content["demo"],
        cards=embedded_json({"main_results": cards}),
        paper=paper,
        contents=[entry for entry in _CONTENTS if films or entry[0] != "films"],
        views=views,
        further=[view for view in given if view.key not in _PLACED],
        clips=clips_view(content["clips"], subset_of, stamp),
        speakers=speakers_view(content["speakers"], stamp),
        plots=speaker_plot.speaker_plots(content["speakers"]),
        legend=speaker_plot.legend_of(content["speakers"]),
        plot_size=speaker_plot,
        notes=content["notes"],
        making=making,
        downloads=downloads,
        figures={
            name: {
                "alt": alt,
                "caption": caption,
                "source": embedded(figures[name]),
                "plotted": name in PLOTTED,
            }
            for name, (alt, caption) in CAPTIONS.items()
        },
        films=films,
        order=order_in_words(films),
    )


_PLACED = {"main_results", "lip_by_speaker", "au_by_unit", "published_aus", "corpus_summary"}
"""Tables to which the template gives a place; those that metrics declare follow the main one."""


def open_template(path: Path) -> Template:
    """A page's template, which may import those beside it; every text put into it is escaped."""
    loader = FileSystemLoader(path.parent, encoding="utf-8")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    environment.globals |= {"sort_value": sort_value, "embedded": embedded}
    return environment.get_template(path.name)


def inline(style: str, behaviour: str) -> dict[str, Any]:
    """Style and script of a page, and the policy by which a browser runs these and loads nothing at all."""
    style, behaviour = f"\n{style}", f"\n{behaviour}"
    policy = (
        f"default-src 'none'; img-src data:; media-src data:; style-src {_hash(style)}; "
        f"script-src {_hash(behaviour)}; base-uri 'none'; form-action 'none'"
    )
    # Our own files, without entities and without their own end tags.
    return {"policy": policy, "style": Markup(style), "behaviour": Markup(behaviour)}  # noqa: S704


def embedded_json(values: Any) -> Markup:
    """Values as JSON for a script element that is data; no text in them can end the element."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
