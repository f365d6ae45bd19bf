"""The speech sounds of the demo's words: the acoustics and the mouth shape of each.

One table defines both, so that the sound of a clip determines its mouth shapes. Formant frequencies are those
of an adult male voice (Peterson & Barney 1952 for the vowels; usual loci for the consonants), action-unit
targets are ours.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phoneme:
    """One sound. Frequencies in Hz, levels relative to a full vowel, action units 0-5."""

    duration_s: float
    formants: tuple[float, float, float]
    voice: float  # level of the glottal source
    noise: float  # level of friction
    noise_hz: float  # its centre
    noise_width_hz: float
    aus: tuple[float, float, float, float, float]  # AU10, AU14, AU20, AU25, AU26
    pucker: float = 0.0  # lip rounding, 0-1
    lips_shut: bool = False
    burst: bool = False  # a stop: silent closure, then release
    breath: float = 0.0  # aspiration through the vocal tract after the release
    nasal: bool = False


def _vowel(ms: int, f: tuple[float, float, float], aus: tuple[float, float, float, float, float],
           pucker: float = 0.0) -> Phoneme:  # fmt: skip
    return Phoneme(ms / 1000, f, 1.0, 0.0, 0.0, 0.0, aus, pucker)


PHONEMES: dict[str, Phoneme] = {
    # vowels                 F1   F2    F3        AU10 AU14 AU20 AU25 AU26
    "IY": _vowel(120, (280, 2250, 2950), (0.3, 1.0, 3.9, 3.0, 0.5)),
    "IH": _vowel(85, (400, 1950, 2550), (0.3, 0.4, 2.3, 3.1, 0.8)),
    "EH": _vowel(95, (550, 1800, 2500), (2.0, 0.1, 1.8, 3.9, 1.9)),
    "AE": _vowel(115, (680, 1700, 2450), (3.2, 0.0, 2.0, 4.2, 3.7)),
    "AA": _vowel(120, (730, 1100, 2450), (0.5, 0.0, 0.4, 3.0, 4.9)),
    "AO": _vowel(120, (570, 850, 2400), (0.1, 0.0, 0.0, 2.3, 3.5), 0.6),
    "UH": _vowel(80, (440, 1020, 2250), (0.2, 0.2, 0.0, 2.2, 1.6), 0.55),
    "UW": _vowel(120, (310, 900, 2240), (0.2, 1.5, 0.0, 2.0, 0.3), 1.0),
    "AH": _vowel(80, (620, 1200, 2500), (0.6, 0.1, 0.5, 2.6, 2.8)),
    # glides and liquids
    "L": Phoneme(0.070, (360, 1050, 2700), 0.6, 0, 0, 0, (0.8, 0.1, 1.0, 2.8, 1.0)),
    "R": Phoneme(0.075, (330, 1100, 1500), 0.6, 0, 0, 0, (1.2, 0.8, 0.1, 1.3, 1.1), 0.5),
    "W": Phoneme(0.075, (300, 650, 2200), 0.5, 0, 0, 0, (0.1, 1.5, 0.0, 1.1, 0.2), 1.0),
    "Y": Phoneme(0.060, (270, 2250, 3000), 0.6, 0, 0, 0, (0.4, 0.8, 2.9, 2.2, 0.3)),
    # nasals
    "M": Phoneme(0.085, (260, 1000, 2200), 0.38, 0, 0, 0, (0.0, 2.9, 0.5, 0.0, 0.4),
         lips_shut=True, nasal=True),
    "N": Phoneme(0.070, (260, 1500, 2400), 0.38, 0, 0, 0, (0.7, 0.3, 1.1, 1.8, 0.3), nasal=True),
    # stops
    "B": Phoneme(0.090, (250, 900, 2200), 0.10, 0.35, 900, 900, (0.0, 2.2, 0.3, 0.0, 0.5),
         lips_shut=True, burst=True),
    "P": Phoneme(0.110, (250, 900, 2200), 0.0, 0.5, 1000, 1000, (0.0, 3.3, 0.6, 0.0, 0.3),
         lips_shut=True, burst=True,
                 breath=0.30),
    "D": Phoneme(0.080, (250, 1750, 2600), 0.10, 0.4, 3600, 1600, (1.1, 0.5, 1.2, 1.5, 0.5), burst=True),
    "T": Phoneme(0.095, (250, 1750, 2600), 0.0, 0.6, 3800, 1800, (1.4, 0.8, 1.6, 1.7, 0.1),
         burst=True, breath=0.30),
    "G": Phoneme(0.085, (250, 2000, 2250), 0.10, 0.4, 1900, 700, (0.5, 0.1, 0.8, 1.2, 1.9), burst=True),
    "K": Phoneme(0.100, (250, 2000, 2250), 0.0, 0.6, 2000, 800, (0.7, 0.2, 0.9, 1.1, 1.8),
         burst=True, breath=0.30),
    # fricatives and affricates
    "F": Phoneme(0.095, (300, 1100, 2100), 0.0, 0.13, 5500, 6000, (3.6, 1.4, 0.8, 0.3, 0.5)),
    "V": Phoneme(0.070, (280, 1100, 2100), 0.35, 0.08, 5500, 6000, (3.2, 1.0, 0.7, 0.4, 0.6)),
    "TH": Phoneme(0.090, (300, 1400, 2500), 0.0, 0.14, 5000, 5000, (1.9, 0.3, 1.1, 1.2, 1.3)),
    "DH": Phoneme(0.060, (300, 1400, 2500), 0.4, 0.07, 5000, 5000, (1.6, 0.2, 1.0, 1.2, 1.3)),
    "S": Phoneme(0.110, (300, 1700, 2600), 0.0, 0.42, 5200, 2600, (1.2, 3.0, 2.5, 1.7, 0.0)),
    "Z": Phoneme(0.085, (280, 1700, 2600), 0.30, 0.26, 5200, 2600, (1.0, 2.6, 2.3, 1.8, 0.1)),
    "CH": Phoneme(0.120, (300, 1900, 2500), 0.0, 0.55, 2900, 1300, (2.8, 0.4, 0.0, 1.6, 0.2), 0.7,
         burst=True),
    "JH": Phoneme(0.100, (280, 1900, 2500), 0.12, 0.45, 2900, 1300, (2.5, 0.3, 0.0, 1.6, 0.3), 0.65,
         burst=True),
}  # fmt: skip
SILENCE = Phoneme(0.0, (500, 1500, 2500), 0.0, 0.0, 0.0, 0.0, (0.0, 0.15, 0.0, 0.0, 0.0))

# A diphthong is its two vowels in a row.
_GRID_WORDS = """
bin B IH N|lay L EH IH|place P L EH IH S|set S EH T|blue B L UW|green G R IY N|red R EH D|white W AA IH T
at AE T|by B AA IH|in IH N|with W IH DH|again AH G EH N|now N AA UH|please P L IY Z|soon S UW N
zero Z IH R AO UH|one W AH N|two T UW|three TH R IY|four F AO R|five F AA IH V|six S IH K S|seven S EH V AH N
eight EH IH T|nine N AA IH N
a EH IH|b B IY|c S IY|d D IY|e IY|f EH F|g JH IY|h EH IH CH|i AA IH|j JH EH IH|k K EH IH|l EH L|m EH M
n EH N|o AO UH|p P IY|q K Y UW|r AA R|s EH S|t T IY|u Y UW|v V IY|x EH K S|y W AA IH|z Z EH D
"""
_READ_WORDS = """
the DH AH|my M AA IH|your Y AO R|every EH V R IY|this DH IH S|and AE N D|old AO UH L D|new N Y UW
small S M AO L|dark D AA R K|warm W AO R M|black B L AE K|quiet K W AA IH AH T|little L IH T AH L
wooden W UH D AH N|teacher T IY CH AH R|farmer F AA R M AH R|doctor D AA K T AH R|brother B R AH DH AH R
driver D R AA IH V AH R|visitor V IH Z IH T AH R|lady L EH IH D IY|judge JH AH JH|people P IY P AH L
mother M AH DH AH R|carried K AE R IY D|moved M UW V D|painted P EH IH N T IH D|covered K AH V AH R D
bought B AO T|found F AA UH N D|kept K EH P T|gave G EH IH V|made M EH IH D|sold S AO UH L D|left L EH F T
opened AO UH P AH N D|boat B AO UH T|apple AE P AH L|table T EH IH B AH L|map M AE P|garden G AA R D AH N
bottle B AA T AH L|piano P IY AE N AO UH|basket B AE S K IH T|umbrella AH M B R EH L AH
picture P IH K CH AH R|coat K AO UH T|bread B R EH D|money M AH N IY|suit S UW T|lamp L AE M P|wool W UH L
water W AO T AH R|near N IH R|over AO UH V AH R|under AH N D AH R|for F AO R|beside B IH S AA IH D
before B IH F AO R|river R IH V AH R|window W IH N D AO UH|village V IH L IH JH|road R AO UH D
market M AA R K IH T|beach B IY CH|bridge B R IH JH|farm F AA R M|tower T AA UH AH R|valley V AE L IY
dinner D IH N AH R|summer S AH M AH R|winter W IH N T AH R|today T UW D EH IH
yesterday Y EH S T AH R D EH IH|twice T W AA IH S|may M EH IH
"""


def _table(text: str) -> dict[str, tuple[str, ...]]:
    entries = [entry.split() for entry in text.replace("\n", "|").split("|") if entry]
    return {word: tuple(names) for word, *names in entries}


PRONUNCIATIONS = _table(_GRID_WORDS) | _table(_READ_WORDS)
"""Word -> phonemes (British English, as GRID's speakers)."""
