"""Real corpora's layouts, in which the synthetic corpus is written: where files lie, rates, sizes, codecs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from talkface.corpora.synthetic.head import FULL_HD_STAGE, GRID_STAGE, Stage
from talkface.corpora.synthetic.read_sentences import choose_read_sentences
from talkface.corpora.synthetic.sentences import Sentence, choose_sentences
from talkface.corpora.synthetic.timing import Score, lay_out, lay_out_freely


@dataclass(frozen=True)
class Layout:
    """One corpus' outer form."""

    corpus: str
    stage: Stage
    fps: Fraction
    sound_rate: int
    clip: str  # template of the clip's path under the root
    transcript: str
    transcript_units_per_s: int
    transcript_silences: bool
    encoding: Mapping[str, Any]  # ffmpeg's options
    choose: Callable[[int, np.random.Generator], list[Sentence]]
    lay_out: Callable[[Sentence, float, np.random.Generator], Score]

    def clip_path(self, root: Path, speaker: str, name: str) -> Path:
        """Where a clip lies."""
        return root / self.clip.format(speaker=speaker, name=name)

    def transcript_path(self, root: Path, speaker: str, name: str) -> Path:
        """Where its transcript lies."""
        return root / self.transcript.format(speaker=speaker, name=name, NAME=name.upper())

    def shown_frame(self, frame: int) -> int:
        """Number of the clip's own picture that decoding to 25 fps shows as ``frame``.

        The last whose time, rounded to frames of 1/25 s, has come.
        """
        shown = (Fraction(2 * frame + 1, 2) * self.fps / 25).__ceil__() - 1
        return int(shown)

    def num_frames_at_25(self, num_frames: int) -> int:
        """How many frames decoding to 25 fps gives."""
        return round(num_frames * 25 / self.fps)


def _read_aloud(sentence: Sentence, rate: float, rng: np.random.Generator) -> Score:
    return lay_out_freely(sentence, rate, _TCD_FPS, rng)


_TCD_FPS = Fraction(30_000, 1001)
_TCD_FOLDER = "volunteers/{speaker}/Clips/straightcam/"

LAYOUTS = {
    "grid": Layout(
        corpus="GRID",
        stage=GRID_STAGE,
        fps=Fraction(25),
        sound_rate=44_100,
        clip="{speaker}/{name}.mpg",
        transcript="alignments/{speaker}/{name}.align",
        transcript_units_per_s=25_000,
        transcript_silences=True,
        encoding={
            "vcodec": "mpeg1video", "acodec": "mp2", "ac": 2, "format": "mpeg", "q:v": 2, "b:a": "192k",
        },
        choose=choose_sentences,
        lay_out=lay_out,
    ),
    "tcd_timit": Layout(
        corpus="TCD-TIMIT",
        stage=FULL_HD_STAGE,
        fps=_TCD_FPS,
        sound_rate=48_000,
        clip=_TCD_FOLDER + "{name}.mp4",
        transcript=_TCD_FOLDER + "{NAME}.txt",
        transcript_units_per_s=16_000,  # TIMIT's own unit: samples
        transcript_silences=False,
        encoding={
            "vcodec": "libx264", "preset": "veryfast", "crf": 18, "movflags": "+faststart",
            "acodec": "aac", "ac": 2, "format": "mp4", "b:a": "192k",
        },
        choose=choose_read_sentences,
        lay_out=_read_aloud,
    ),
}  # fmt: skip
