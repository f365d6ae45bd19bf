"""Which speakers share a shard: one file of each kind, and one job of each rule that goes through clips.

The Snakefile imports this at every parse: keep it light.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from talkface.corpora.listing import CorpusError

CLIPS_PER_SHARD = 1500
"""Most clips in a shard of several speakers where the sizes decide: a shard takes as long as one of GRID's
speakers (1000 clips)."""
_NAME = re.compile(r"shard(-[01]+)?")


def shards_of(sizes: Mapping[str, int], largest: int, *, halved: bool) -> dict[str, list[str]]:
    """Shards with their speakers, in the order of the speakers.

    A shard holds the speakers whose names' hashes begin with the same bits. One that is larger than
    ``largest`` is halved by the next bit, down to single speakers. So the assignment depends on no order, and
    one more speaker or clip changes the shard to which it belongs, and no other.

    A single speaker's shard has that speaker's name, others are called by their bits: ``shard-011``.

    Args:
        sizes: clips of each speaker, or 1 each where speakers are counted.
        largest: most of them in a shard of several speakers.
        halved: the whole corpus is never one shard, unless all speakers fall into one half.

    Raises:
        CorpusError: a speaker has a name that is kept for shards.
    """
    for speaker in filter(_NAME.fullmatch, sizes):
        raise CorpusError(f"speaker {speaker!r}: names such as shard-01 are taken: rename its folder")
    place = {speaker: number for number, speaker in enumerate(sizes)}
    bits_of = {speaker: _bits(speaker) for speaker in sizes}
    found: dict[str, list[str]] = {}
    pending = [("", list(sizes))]
    while pending:
        bits, speakers = pending.pop()
        if len(speakers) == 1:
            found[speakers[0]] = speakers
        elif sum(sizes[name] for name in speakers) > largest or (halved and not bits):
            for longer in (bits + "0", bits + "1"):
                pending.append((longer, [name for name in speakers if bits_of[name].startswith(longer)]))
        elif speakers:
            found[f"shard-{bits}" if bits else "shard"] = speakers
    return dict(sorted(found.items(), key=lambda shard: place[shard[1][0]]))


def _bits(speaker: str) -> str:
    return f"{int.from_bytes(hashlib.blake2b(speaker.encode(), digest_size=16).digest()):0128b}"
