"""The report: one HTML file with all figures and videos inside. It loads nothing from the network."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from talkface.reporting.tables.published import Paper
from talkface.reporting.tables.views import TableView

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
        "Left the losses, right what is measured on held-back clips, over the frames seen.",
    ),
}
"""Alternative text and caption of each figure."""

_CONTENTS = (
    ("results", "Results"),
    ("people", "Unseen people"),
    ("videos", "Videos"),
    ("frames", "Frames"),
    ("lips", "Lip opening"),
    ("aus", "Action units"),
    ("masks", "Mask and faces"),
    ("training", "Training"),
    ("corpus", "Corpus"),
    ("notes", "Notes"),
)

TEMPLATE = Path(__file__).parent / "templates" / "report.html.j2"
STYLE = TEMPLATE.with_name("report.css")


@dataclass(frozen=True)
class Video:
    """A clip's video of one method."""

    clip: str
    heading: str
    name: str
    path: Path


def render_page(
    *,
    template: Path,
    style: str,
    content: Mapping[str, Any],
    corpus: Mapping[str, Any],
    paper: Paper,
    figures: Mapping[str, Path],
    videos: Sequence[Video],
) -> str:
    """The page's HTML.

    ``content`` and ``corpus``: what the tabulating steps wrote as JSON. ``figures``: an SVG for each of
    ``CAPTIONS``. Every text is escaped; nothing but ``style`` enters as markup.
    """
    given = [TableView.from_json(view) for part in (content, corpus) for view in part["views"]]
    views: dict[str, TableView | None] = {"published_aus": None, **{view.key: view for view in given}}
    return open_template(template).render(
        title=content["title"],
        heading=content["heading"],
        demo=content["demo"],
        paper=paper,
        style=Markup(style),  # noqa: S704 - our own file, and CSS has no entities
        contents=[entry for entry in _CONTENTS if videos or entry[0] != "videos"],
        views=views,
        further=[view for view in given if view.key not in _PLACED],
        notes=content["notes"],
        figures={
            name: {"alt": alt, "caption": caption, "source": embedded(figures[name], "image/svg+xml")}
            for name, (alt, caption) in CAPTIONS.items()
        },
        videos=_by_clip(videos),
    )


_PLACED = {"main_results", "lip_by_speaker", "au_by_unit", "published_aus", "corpus_summary"}
"""Tables to which the template gives a place; those that metrics declare follow the main one."""


def open_template(path: Path) -> Template:
    """A page's template, which may import those beside it; every text put into it is escaped."""
    loader = FileSystemLoader(path.parent, encoding="utf-8")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template(path.name)


def _by_clip(videos: Sequence[Video]) -> list[dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = {}
    for video in videos:
        group = groups.setdefault(video.clip, {"clip": video.clip, "heading": video.heading, "shown": []})
        group["shown"].append({"name": video.name, "source": embedded(video.path, "video/mp4")})
    return list(groups.values())


_PLAIN = " !$()*+,-./:;=@[]^_`{|}~?"
"""What stays as it is in a data address; browsers would take a line break out of one."""


def embedded(path: Path, kind: str) -> str:
    """A file as a data address, so that the page can be copied and mailed as one file.

    SVG is text, so it stays text: the pictures inside are in base64 already.
    """
    if kind == "image/svg+xml":
        return f"data:{kind},{quote(path.read_text(encoding='utf-8'), safe=_PLAIN)}"
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"
