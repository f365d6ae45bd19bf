"""The ledger of accepted code: code versions that were shown to give the same results as earlier ones.

One line of JSON an entry: when, who, why, and for each rule the earlier and the accepted version.
Entries are written by :mod:`talkface.acceptance.accept`, which compares golden outputs first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


class LedgerError(ValueError):
    """A ledger that cannot be read; the message names the file and the line."""


@dataclass(frozen=True)
class Entry:
    """One acceptance."""

    when: str  # ISO 8601 with zone
    who: str
    why: str
    golden: str  # SHA-256 of the golden outputs that were found equal
    rules: Mapping[str, tuple[str, str]]  # rule -> (the earlier version, the accepted one)

    def __str__(self) -> str:
        rules = ", ".join(f"{rule} {earlier} -> {later}" for rule, (earlier, later) in self.rules.items())
        return f"{self.when}, {self.who}: {self.why} (golden {self.golden[:12]}): {rules}"


def read_entries(ledger: Path) -> list[Entry]:
    """All entries, the oldest first; none where there is no such file."""
    if not ledger.is_file():
        return []
    entries = []
    for number, line in enumerate(ledger.read_text(encoding="utf-8").splitlines(), 1):
        try:
            content = json.loads(line)
            rules = {rule: (earlier, later) for rule, (earlier, later) in content.pop("rules").items()}
            entries.append(Entry(**content, rules=rules))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise LedgerError(
                f"{ledger}: line {number} is not a valid entry ({error}); restore the file"
            ) from error
    return entries


def accepted_code(ledger: Path) -> dict[tuple[str, str], str]:
    """(rule, accepted version) -> the version that it stands for, the earliest of the chain."""
    stands_for: dict[tuple[str, str], str] = {}
    for entry in read_entries(ledger):
        for rule, (earlier, later) in entry.rules.items():
            first = stands_for.get((rule, earlier), earlier)
            if first != later:
                stands_for[rule, later] = first
    return stands_for


def append_entry(ledger: Path, entry: Entry) -> None:
    """Add an entry at the end."""
    with ledger.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(entry)) + "\n")
