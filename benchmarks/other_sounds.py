"""Does the mouth keep still where nobody speaks? Films of several people with silence, noise and music.

    cd FOLDER_OF_A_FINISHED_EXPERIMENT
    python PATH/TO/benchmarks/other_sounds.py --model results/real/grid --variant warp \
        s2/clip.mpg s10/clip.mkv ...

Each clip gives a photo, its first frame, and speech, its sound. `talkface.load` makes a film of the photo
with that speech, with digital silence, with white noise at -60 dB and with a plucked chord. Printed is, for
each person and sound, the standard deviation of the lip opening over that with speech, and how far the lips
are open in silence. The films are kept in --folder, to be looked at. Their coding makes the mesh tremble a
little, so that a mouth that does not move has some hundredths.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import soundfile

import talkface
from talkface.config import Faces
from talkface.features.faces import mesh_crops
from talkface.features.landmarks import lip_opening
from talkface.media.video import read_frames

_RATE, _SECONDS = 16_000, 3
_CHORD_HZ = (220.0, 277.2, 329.6, 440.0)


def sounds(folder: Path) -> dict[str, Path]:
    """What is heard in place of speech, as files."""
    time_K = np.arange(_RATE * _SECONDS) / _RATE
    plucked_K = np.exp(-3 * (2 * time_K % 1))  # twice a second
    chord_K = sum(np.sin(2 * np.pi * pitch * time_K) for pitch in _CHORD_HZ) * plucked_K
    noise_K = np.random.default_rng(0).standard_normal(len(time_K))
    made = {"silence": 0 * time_K, "noise": 1e-3 * noise_K, "music": 0.5 * chord_K / np.abs(chord_K).max()}
    for name, samples_K in made.items():
        soundfile.write(folder / f"{name}.wav", samples_K.astype(np.float32), _RATE)
    return {name: folder / f"{name}.wav" for name in made}


def openings_of(film: Path, faces: Faces) -> np.ndarray:
    """Lip opening of the film's frames with a face."""
    points, found = mesh_crops(iter(read_frames(film)), faces)
    return lip_opening(np.asarray(points)[np.asarray(found, bool)])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--model", type=Path, help="a bundle, or the folder of an experiment")
    parser.add_argument("--variant", help="of an experiment")
    parser.add_argument("--folder", type=Path, default=Path("other_sounds"))
    given = parser.parse_args()
    animator = talkface.load(given.model, variant=given.variant)
    given.folder.mkdir(parents=True, exist_ok=True)
    others = sounds(given.folder)
    shares: dict[str, list[float]] = {name: [] for name in others}
    for clip in given.clips:
        person = f"{clip.parent.name}-{clip.stem}"
        photo = given.folder / f"{person}.png"
        cv2.imwrite(str(photo), next(iter(read_frames(clip)))[..., ::-1])
        openings = {}
        for name, sound in {"speech": clip, **others}.items():
            film = given.folder / f"{person}-{name}.mp4"
            animator.animate(photo, sound, label=False).write(film)
            openings[name] = openings_of(film, animator.model.faces)
        speech = openings["speech"]
        for name in others:
            shares[name].append(float(openings[name].std() / speech.std()))
        said = ", ".join(f"{name} {shares[name][-1]:.2f}" for name in others)
        print(
            f"{person}: {said} of the deviation in speech ({speech.std():.3f}); lips open by "
            f"{openings['silence'].mean():.3f} in silence, by {np.percentile(speech, 5):.3f} or less in the "
            "closest 5 % of speech"
        )
    print("median: " + ", ".join(f"{name} {median(values):.2f}" for name, values in shares.items()))


if __name__ == "__main__":
    main()
