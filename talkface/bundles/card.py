"""The model card of a bundle, in Markdown: what it is for, what it learned from, how good it is, its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from talkface.reporting.tables.aggregate import TEST_SUBSETS
from talkface.reporting.tables.columns import BY_KEY, number

_TEXT = """# {name}

{lead}

| | |
|---|---|
| networks | {networks} |
| experiment | `{experiment}`, variant `{variant}`, seed {seed} |
| hash of the experiment | `{sha256}` |
| code | commit `{commit}` |
| weights' licence | {licence} |
| written by | talkface {talkface} |

```sh
talkface generate face.jpg voice.wav --model THIS_FOLDER -o film.mp4
talkface info THIS_FOLDER
```

## Intended use

Films of people who have agreed to them, for research, teaching, accessibility and art, shown for what they are. Each film
carries a tag and, unless it is turned off, a label that say that it is synthetic.

Not for: films of people who have not agreed, deception about who said what, getting past checks of identity, harassment.
talkface's page on consent (docs/consent.md) says more.

## Data

- {credit}.
- Speakers whose faces and speech were learned: {seen}.{appearance}
- Speakers held out for testing: {unseen}.

## Limits

- It has learned from few {people} (above). Faces, ages, skin tones, beards, glasses, lights and languages that they do not show may
  come out worse; that was not measured.
- A face of {size} × {size} pixels from the front, mouth closed. The head does not move by itself, nor do the eyes.
- It hears sound, not words: noise and music move the mouth too.
{demo}
## Figures

{figures}
"""


def card_of(content: Mapping[str, Any]) -> str:
    """The card of a manifest's content (without its files)."""
    data, origin = content["data"], content["origin"]
    seen, appearance = data["seen"], data["appearance"]
    lead = (
        f"Networks that make a talking face of a photo and a sound, for talkface (variant `{origin['variant']}`; "
        "the method's paper: [doi:10.1145/3672565](https://doi.org/10.1145/3672565))."
    )
    if content["preview"]:
        lead = "**A preview: not good enough to be a finished model.** " + lead
    return _TEXT.format(
        name=content["name"],
        lead=lead,
        networks=", ".join(f"{name} ({own['samples']:,} samples)" for name, own in content["networks"].items()),
        experiment=f"{origin['experiment']}/{data['corpus']}",
        variant=origin["variant"],
        seed=origin["seed"],
        sha256=origin["sha256"],
        commit=origin["commit"] or "unknown",
        licence=content["licence"],
        talkface=content["talkface"],
        credit=data["credit"],
        seen=", ".join(seen),
        appearance=f"\n- Speakers of whom only the face was learned: {', '.join(appearance)}." * bool(appearance),
        unseen=", ".join(data["unseen"]),
        people="drawn speakers" if data["drawn"] else "people",
        size=content["settings"]["video"]["crop_size"],
        demo="- The faces it learned from are drawn: it is no use for photos of people.\n" * data["drawn"],
        figures=_figures(content["figures"]),
    )


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
        lines.append(
            f"| {TEST_SUBSETS[own['subset']]} | {own['header']} | {number(own['value'], digits)} | {interval} | "
            f"{own['clips']} | {own['speakers']} |"
        )
    return "\n".join(lines)
