"""The model card of a bundle: what it is for, what it learned from, how good it is, its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from talkface.reporting.tables.aggregate import TEST_SUBSETS
from talkface.reporting.tables.columns import BY_KEY, MISSING, number
from talkface.reporting.tables.main_table import counted

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
        figures=_figures(content["figures"], content["measured"]),
    )


def _of_appearance(speakers: Sequence[str]) -> str:
    return f"\n- Speakers of whom only the face was learned: {', '.join(speakers)}." if speakers else ""


_BETTER = {"high": "higher", "low": "lower", "near one": "1", "": ""}


def _figures(figures: Sequence[Mapping[str, Any]], measured: Mapping[str, Any] | None) -> str:
    if not figures:
        return "None: the experiment was exported before its clips were scored."
    lines = [
        "One-shot protocol: photo and sound are all that is known of a clip. Intervals: 95 % bootstrap over "
        "speakers, none with fewer than five. Single speakers: the lowest and the highest of them. Beside "
        "each value the same measure of films that another clip's sound drives, and of a still photo. "
        "talkface's docs/measurement.md defines the measures.",
    ]
    for subset, heading in TEST_SUBSETS.items():
        own = [figure for figure in figures if figure["subset"] == subset]
        if own:
            lines += ["", *_table(heading, own)]
    if measured is not None:
        lines += [
            "",
            f"Measured by experiment `{measured['experiment']}/{measured['corpus']}`, split "
            f"`{measured['split']}`, with the code of commit `{measured['commit'] or 'unknown'}`; hash of "
            f"its configuration `{measured['config_sha256']}`.",
        ]
    return "\n".join(lines)


def _table(heading: str, figures: Sequence[Mapping[str, Any]]) -> list[str]:
    clips, speakers = (max(figure[name] for figure in figures) for name in ("clips", "speakers"))
    lines = [
        f"**{heading}**: {counted(clips, 'clip')} of {counted(speakers, 'speaker')}",
        "",
        "| measure | better | value | interval | single speakers | another clip's sound | still photo |",
        "|---|---|---|---|---|---|---|",
    ]
    for own in figures:
        measure = BY_KEY[own["measure"]]
        cells = [own["header"], _BETTER[measure.better], number(own["value"], measure.digits)]
        cells.append(_range(own["low"], own["high"], measure.digits) or "not estimable")
        cells.append(_range(own["lowest"], own["highest"], measure.digits) or MISSING)
        cells += [number(own[name], measure.digits) for name in ("other_sound", "static")]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _range(low: float | None, high: float | None, digits: int) -> str | None:
    return None if low is None or high is None else f"{number(low, digits)} to {number(high, digits)}"
