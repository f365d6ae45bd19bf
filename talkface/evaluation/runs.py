"""Which run a file belongs to, and how the runs are named and ordered in tables.

The folders say it (docs/architecture.md): ``scores/{method}/seed-{seed}/{protocol}/{metric}.parquet``
and ``train/{stage}/{variant}/seed-{seed}/history.parquet``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from talkface.config import EXTERNAL

CONTROLS = {
    "ground_truth": "Ground truth",
    "autoencoder": "Ground truth through the autoencoder",
    "static": "Static: first face repeated",
    "mean_mouth": "Mean mouth: frozen",
}
"""Reference rows: the upper limit, the upper limit of paper A's renderer, and two mouths that do not move."""

ORDER_CONTROLS = {
    "codec": "Ground truth through the video codec",
    "blurred": "Ground truth, blurred",
    "early": "Ground truth, some frames too early",
    "late": "Ground truth, some frames too late",
    "loudness": "Mouth that opens by loudness alone",
    "other_clip": "True frames of another clip",
    "other_face": "True frames of another speaker",
}
"""Rows that are made only to see whether the metrics order them; no table of methods has them."""

OWN_AUTOENCODER = "_autoencoder"
"""Suffix of the control that shows the true frames through a variant's own autoencoder: its upper limit."""

OTHER_SOUND = "_other_sound"
"""Suffix of the control in which a variant is given another clip's sound."""

_SEEDED = re.compile(r"seed-(\d+)")


class LayoutError(ValueError):
    """A file that does not lie where the layout says; the message names it."""


@dataclass(frozen=True, order=True)
class Run:
    """One method, seed and protocol whose clips were scored."""

    method: str
    seed: int
    protocol: str


@dataclass(frozen=True, order=True)
class StageRun:
    """One training: stage, variant ("shared" before the renderer) and seed."""

    stage: str
    variant: str
    seed: int


def run_of(path: Path, kind: str) -> Run:
    """The run of a file under ``kind`` ("scores", "generate", "gallery"), from its last folders."""
    parts = path.parts
    seeded = _SEEDED.fullmatch(parts[-3]) if len(parts) >= 5 else None
    if seeded is None or parts[-5] != kind:
        raise LayoutError(f"{path}: expected {kind}/{{method}}/seed-{{seed}}/{{protocol}}/{{file}}")
    return Run(parts[-4], int(seeded[1]), parts[-2])


def trained_run(path: Path) -> StageRun:
    """The training that wrote a history, from the last folders of its path."""
    parts = path.parts
    seeded = _SEEDED.fullmatch(parts[-2]) if len(parts) >= 5 else None
    if seeded is None or parts[-5] != "train":
        raise LayoutError(f"{path}: expected train/{{stage}}/{{variant}}/seed-{{seed}}/{{file}}")
    return StageRun(parts[-4], parts[-3], int(seeded[1]))


def by_method(paths: Iterable[Path], kind: str) -> dict[str, list[Path]]:
    """Files by method, in the order of tables; of several seeds or protocols only the first."""
    runs: dict[Run, list[Path]] = {}
    for path in paths:
        runs.setdefault(run_of(path, kind), []).append(path)
    first: dict[str, list[Path]] = {}
    for run in sorted(runs):
        first.setdefault(run.method, runs[run])
    return {method: first[method] for method in ordered(first)}


def gallery_videos(paths: Iterable[Path], clips: Sequence[str]) -> dict[str, dict[str, Path]]:
    """Videos by method and clip; their names are the clips' places in the gallery (``{place}.mp4``).

    A clip that fills two places is shown once. Raises ``LayoutError`` for a video without a clip.
    """
    shown: dict[str, dict[str, Path]] = {}
    for method, videos in by_method(paths, "gallery").items():
        of_clip: dict[str, Path] = {}
        for video in videos:
            if not video.stem.isdigit() or int(video.stem) >= len(clips):
                raise LayoutError(f"{video}: not one of the gallery's {len(clips)} places")
            of_clip[clips[int(video.stem)]] = video
        shown[method] = of_clip
    return shown


def is_control(method: str) -> bool:
    """Whether a method is a reference row."""
    return method in CONTROLS or method in ORDER_CONTROLS or method.endswith(OWN_AUTOENCODER)


def is_other_sound(method: str) -> bool:
    """Whether a method is a variant driven by another clip's sound."""
    return method.endswith(OTHER_SOUND)


def is_external(method: str) -> bool:
    """Whether a method is another system, of which there are films alone."""
    return method.startswith(EXTERNAL)


def is_variant(method: str) -> bool:
    """Whether a method is a trained variant with its own sound."""
    return not (is_control(method) or is_other_sound(method) or is_external(method))


def label(method: str) -> str:
    """How a method is called in tables and captions."""
    named = CONTROLS | ORDER_CONTROLS
    if method in named:
        return named[method]
    if is_control(method):
        return f"Ground truth through the autoencoder of '{label(method.removesuffix(OWN_AUTOENCODER))}'"
    if is_other_sound(method):
        return f"{label(method.removesuffix(OTHER_SOUND))}, another clip's sound"
    if is_external(method):
        return f"{method.removeprefix(EXTERNAL)} (external)"
    return method.replace("_", " ").capitalize()


def ordered(methods: Iterable[str]) -> list[str]:
    """Controls, then each variant, followed by itself under another clip's sound, then external rows."""
    known = [*CONTROLS, *ORDER_CONTROLS]

    def place(method: str) -> tuple[int, str, bool]:
        if is_external(method):
            return len(known) + 1, method, False
        if is_control(method):
            own = "" if method in known else method
            return known.index("autoencoder" if own else method), own, False
        return len(known), method.removesuffix(OTHER_SOUND), is_other_sound(method)

    return sorted(set(methods), key=place)
