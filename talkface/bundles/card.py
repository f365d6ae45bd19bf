"""The model card of a bundle: what it is for, what it learned from, how good it is, its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from talkface.reporting.tables.aggregate import TEST_SUBSETS
from talkface.reporting.tables.columns import BY_KEY, number

_TEXT = Path(__file__).with_name("card.md")


def card_of(content: Mapping[str, Any]) -> str:
    """The card of a manifest's content (without its files)."""
    data, origin = content["data"], content["origin"]
    seen, appearance = data["seen"], data["appearance"]
    lead = (
        "Networks that make a talking face of a photo and a sound, for talkface "
        f"(variant `{origin['variant']}`; "
        "the method's paper: [doi:10.1145/3672565](https://doi.org/10.1145/3672565))."
    )
    if content["preview"]:
        lead = "**A preview: not good enough to be a finished model.** " + lead
    return _TEXT.read_text(encoding="utf-8").format(
        name=content["name"],
        lead=lead,
        networks=", ".join(
            f"{name} ({own['samples']:,} samples)" for name, own in content["networks"].items()
        ),
        experiment=f"{origin['experiment']}/{data['corpus']}",
        variant=origin["variant"],
        seed=origin["seed"],
        sha256=origin["sha256"],
        commit=origin["commit"] or "unknown",
        licence=content["licence"],
        talkface=content["talkface"],
        credit=data["credit"],
        seen=", ".join(seen),
        appearance=_of_appearance(appearance),
        unseen=", ".join(data["unseen"]),
        people="drawn speakers" if data["drawn"] else "people",
        size=content["settings"]["video"]["crop_size"],
        demo="- The faces it learned from are drawn: it is no use for photos of people.\n" * data["drawn"],
        figures=_figures(content["figures"]),
    )


def _of_appearance(speakers: Sequence[str]) -> str:
    return f"\n- Speakers of whom only the face was learned: {', '.join(speakers)}." if speakers else ""


def _figures(figures: Sequence[Mapping[str, Any]]) -> str:
    if not figures:
        return "None: the experiment was exported before its clips were scored."
    lines = [
        "One-shot protocol; brackets: 95 % bootstrap intervals over speakers (none with fewer than five). "
        "talkface's docs/measurement.md defines the measures.",
        "",
        "| test clips | measure | value | interval | clips | speakers |",
        "|---|---|---|---|---|---|",
    ]
    for own in figures:
        digits = BY_KEY[own["measure"]].digits
        low, high = (number(own[end], digits) for end in ("low", "high"))
        interval = f"[{low}, {high}]" if own["low"] is not None else "not estimable"
        cells = (
            TEST_SUBSETS[own["subset"]],
            own["header"],
            number(own["value"], digits),
            interval,
            str(own["clips"]),
            str(own["speakers"]),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
