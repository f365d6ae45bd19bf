"""How fast a photo and a sound become a film on processors alone, as a table.

    python benchmarks/inference.py --cores 1 2 --seconds 3 600    # the bundle of the package
    python benchmarks/inference.py --model results/demo/demo --variant a_with_photo --steps 1 2 4 10

The photo is the astronaut of scikit-image, cut to the model's crop; the sound is drawn speech. Each case is a
process of its own, held to so many cores. Printed are, for each case: seconds until the networks are loaded
and the face is found (the program's start included), until the first frame after that, frames/s of the film
from then to its last byte, the whole, and the peak of memory (the encoder's included).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COLUMNS = (
    "model", "steps", "cores", "sound s", "ready s", "first frame s", "frames/s", "whole s", "real time",
    "peak MB",
)  # fmt: skip


def drawn_speech(path: Path, seconds: int) -> None:
    """A file of the demo's drawn speech, so long."""
    import numpy as np
    import soundfile

    time_S = np.arange(16_000 * seconds) / 16_000
    syllables_S = np.clip(np.sin(2 * np.pi * 2.2 * time_S + 2 * np.sin(2 * np.pi * 0.31 * time_S)), 0, 1)
    voice_S = sum(np.sin(2 * np.pi * 120 * k * time_S) / k for k in range(1, 12))
    soundfile.write(path, (0.2 * syllables_S * voice_S).astype(np.float32), 16_000)


def measured(arguments: argparse.Namespace, steps: int | None, cores: int, sound: Path) -> dict[str, object]:
    """One case, by a process of its own."""
    words = [sys.executable, __file__, "--case", str(cores), str(sound)]
    for name in ("model", "variant"):
        if getattr(arguments, name) is not None:
            words += [f"--{name}", str(getattr(arguments, name))]
    words += ["--steps", str(steps)] if steps is not None else []
    began = time.time()
    done = subprocess.run(
        words, capture_output=True, text=True, check=True, env=os.environ | {"BEGAN": str(began)}
    )
    return json.loads(done.stdout.splitlines()[-1])


def case(arguments: argparse.Namespace) -> None:
    """Make one film, and print what it took as JSON."""
    cores, sound = int(arguments.case[0]), Path(arguments.case[1])
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    from skimage.data import astronaut

    import talkface

    began = float(os.environ["BEGAN"])
    animator = talkface.load(arguments.model, variant=arguments.variant)
    [steps] = arguments.steps
    with tempfile.TemporaryDirectory() as folder:
        film = animator.animate(astronaut(), sound, steps=steps, crop=True)
        ready = time.time()
        next(iter(film))
        first = time.time()
        film.write(Path(folder) / "film.mp4")
        end = time.time()
    peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    found = {
        "model": arguments.variant or animator.model.variant, "steps": steps or "one-step", "cores": cores,
        "sound s": round(film.seconds), "ready s": round(ready - began, 2),
        "first frame s": round(first - ready, 2), "frames/s": round(len(film) / (end - first)),
        "whole s": round(end - began - (first - ready), 1),
        "real time": f"{film.seconds / (end - first):.1f} x", "peak MB": round(peak / 1024),
    }  # fmt: skip
    print(json.dumps(found))


def machine() -> str:
    """The processor, and what the figures depend on."""
    import torch

    from talkface.provenance.commit import present_commit

    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    name = next(
        (line.split(": ")[1] for line in lines if line.startswith("model name")), platform.processor()
    )
    amx = "with" if any("amx_bf16" in line for line in lines) else "without"
    return f"{name} {amx} AMX, torch {torch.__version__}, commit {present_commit()}"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="a bundle, or the folder of an experiment")
    parser.add_argument("--variant", help="of an experiment")
    parser.add_argument("--steps", type=int, nargs="+", default=[None], help="of a model that denoises")
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=int, nargs="+", default=[3, 600])
    parser.add_argument("--case", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        case(arguments)
        return
    print(f"{machine()}\n\n| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    with tempfile.TemporaryDirectory() as folder:
        for seconds in arguments.seconds:
            sound = Path(folder) / f"{seconds}.wav"
            drawn_speech(sound, seconds)
            for steps in arguments.steps:
                for cores in arguments.cores:
                    row = measured(arguments, steps, cores, sound)
                    print(f"| {' | '.join(str(row[name]) for name in COLUMNS)} |", flush=True)


if __name__ == "__main__":
    main()
