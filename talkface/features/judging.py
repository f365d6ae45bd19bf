"""What is measured of a clip, and the one list of rules that says whether it can serve.

A new kind of clip that should not be learned from costs a column of the table of checks, a line in ``RULES``
and its limits in the configuration (section ``limits``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from talkface.config import Limit, Limits


@dataclass(frozen=True)
class Rule:
    """A fact, and what is said of a clip whose fact is beyond its limits."""

    fact: str
    """The column of CHECKS, and the field of ``Limits``."""
    refused: str
    """Why a clip cannot serve."""
    doubted: str
    """What is wrong with a clip that is accepted with reservation."""
    least: bool = False
    """The fact must be at least the limit; False: at most."""

    def beyond(self, value: float, limit: float | None) -> bool:
        """Whether a value breaks a limit, if there is one."""
        return limit is not None and (value < limit if self.least else value > limit)


RULES = (
    Rule("mouth_outside", "mouth outside the picture", "mouth partly outside"),
    Rule("cuts", "cut to another picture", "cut"),
    Rule("same_face", "another face", "perhaps another face", least=True),
    Rule("mouth_movement", "mouth does not move", "mouth hardly moves", least=True),
    Rule("brightness", "too dark", "dark", least=True),
    Rule("sharpness", "too soft", "soft", least=True),
    Rule("face_px", "face too small", "small face", least=True),
    Rule("turn_deg", "face turned away", "turned", least=False),
    Rule("unclear_share", "dim or blurred frames", "some dim or blurred frames"),
    Rule("sound_peak", "silent", "quiet", least=True),
)
"""In the order in which they are named to the user."""


class Verdict(NamedTuple):
    """What the rules say of a clip, in words fit for columns of a table; "" where there is nothing to say."""

    reason: str
    doubts: str


def judge(facts: Mapping[str, float | None], limits: Limits) -> Verdict:
    """Why a clip cannot serve, and with which reservations it can: each rule whose fact was measured."""
    reasons, doubts = [], []
    for rule in RULES:
        value = facts.get(rule.fact)
        if value is None:
            continue
        limit: Limit = getattr(limits, rule.fact)
        if rule.beyond(value, limit.refuse):
            reasons.append(rule.refused)
        elif rule.beyond(value, limit.doubt):
            doubts.append(rule.doubted)
    return Verdict("; ".join(reasons), "; ".join(doubts))
