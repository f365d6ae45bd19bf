"""Which speakers share a shard: one file of each kind, and one job of each rule that goes through clips.

A shard holds the speakers whose names' hashes begin with the same bits, and one that is too large is halved
by the next bit. So the order of speakers does not matter, and one more speaker or clip changes the shard to
which it belongs and no other. The Snakefile imports this at every parse: keep it light.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from talkface.corpora.listing import CorpusError

OWN_SHARD = 500
"""A speaker with so many clips has a shard to themselves, as all of GRID's have."""
_CLIPS = 20
_NAME = re.compile(r"shard(-[01]+)?")


def shards_by_clips(clips: Mapping[str, int]) -> dict[str, list[str]]:
    """Shards with their speakers, in the speakers' order, from the clips that each has.

    A shard of several speakers has at most 20 clips for the whole corpus, 40 for each half of it, 80 for each
    quarter and so on: four times the clips are about twice as many shards, each twice as large. A million
    clips of 6000 speakers have some 250 shards.
    """
    small = [speaker for speaker, count in clips.items() if count < OWN_SHARD]
    found = _halved(small, lambda bits, own: sum(clips[name] for name in own) <= _CLIPS << bits)
    found |= {speaker: [speaker] for speaker in clips if clips[speaker] >= OWN_SHARD}
    return _in_order(found, clips)


def shards_by_number(speakers: Sequence[str], most: int) -> dict[str, list[str]]:
    """The same with at most so many speakers in a shard."""
    return _in_order(_halved(speakers, lambda _, own: len(own) <= most), speakers)


def _halved(speakers: Sequence[str], fits: Callable[[int, list[str]], bool]) -> dict[str, list[str]]:
    """A single speaker's shard has that speaker's name; others are called by their bits, ``shard-011``."""
    bits_of = {speaker: _bits(speaker) for speaker in speakers}
    found: dict[str, list[str]] = {}
    pending = [("", list(speakers))]
    while pending:
        bits, own = pending.pop()
        if len(own) == 1:
            found[own[0]] = own
        elif not fits(len(bits), own):
            for longer in (bits + "0", bits + "1"):
                pending.append((longer, [name for name in own if bits_of[name].startswith(longer)]))
        elif own:
            found[f"shard-{bits}" if bits else "shard"] = own
    return found


def _bits(speaker: str) -> str:
    return f"{int.from_bytes(hashlib.blake2b(speaker.encode()).digest()):0512b}"


def _in_order(shards: Mapping[str, list[str]], speakers: Iterable[str]) -> dict[str, list[str]]:
    """Sorted by their first speakers (``CorpusError``: a speaker has a name that is kept for shards)."""
    place = {speaker: number for number, speaker in enumerate(speakers)}
    for speaker in filter(_NAME.fullmatch, place):
        raise CorpusError(f"speaker {speaker!r}: names such as shard-01 are taken: rename its folder")
    return dict(sorted(shards.items(), key=lambda shard: place[shard[1][0]]))
