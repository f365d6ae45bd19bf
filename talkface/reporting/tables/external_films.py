"""What became of the films of other systems, in words and as a table."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from talkface.artifacts.schemas import FILM_CHECKS
from talkface.artifacts.tables import read_frame
from talkface.config import EXTERNAL
from talkface.evaluation.runs import label, run_of
from talkface.reporting.tables.columns import MISSING, number
from talkface.reporting.tables.views import Block, TableView


def read_films(paths: Iterable[Path]) -> pd.DataFrame:
    """All checks of films (FILM_CHECKS) with the ``method`` of their folders; empty without any."""
    frames = [
        read_frame(path, FILM_CHECKS).assign(method=run_of(path.parent, "generate").method) for path in paths
    ]
    whole = [frame for frame in frames if not frame.empty]
    return pd.concat(whole, ignore_index=True) if whole else pd.DataFrame()


def films_note(films: pd.DataFrame) -> str:
    """A sentence for each system: how many clips have a film, how they were timed, what was refused."""
    said = []
    for method, rows in _by_method(films).items():
        used = rows[rows["ok"]]
        parts = [f"{label(method)}: {len(used)} of {len(rows)} clips"]
        if found := int(used["offset_found"].sum()):
            seconds = used.loc[used["offset_found"], "offset_s"]
            parts.append(f"{found} timed by their sound, {seconds.min():+.3f} to {seconds.max():+.3f} s")
        if assumed := len(used) - found:
            parts.append(f"{assumed} without sound, taken to begin with the clip")
        reasons = Counter(rows.loc[~rows["ok"], "reason"])
        parts += [f"{count} x {reason}" for reason, count in reasons.most_common()]
        said.append("; ".join(parts))
    return ". ".join(said)


def films_view(films: pd.DataFrame, title: str) -> TableView:
    """A row for each clip and system."""
    blocks = []
    for method, rows in _by_method(films).items():
        cells = []
        for row in rows.to_dict("records"):
            time = f"{row['offset_s']:+.3f}" + ("" if row["offset_found"] else " (assumed)")
            read = row["width"] > 0
            cells.append(
                (
                    str(row["clip"]),
                    "yes" if row["ok"] else str(row["reason"]),
                    str(row["film"]),
                    f"{row['width']} x {row['height']}" if read else MISSING,
                    number(row["source_fps"], 2) if read else MISSING,
                    time if read else MISSING,
                    number(row["correlation"], 2),
                    f"{row['num_detected']} of {row['num_frames']}",
                    str(row["num_held"]),
                )
            )
        blocks.append(Block(label(method), tuple(cells)))
    headers = (
        "Clip", "Used", "Film", "Pixels", "Frames a second", "Begins at s", "Correlation of sound",
        "Frames with a face", "Held frames",
    )  # fmt: skip
    notes = (
        "Begins at: when the true clip begins on the film's clock, where its sound is found in the film's; "
        "assumed to be 0 without sound. Held frames: true frames before the film's first picture or after "
        "its last one, which stands in their place.",
    )
    return TableView("external_films", title, (), headers, tuple(blocks), notes)


def film_cards(films: pd.DataFrame, external: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Method -> what the card of its row says of the films."""
    cards = {}
    for method, rows in _by_method(films).items():
        own = external[method.removeprefix(EXTERNAL)]
        used = rows[rows["ok"]].sort_values("clip")
        content = "\n".join(
            f"{clip} {sha256}" for clip, sha256 in zip(used["clip"], used["sha256"], strict=True)
        )
        cards[method] = {
            **own,
            "films_sha256": hashlib.sha256(content.encode()).hexdigest(),
            "offsets_s": {
                str(clip): round(float(seconds), 3)
                for clip, seconds, found in zip(
                    used["clip"], used["offset_s"], used["offset_found"], strict=True
                )
                if found
            },
            "offsets_assumed": int((~used["offset_found"]).sum()),
            "refused": {
                str(clip): str(reason)
                for clip, reason, ok in zip(rows["clip"], rows["reason"], rows["ok"], strict=True)
                if not ok
            },
        }
    return cards


def _by_method(films: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {} if films.empty else {str(name): rows for name, rows in films.groupby("method")}
