"""Counts of a corpus per speaker; every listed clip is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from talkface.artifacts.schemas import SUBSETS
from talkface.reporting.tables.notes import natural
from talkface.reporting.tables.views import Block, TableView

_COUNTS = {
    "listed": "Listed",
    "ok": "Usable",
    "failed": "Failed",
    "frames": "Frames",
    "bridged_frames": "Bridged frames",
    "clips_with_bridges": "Clips with bridges",
    "train": "Training",
    "appearance": "Appearance",
    "seen_test": "Seen test",
    "unseen_test": "Unseen test",
    "unused": "Unused",
}


def summarise_corpus(split: pd.DataFrame, checks: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One row per speaker and a last row "all": the counts, ``reasons`` and ``doubts`` ("2 x no sound; ...").

    ``frames`` and ``bridged_frames`` count usable clips only. Raises ``ValueError`` for a clip that was
    never checked.
    """
    checked = pd.concat(checks, ignore_index=True).set_index("clip")
    unknown = sorted(set(split["clip"]) - set(checked.index))
    if unknown:
        raise ValueError(f"clips in the split without a check: {', '.join(unknown[:5])}")
    split = split.join(checked["num_bridged"], on="clip")
    rows = [
        {"speaker": speaker, **_counts(split[split["speaker"] == speaker])}
        for speaker in sorted(split["speaker"].unique(), key=natural)
    ]
    return pd.DataFrame([*rows, {"speaker": "all", **_counts(split)}])


def _counts(clips: pd.DataFrame) -> dict[str, object]:
    usable = clips[clips["ok"].astype(bool)]
    failed = clips[~clips["ok"].astype(bool)]
    return {
        "listed": len(clips),
        "ok": len(usable),
        "failed": len(clips) - len(usable),
        "frames": int(usable["num_frames"].sum()),
        "bridged_frames": int(usable["num_bridged"].sum()),
        "clips_with_bridges": int((usable["num_bridged"] > 0).sum()),
        **{subset: int((usable["subset"] == subset).sum()) for subset in SUBSETS},
        "reasons": _counted(failed["reason"]),
        "doubts": _counted(doubt for doubts in usable["doubts"] for doubt in doubts.split("; ")),
    }


def _counted(texts: Iterable[str]) -> str:
    """How often each text occurs, "2 x no sound; 1 x ...", without empty ones."""
    counts = Counter(text for text in texts if text)
    return "; ".join(f"{count} x {text}" for text, count in counts.most_common())


def corpus_view(summary: pd.DataFrame, title: str) -> TableView:
    """The summary as a table."""
    rows = []
    for row in summary.to_dict("records"):
        counts = [f"{row[name]:,}" for name in _COUNTS]
        rows.append((str(row["speaker"]), *counts, str(row["reasons"]), str(row["doubts"])))
    notes = (
        "Frames at 25 per second. Bridged: the face was not found there and its position interpolated "
        "between neighbours. Appearance: only the pictures are learned. Unused: usable clips outside the "
        "split, such as of speakers that it leaves out. Reservations: about usable clips, by the "
        "configuration's limits.",
    )
    headers = ("Speaker", *_COUNTS.values(), "Reasons of failure", "Reservations")
    return TableView("corpus_summary", title, (), headers, (Block("", tuple(rows)),), notes)
