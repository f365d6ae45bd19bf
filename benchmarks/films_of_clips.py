"""Films of an experiment's test clips by a bundle, as a folder for an external row (docs/external_rows.md).

    python benchmarks/films_of_clips.py results/real/grid films/warp [--model BUNDLE] [--most N]

For each evaluated clip the photo is the first frame of the true clip, and the sound is its own. The films lie
at ``{folder}/{speaker}/{utterance}.mp4``; one that is there is not made again. The experiment needs its
``setup.json``, ``split.parquet`` and ``clips/`` alone. A clip whose first frame shows no face is named and
left out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import talkface
from talkface.animation.animator import Animator
from talkface.artifacts.schemas import CLIPS, SPLIT
from talkface.artifacts.tables import read_table
from talkface.corpora import clip_path
from talkface.evaluation.selection import evaluation_clips
from talkface.jobs.take_networks import finished_config
from talkface.media.video import read_frames


def films(results: Path, most: int | None) -> dict[str, Path]:
    """Evaluated clip -> its true film; of a speaker at most so many in a subset, None: all evaluated ones."""
    config = finished_config(results / "setup.json")
    split = read_table(results / "split.parquet", SPLIT)
    evaluation = config.evaluation.model_copy(update={} if most is None else {"max_clips_per_speaker": most})
    paths = {
        row["clip"]: row["path"]
        for table in sorted((results / "clips").glob("*.parquet"))
        for row in read_table(table, CLIPS).to_pylist()
    }
    speakers = sorted(set(split["speaker"].to_pylist()))
    chosen = [clip for name in speakers for clip in evaluation_clips(split, name, evaluation)]
    return {clip: clip_path(config.corpus, paths[clip]) for clip in chosen}


def make(animator: Animator, clip: str, true: Path, folder: Path) -> str:
    """Make the clip's film unless it is there; what was done, in words."""
    target = folder / f"{clip}.mp4"
    if target.exists():
        return "there already"
    photo = next(iter(read_frames(true, max_frames=1)))
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        animator.animate(photo, true, label=False).write(target)
    except ValueError as error:
        return f"left out: {error}"
    return "made"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="results/{experiment}/{corpus}")
    parser.add_argument("folder", type=Path, help="where the films are to lie")
    parser.add_argument(
        "--model", type=Path, help="a bundle or a finished experiment; default: the package's"
    )
    parser.add_argument("--variant", help="of a finished experiment")
    parser.add_argument(
        "--most", type=int, help="clips of a speaker in a subset; default: all evaluated ones"
    )
    given = parser.parse_args()
    animator = talkface.load(given.model, variant=given.variant)
    wanted = films(given.results, given.most)
    for number, (clip, true) in enumerate(wanted.items(), start=1):
        print(f"{number}/{len(wanted)} {clip}: {make(animator, clip, true, given.folder)}", flush=True)


if __name__ == "__main__":
    main()
