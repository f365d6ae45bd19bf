"""Does ``--au`` do what it says? Factors on each action unit against what the labeller sees in the film.

    python benchmarks/au_steering.py face.jpg voice.wav [--model BUNDLE] [--backend geometric] [--curves]

For each unit and each factor (with --curves: for each constant curve, 0 to 5) a film is made, its face is
followed and labelled as clips are, and the raw intensity of that unit is averaged over the film. Raw, because
a speaker's own scale would not change the order. Prints a row for each unit, as in docs/command.md.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import talkface
from talkface.animation.animator import Animator
from talkface.artifacts.schemas import AU_NAMES
from talkface.config import AuLabels
from talkface.features.aus import PROXY_AUS, ClipFrames, open_labeller
from talkface.features.faces import track_face

FACTORS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
CURVES = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)


class Lab:
    """Makes films of one photo and one sound, and labels them.

    Args:
        animator: makes the films.
        photo: a picture of a real face.
        sound: speech.
        backend: the labeller.
    """

    def __init__(self, animator: Animator, photo: Path, sound: Path, backend: str):
        self._animator, self._photo, self._sound = animator, photo, sound
        settings = AuLabels.model_validate({"backend": backend})
        self._labeller = open_labeller(settings, animator.model.faces)
        self._seen: dict[str, np.ndarray] = {}

    def close(self) -> None:
        self._labeller.close()

    def factor(self, au: str, factor: float) -> float:
        """Mean intensity of a unit where it is made so much stronger than the sound asks."""
        steered = {} if factor == 1 else {au: factor}
        return self._mean(au, str(steered), au=steered)

    def curve(self, au: str, intensity: float) -> float:
        """Mean intensity of a unit that is held at a value."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "curve.csv"
            path.write_text(f"time_s,{au}\n0,{intensity}\n")
            return self._mean(au, f"{au}={intensity}", au_curve=path)

    def _mean(self, unit: str, key: str, **steered: Any) -> float:
        if key not in self._seen:
            frames = list(self._animator.animate(self._photo, self._sound, label=False, **steered))
            model = self._animator.model
            track = track_face(frames, model.faces, model.settings.video.crop_size)
            clip = ClipFrames("film", track.points, track.detected, lambda: track.images)
            self._seen[key] = self._labeller.label(clip).raw.mean(0)
        return float(self._seen[key][AU_NAMES.index(unit)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("sound", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--backend", choices=("geometric", "blendshapes"), default="geometric")
    parser.add_argument("--curves", action="store_true")
    given = parser.parse_args()
    steps = CURVES if given.curves else FACTORS
    heads = [f"{step:g}" if given.curves else f"× {step:g}" for step in steps]
    print(f"| unit | {' | '.join(heads)} | rises throughout |")
    print(f"|---|{'---|' * len(steps)}---|")
    with closing(Lab(talkface.load(given.model), given.photo, given.sound, given.backend)) as lab:
        steer = lab.curve if given.curves else lab.factor
        found = {au: [steer(au, step) for step in steps] for au in AU_NAMES}
    for au, values in found.items():
        name = f"{au} (proxy)" if au in PROXY_AUS[given.backend] else au
        rises = "yes" if all(before < after for before, after in pairwise(values)) else "no"
        print(f"| {name} | {' | '.join(f'{value:.3f}' for value in values)} | {rises} |")


if __name__ == "__main__":
    main()
