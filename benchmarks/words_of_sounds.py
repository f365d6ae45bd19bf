"""Are the transcripts what is said? Another recogniser listens to the clips, as a check of the words.

    pip install pocketsphinx
    python benchmarks/words_of_sounds.py results/real/grid /path/to/grid [--per-speaker 12]

PocketSphinx (its own English models, never trained on these clips) listens to the true sounds, held to GRID's
grammar as our lip reader is, and its words are compared with the transcripts (jiwer). Its phone errors are
those of its pronunciations of both. Prints a row for each speaker: where its words differ much from the
transcripts of one speaker alone, these or the sounds are to be looked at. The lip reader's figures begin
where this one ends: no reader of lips can be asked for fewer errors than the words themselves have.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from jiwer import process_words

from talkface.artifacts.schemas import CLIPS
from talkface.artifacts.tables import read_table
from talkface.config.evaluators import GRID_GRAMMAR
from talkface.media.audio import MediaError, read_audio


def recogniser(slots: Any) -> Any:
    """A decoder of sentences with one word of each slot."""
    from pocketsphinx import Decoder  # not above: an extra of this script alone

    rule = " ".join(f"( {' | '.join(words)} )" for words in slots)
    grammar = f"#JSGF V1.0;\ngrammar sentences;\npublic <sentence> = {rule} ;\n"
    decoder = Decoder(lm=None, loglevel="FATAL")
    decoder.add_jsgf_string("sentences", grammar)
    decoder.activate_search("sentences")
    return decoder


def heard(decoder: Any, samples: np.ndarray) -> str:
    """The sentence that is heard in float32 samples of 16 kHz; empty where there is none."""
    decoder.start_utt()
    decoder.process_raw((32767 * samples.clip(-1, 1)).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    return found.hypstr if found else ""


def phones(decoder: Any, sentence: str) -> str:
    """The phones of its words, in the recogniser's first pronunciation of each."""
    return " ".join(decoder.lookup_word(word) or word for word in sentence.split())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="of an experiment: its clip tables are read")
    parser.add_argument("root", type=Path, help="of the corpus")
    parser.add_argument("--per-speaker", type=int, default=12, help="at most so many clips of each")
    given = parser.parse_args()
    slots = GRID_GRAMMAR
    decoder = recogniser(slots)
    said: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for table in sorted(given.results.glob("clips/*.parquet")):
        for row in read_table(table, CLIPS).to_pylist():
            words = [word["word"].lower() for word in row["words"]]
            fits = len(words) == len(slots) and all(map(lambda word, slot: word in slot, words, slots))
            if not fits or len(said[row["speaker"]]) >= given.per_speaker:
                continue
            try:
                found = heard(decoder, read_audio(given.root / row["path"]))
            except MediaError as error:
                print(f"left out: {error}")
                continue
            said[row["speaker"]].append((" ".join(words), found))
    print("| speaker | clips | words wrong % | phones wrong % | worst word |")
    print("|---|---|---|---|---|")
    everyone = [pair for pairs in said.values() for pair in pairs]
    for speaker, pairs in [*sorted(said.items()), ("all", everyone)]:
        if not pairs:
            continue
        spoken, found = map(list, zip(*pairs, strict=True))
        words = process_words(spoken, found)
        sounds = process_words(*([phones(decoder, text) for text in side] for side in (spoken, found)))
        wrong = np.zeros(len(slots))
        for one, other in pairs:
            if len(other.split()) == len(slots):
                wrong += [a != b for a, b in zip(one.split(), other.split(), strict=True)]
        worst = f"{1 + int(wrong.argmax())} ({100 * wrong.max() / len(pairs):.0f} %)"
        print(f"| {speaker} | {len(pairs)} | {100 * words.wer:.1f} | {100 * sounds.wer:.1f} | {worst} |")


if __name__ == "__main__":
    main()
