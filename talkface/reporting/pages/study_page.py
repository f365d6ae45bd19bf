"""The page of a study with people: one HTML file, films inside, that asks no network and names no method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from talkface.reporting.pages.page import STYLE, embedded_json, inline, open_template

TEMPLATE = Path(__file__).parent / "templates" / "study.html.j2"
BEHAVIOUR = TEMPLATE.with_name("study.js")


def render_study(
    *, study: str, question: str, pairs: Sequence[Sequence[str]], films: Mapping[str, str]
) -> str:
    """The page's HTML. ``pairs``: of names of ``films``, whose values are data addresses."""
    style, behaviour = (path.read_text(encoding="utf-8") for path in (STYLE, BEHAVIOUR))
    return open_template(TEMPLATE).render(
        **inline(style, behaviour),
        title="Which film is better?",
        question=question,
        count=len(pairs),
        content=embedded_json({"study": study, "question": question, "pairs": pairs, "films": films}),
    )
