"""External files that the jobs will open: do they exist, and do they have the right checksum?"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open

from talkface.config import EXTERNAL, Config
from talkface.evaluation.needs import labels_frames, needs_of
from talkface.evaluation.wanted import wanted_metrics, weights_behind
from talkface.features import bundle
from talkface.preflight.jobs import Job, section_of


def weight_problems(config: Config, jobs: Sequence[Job]) -> list[str]:
    """A line for each configured file that a job needs and that is absent, unreadable or another one."""
    rules = {job.rule for job in jobs}
    problems: list[str] = []
    if _uses_perceptual(config, jobs) and config.perceptual.vgg19 is not None:
        problems += check_file(
            "perceptual.vgg19", config.perceptual.vgg19, config.perceptual.vgg19_sha256,
            "leave it out to use our own autoencoder's features",
        )  # fmt: skip
    for field, path in dict.fromkeys(_warm_starts(config, jobs)):
        problems += check_file(field, path, None, "leave it out to train from the beginning")
        problems += [] if problems and problems[-1].startswith(field) else _not_safetensors(field, path)
    scored = wanted_metrics(config.metrics).names if "score_clips" in rules else ()
    for name, given in weights_behind(scored, config.metrics).items():
        problems += check_file(
            f"metrics.weights.{name}", given.path, given.sha256, "leave it out to go without the metric"
        )
    for name in sorted({job.wildcards["system"] for job in jobs if job.rule == "align_films"}):
        problems += _no_films(config, name.removeprefix(EXTERNAL))
    labels = rules & {"crop_faces", "label_aus"} or set(filter(labels_frames, scored))
    if rules & {"crop_faces", "track_generated", "align_films"} or (
        labels and config.aus.backend == "blendshapes"
    ):
        problems += _landmarker_problems(config)
    if labels:
        problems += list(_openface_problems(config))
    return problems


def _no_films(config: Config, name: str) -> list[str]:
    folder = config.external[name].films
    if folder.expanduser().is_dir():
        return []
    return [f"external.{name}.films: {str(folder)!r}: no such folder: correct it, or leave the row out"]


def check_file(field: str, path: Path, sha256: str | None, remedy: str) -> list[str]:
    """What is wrong with a file that the field names: nothing, or one line."""
    if not path.is_file():
        return [f"{field}: {str(path)!r}: no such file: give its path, or {remedy}"]
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest() if sha256 else None
    except OSError as error:
        return [f"{field}: {str(path)!r} cannot be read ({error.strerror}): change its permissions"]
    if sha256 and found != sha256.strip().lower():
        return [
            f"{field}: {str(path)!r}: its SHA-256 is {found}, not {sha256}: fetch it again, or correct the "
            "checksum if this is the file you mean"
        ]
    return []


def _uses_perceptual(config: Config, jobs: Sequence[Job]) -> bool:
    variants = {job.wildcards["variant"] for job in jobs if job.rule == "train_renderer"}
    return any("perceptual" in needs_of(config, name) for name in variants)


def _warm_starts(config: Config, jobs: Sequence[Job]) -> Iterator[tuple[str, Path]]:
    for job in jobs:
        if not job.rule.startswith("train_"):
            continue
        stage, section = section_of(config, job)
        if section.training.warm_start is not None:
            yield f"{stage}.training.warm_start", section.training.warm_start


def _not_safetensors(field: str, path: Path) -> list[str]:
    try:
        with safe_open(path, framework="numpy") as file:
            file.keys()
    except (SafetensorError, OSError) as error:
        return [f"{field}: {str(path)!r} is not a readable safetensors file ({error}): fetch it again"]
    return []


def _landmarker_problems(config: Config) -> list[str]:
    """Without its models no face is found: one line, which names the remedy."""
    path = bundle.default_path() if config.faces.landmarker is None else config.faces.landmarker
    problem = bundle.problem_with(path, config.faces.landmarker_sha256)
    return [] if problem is None else [f"faces.landmarker: {problem}"]


def _openface_problems(config: Config) -> Iterator[str]:
    aus, otherwise = config.aus, "set aus.backend to 'geometric', which needs no such file"
    if aus.backend != "openface":
        return
    if aus.openface_csv is not None:
        if not aus.openface_csv.is_dir():
            yield f"aus.openface_csv: {str(aus.openface_csv)!r}: no such folder: correct it, or {otherwise}"
    else:
        program = aus.openface_program
        if program is None:
            yield f"aus.openface_program or aus.openface_csv: give one, or {otherwise}"
        elif not (program.is_file() and os.access(program, os.X_OK)):
            yield f"aus.openface_program: {str(program)!r}: no such program: give its path, or {otherwise}"
