"""Rule ``split_clips``: which clip serves for what. All later stages read this table and decide nothing."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from talkface.artifacts.origin import data_hashes
from talkface.artifacts.schemas import CHECKS, CLIPS, SPLIT, TableSchema
from talkface.artifacts.tables import read_table, write_table
from talkface.config import Split
from talkface.corpora.listing import natural
from talkface.corpora.roles import is_seen, num_held_back

logger = logging.getLogger(__name__)


def split_clips(
    *, clips: list[Path], checks: list[Path], sound_checks: list[Path], split: Split, split_table: Path
) -> None:
    """Write SPLIT: one row for every listed clip.

    Unseen speakers' clips are "unseen_test". Of each seen speaker's usable clips ``held_back`` (rounded, and
    at least one of two) are "seen_test", the rest "train"; which ones depends on the seed and the clips'
    names alone. Clips of speakers whose appearance alone is learned are "appearance", whatever their sound.
    A clip that failed is "unused" with its reasons, and so is a clip of a speaker without a role.

    Raises:
        ValueError: the split names a speaker without clips, or for their appearance one without a usable
            clip; there is nothing to train on or to test on (:func:`refuse_empty`); or the tables do not list
            the same clips.
    """
    # In the same order whatever speakers share a shard: trainings draw from it.
    rows_of = _gather(clips, CLIPS)
    listed = {clip: rows_of[clip] for clip in sorted(rows_of, key=lambda clip: _place(rows_of[clip]))}
    picture, sound = _gather(checks, CHECKS), _gather(sound_checks, CHECKS)
    for name, table in (("checks", picture), ("sound_checks", sound)):
        differing = sorted(set(table) ^ set(listed))
        if differing:
            raise ValueError(f"{name} and clips differ, for example in {differing[0]!r}: rebuild them")
    speakers = {row["speaker"] for row in listed.values()}
    for speaker in chain.from_iterable(split.roles.values()):
        if speaker not in speakers:
            raise ValueError(
                f"the split names speaker {speaker!r}, who has no clips; there are {sorted(speakers)}"
            )
    seen_only = {clip for clip, row in listed.items() if row["speaker"] in split.appearance}
    reasons = {
        clip: _reasons(picture[clip]) if clip in seen_only else _reasons(picture[clip], sound[clip])
        for clip in listed
    }
    for speaker in split.appearance:
        own = {clip: reason for clip, reason in reasons.items() if listed[clip]["speaker"] == speaker}
        if all(own.values()):
            raise ValueError(
                f"no clip of speaker {speaker!r} can be used for their appearance "
                f"({next(iter(own.values()))}): take them out of the split's appearance"
            )
    subsets = _subsets({clip: row["speaker"] for clip, row in listed.items() if not reasons[clip]}, split)
    rows = [
        {
            "clip": clip,
            "speaker": row["speaker"],
            "utterance": row["utterance"],
            "subset": subsets.get(clip, "unused"),
            "ok": not reasons[clip],
            "reason": reasons[clip] or ("" if clip in subsets else "speaker not in this split"),
            "doubts": _joined(picture[clip]["doubts"], sound[clip]["doubts"]),
            "num_frames": picture[clip]["num_frames"],
            "words": row["words"],
        }
        for clip, row in listed.items()
    ]
    refuse_empty(rows, split)
    for subset, count in sorted(Counter(row["subset"] for row in rows).items()):
        logger.info("%s: %d clips", subset, count)
    data = data_hashes([*clips, *checks, *sound_checks], split_table)
    write_table(split_table, SPLIT, rows, {"split": split.model_dump(mode="json"), "data": data})


def refuse_empty(rows: Sequence[Mapping[str, Any]], split: Split) -> None:
    """Stop before the first training where it, or the evaluation after it, would have no clips.

    Held-back clips may be missing where there are unseen speakers, and the other way round where the split
    names none.

    Raises:
        ValueError: which subset is empty, what became of its clips, and what to change.
    """
    count = Counter(row["subset"] for row in rows)
    seen = [row for row in rows if is_seen(split, row["speaker"])]
    unseen = [row for row in rows if row["speaker"] in split.unseen]
    usable = sum(row["ok"] for row in seen)
    if not count["train"] and split.seen != []:  # an empty list: networks are given, nothing is trained
        remedy = _REPLACE
        if not seen:
            remedy = "name fewer speakers in the split's unseen and appearance"
        elif usable:
            remedy = f"lower the split's held_back ({split.held_back:g}), or add clips"
        raise ValueError(f"no clip to train on (subset train): {_account('seen', seen)}; {remedy}")
    if split.unseen and not count["unseen_test"]:
        raise ValueError(
            f"no clip of an unseen speaker to test on (subset unseen_test): {_account('unseen', unseen)}; "
            f"{_REPLACE}, or take these out of the split's unseen"
        )
    if not count["seen_test"] + count["unseen_test"]:
        why = "set the split's held_back above 0"
        if split.held_back:
            why = "a clip is held back of speakers with two usable ones: add clips"
        raise ValueError(
            f"no clip to test on (subsets seen_test and unseen_test): {_account('seen', seen)}; what is left "
            f"is for training: {why}, or name a speaker in the split's unseen"
        )
    if split.held_back and split.seen != [] and not count["seen_test"]:
        logger.warning("no clip of a seen speaker is held back: none has two usable ones")
    for speaker in split.unseen:
        if not any(row["ok"] for row in unseen if row["speaker"] == speaker):
            logger.warning("unseen speaker %s has no usable clip and is not tested", speaker)


_REPLACE = "replace or convert these clips"


def _account(kind: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """How many clips these speakers have, and why those that failed did."""
    speakers = {row["speaker"] for row in rows}
    failed = Counter(row["reason"] for row in rows if not row["ok"])
    text = f"{kind} speakers: {len(speakers)}, their clips: {len(rows)}, failed: {failed.total()}"
    if not failed:
        return text
    shown = [f"{count} x {reason}" for reason, count in failed.most_common(_REASONS)]
    further = ["..."] if len(failed) > _REASONS else []
    return f"{text} ({', '.join(shown + further)})"


_REASONS = 5  # in a message


def _gather(tables: list[Path], schema: TableSchema) -> dict[str, dict[str, Any]]:
    return {row["clip"]: row for path in tables for row in read_table(path, schema).to_pylist()}


def _place(row: Mapping[str, Any]) -> tuple[Any, str]:
    return natural(row["speaker"]), row["utterance"]


def _reasons(*checks: dict[str, Any]) -> str:
    """Why a clip cannot serve, each reason once; "" if it can."""
    return _joined(*(check["reason"] for check in checks if not check["ok"]))


def _joined(*texts: str) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))


def _subsets(speaker_of: dict[str, str], split: Split) -> dict[str, str]:
    """The subset of each usable clip whose speaker takes part."""
    subsets, clips_of = {}, dict[str, list[str]]()
    for clip, speaker in speaker_of.items():
        clips_of.setdefault(speaker, []).append(clip)
    for speaker, clips in clips_of.items():
        if speaker in split.unseen:
            subsets.update(dict.fromkeys(clips, "unseen_test"))
        elif speaker in split.appearance:
            subsets.update(dict.fromkeys(clips, "appearance"))
        elif is_seen(split, speaker):
            held_back = _held_back(clips, split)
            subsets.update({clip: "seen_test" if clip in held_back else "train" for clip in clips})
    return subsets


def _held_back(clips: list[str], split: Split) -> set[str]:
    drawn = sorted(clips, key=lambda clip: (_draw(clip, split.seed), clip))
    return set(drawn[: num_held_back(split, len(clips))])


def _draw(clip: str, seed: int) -> bytes:
    """A number of the clip's own: one clip more or less moves no other."""
    return hashlib.sha256(f"{seed}\0{clip}".encode()).digest()
