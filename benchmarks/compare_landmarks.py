"""Two face meshes on the same real clips: what is found, how the lips move, which AUs the labels see.

    python benchmarks/compare_landmarks.py OLD NEW [--blendshapes BLENDSHAPES]

Each folder is a finished ``results/{experiment}/{corpus}`` of the target ``features``; only clips, checks,
landmarks and AUs are read, so either may come from another version of this repository in another environment:
OLD was made by commit 562af48, the last with mediapipe 0.10.21's legacy mesh, in its own environment, by

    snakemake features --cores 2 --configfile config.yaml configs/real.yaml --config root=/path/to/grid

and NEW by the same command here; BLENDSHAPES is NEW once more with ``aus: {backend: blendshapes}``, of which
only features/{speaker}/aus.parquet is read. Printed are the tables of docs/face_landmarks.md, in Markdown.
Lip figures and labels are compared on the frames in which both saw a face, of clips that both could use.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from talkface.artifacts.schemas import AU_NAMES, AUS, CHECKS, CLIPS, LANDMARKS
from talkface.artifacts.tables import ClipTable, read_table
from talkface.data.rows import vectors
from talkface.features.landmarks import NUM_POINTS, lip_opening
from talkface.metrics.lips import spoken_frames

FPS = 25
AU25 = AU_NAMES.index("AU25")


@dataclass
class Speaker:
    """What was found on one speaker's clips by both meshes."""

    name: str
    clips: int
    usable: tuple[int, int]
    frames: int
    detected: tuple[int, int]
    correlations: list[float] = field(default_factory=list)  # of the lip opening, a clip
    deviations: list[float] = field(default_factory=list)  # new / old
    presence: list[np.ndarray] = field(default_factory=list)  # [2 or 3 labellers, T, 5]
    intensity: list[np.ndarray] = field(default_factory=list)  # [2 or 3, T, 5]
    spoken: list[np.ndarray] = field(default_factory=list)  # [T]; clips with a transcript
    heard: list[np.ndarray] = field(default_factory=list)  # [2 or 3, T]: AU25 of the same frames


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--blendshapes", type=Path)
    given = parser.parse_args()
    labelled = [given.old, given.new, *([given.blendshapes] if given.blendshapes else [])]
    names = sorted(path.stem for path in (given.old / "clips").glob("*.parquet"))
    if not names:
        parser.error(f"{given.old}/clips: no listings: give a folder results/{{experiment}}/{{corpus}}")
    speakers = [compare(given.old, given.new, labelled, name) for name in names]
    print("\n".join([*found_table(speakers), "", *unit_table(speakers), "", *speech_table(speakers)]))


def compare(old: Path, new: Path, labelled: list[Path], name: str) -> Speaker:
    """One speaker's clips in both folders."""
    checks = [
        {row["clip"]: row for row in read_table(features(root, name) / "checks.parquet", CHECKS).to_pylist()}
        for root in (old, new)
    ]
    whole = [[row for row in table.values() if row["ok"]] for table in checks]
    speaker = Speaker(
        name,
        clips=len(checks[0]),
        usable=(len(whole[0]), len(whole[1])),
        frames=sum(row["num_frames"] for row in checks[0].values()),
        detected=tuple(sum(row["num_detected"] for row in table.values()) for table in checks),
    )
    words = {
        row["clip"]: [(word["start_s"], word["end_s"]) for word in row["words"]]
        for row in read_table(new / "clips" / f"{name}.parquet", CLIPS).to_pylist()
    }
    meshes = [ClipTable(features(root, name) / "landmarks.parquet", LANDMARKS) for root in (old, new)]
    labels = [ClipTable(features(root, name) / "aus.parquet", AUS) for root in labelled]
    for clip in [row["clip"] for row in whole[0] if checks[1][row["clip"]]["ok"]]:
        add_clip(speaker, clip, words[clip], meshes, labels)
    return speaker


def add_clip(
    speaker: Speaker,
    clip: str,
    words: list[tuple[float, float]],
    meshes: list[ClipTable],
    labels: list[ClipTable],
) -> None:
    """Lip opening and labels of one clip, where both meshes saw the face."""
    tables = [mesh.read(clip, ["points", "detected"]) for mesh in meshes]
    seen = np.logical_and(*(np.asarray(table["detected"].to_pylist(), bool) for table in tables))
    lips = [lip_opening(vectors(table, "points").reshape(-1, NUM_POINTS, 3))[seen] for table in tables]
    if min(opening.std() for opening in lips) > 0:
        speaker.correlations.append(float(np.corrcoef(*lips)[0, 1]))
        speaker.deviations.append(float(lips[1].std() / lips[0].std()))
    read = [table.read(clip, ["normalised", "presence"]) for table in labels]
    presence = np.stack([np.array(table["presence"].to_pylist(), bool) for table in read])
    intensity = np.stack([vectors(table, "normalised") for table in read])
    speaker.presence.append(presence[:, seen])
    speaker.intensity.append(intensity[:, seen])
    if words:
        speaker.spoken.append(spoken_frames(words, len(seen), FPS))
        speaker.heard.append(intensity[:, :, AU25])


def found_table(speakers: list[Speaker]) -> Iterator[str]:
    """Clips, frames and lips by speaker."""
    yield (
        "| speaker | clips | usable, old | new | frames | face found in, old | new "
        "| lip opening: correlation | std, new / old |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for speaker in [*speakers, total(speakers)]:
        shares = [f"{100 * count / max(1, speaker.frames):.2f} %" for count in speaker.detected]
        yield row(
            speaker.name, speaker.clips, *speaker.usable, speaker.frames, *shares,
            median(speaker.correlations), median(speaker.deviations),
        )  # fmt: skip


def unit_table(speakers: list[Speaker]) -> Iterator[str]:
    """Presence and intensity of each unit against the old mesh's labels."""
    every = total(speakers)
    presence, intensity = (np.concatenate(part, axis=1) for part in (every.presence, every.intensity))
    names = ["new", "blendshapes"][: len(presence) - 1]
    yield (
        "| unit | present, old | "
        + " | ".join(f"{name}: present | agrees | intensity, correlation" for name in names)
        + " |"
    )
    yield "|---|---|" + "---|---|---|" * len(names)
    for unit, au in enumerate(AU_NAMES):
        cells = [percent(presence[0, :, unit].mean())]
        for other in range(1, len(presence)):
            alike = presence[other, :, unit] == presence[0, :, unit]
            correlation = np.corrcoef(intensity[0, :, unit], intensity[other, :, unit])[0, 1]
            cells += [percent(presence[other, :, unit].mean()), percent(alike.mean()), f"{correlation:.2f}"]
        yield row(au, *cells)


def speech_table(speakers: list[Speaker]) -> Iterator[str]:
    """How well AU25 tells frames within words from those outside."""
    yield "| AUC of AU25, words against silence | clips | old | new | blendshapes |"
    yield "|---|---|---|---|---|"
    for speaker in [*speakers, total(speakers)]:
        if speaker.spoken:
            spoken, heard = np.concatenate(speaker.spoken), np.concatenate(speaker.heard, axis=1)
            figures = [f"{auc(values[spoken], values[~spoken]):.3f}" for values in heard]
            yield row(speaker.name, len(speaker.spoken), *figures, *["-"] * (3 - len(figures)))


def auc(words: np.ndarray, silence: np.ndarray) -> float:
    """The chance that a frame within a word has the higher intensity; a tie counts as half."""
    ranked = np.sort(silence)
    below = (np.searchsorted(ranked, words, "left") + np.searchsorted(ranked, words, "right")) / 2
    return float(below.mean() / len(silence))


def total(speakers: list[Speaker]) -> Speaker:
    """All speakers' clips together."""
    lists = ("correlations", "deviations", "presence", "intensity", "spoken", "heard")
    return Speaker(
        "all",
        clips=sum(speaker.clips for speaker in speakers),
        usable=tuple(sum(speaker.usable[which] for speaker in speakers) for which in (0, 1)),
        frames=sum(speaker.frames for speaker in speakers),
        detected=tuple(sum(speaker.detected[which] for speaker in speakers) for which in (0, 1)),
        **{name: [part for speaker in speakers for part in getattr(speaker, name)] for name in lists},
    )


def features(root: Path, speaker: str) -> Path:
    return root / "features" / speaker


def median(values: list[float]) -> str:
    return f"{np.median(values):.3f}" if values else "-"


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


if __name__ == "__main__":
    main()
