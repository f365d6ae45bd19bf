"""Estimates frames, bytes, and hours (if a rate was measured for these network widths: measured.yaml)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import yaml
from pydantic import BaseModel

from talkface.artifacts.atomic import TEMPORARY_BYTES
from talkface.config import Config, Renderer
from talkface.corpora.roles import is_seen, num_held_back
from talkface.preflight.jobs import Job, section_of

MEASURED: dict[str, Any] = yaml.safe_load(
    resources.files("talkface.preflight").joinpath("measured.yaml").read_text("utf-8")
)
"""Measured sizes and rates, with their sources."""
_S_PER_H = 3600.0


@dataclass
class Stage:
    """One line of what will run."""

    name: str
    jobs: int = 0
    amount: int = 0
    unit: str = "frames"
    hours: float | None = None
    """At the measured rate; None where none was measured for such widths."""
    gflop: float | None = None
    """All operations in 10^9, where counted."""


@dataclass
class Estimate:
    """All lines, and bytes below ``results``, ``work``, the demo corpus' root and the temporary folder."""

    stages: list[Stage] = field(default_factory=list)
    bytes: dict[str, int] = field(default_factory=dict)


def estimate(
    config: Config, jobs: Sequence[Job], clips: Mapping[str, Mapping[str, int]], frames_per_clip: float
) -> Estimate:
    """Add up what the jobs compute and store; rates are those of ``MEASURED['machine']``.

    ``clips``: their number by shard and speaker.
    """
    lines: dict[str, Stage] = {}
    plan = config.corpus.synthetic
    kind = plan.layout if plan else config.corpus.reader
    size, total = MEASURED["bytes_per_frame"], {"results": 0.0, "work": 0.0, "corpus": 0.0}
    for job in jobs:
        of_speaker = clips.get(job.wildcards.get("shard", ""), {})
        num_clips = sum(of_speaker.values())
        frames = num_clips * frames_per_clip
        match job.rule:
            case "generate_corpus":
                _add(lines, "generate_corpus", frames, MEASURED["frames_per_s"]["draw"])
                total["corpus"] += num_clips * MEASURED["bytes_per_clip"]["demo_clip"]
            case "crop_faces":
                _add(lines, "features", frames, MEASURED["preprocessed_frames_per_s"].get(kind))
                total["results"] += frames * sum(size[name] for name in ("faces", "landmarks", "aus", "mel"))
            case "encode_latents" | "encode_masked_latents":
                _add(lines, job.rule, frames, _rate(MEASURED["encoded_frames_per_s"], config.autoencoder))
                total["results"] += frames * size["latents"]
            case "predict_aus":
                total["results"] += frames * size["au_features"]
            case "disentangle_faces" | "encode_first_faces":
                total["results"] += num_clips * MEASURED["bytes_per_clip"]["identities"]
            case "generate_clips":
                made = _num_generated(config, of_speaker) * frames_per_clip
                _add(lines, f"generate {job.wildcards['variant']}", made, _generation_rate(config, job))
                total["results"] += made * (size["generated"] + size["landmarks"])
            case "generate_controls":
                few = config.metrics.control_clips_per_speaker
                if job.wildcards["control"] not in config.metrics.controls:
                    few = None
                made = _num_generated(config, of_speaker, few) * frames_per_clip
                moving = job.wildcards["control"] not in ("static", "mean_mouth")
                total["results"] += made * (size["generated" if moving else "still"] + size["landmarks"])
            case "align_films":
                made = _num_generated(config, of_speaker) * frames_per_clip
                _add(lines, "align_films", made, MEASURED["preprocessed_frames_per_s"].get(kind))
                total["results"] += made * (size["generated"] + size["landmarks"])
            case rule if rule.startswith("train_"):
                weights = _add_training(lines, config, job)
                total["results"] += weights
                total["work"] += 4 * weights  # trained and averaged weights, two moments of each
    whole = {name: int(value) for name, value in total.items()} | {"tmp": TEMPORARY_BYTES}
    return Estimate(list(lines.values()), whole)


def _num_generated(config: Config, clips: Mapping[str, int], most: int | None = None) -> int:
    """Clips of some speakers that are generated, of each at most so many."""
    chosen = [clips_to_generate(config, speaker, count) for speaker, count in clips.items()]
    return sum(chosen if most is None else (min(count, most) for count in chosen))


def clips_to_generate(config: Config, speaker: str, clips: int) -> int:
    """How many of a speaker's clips are generated: of an unseen one all, of a seen one a share; capped."""
    split = config.splits[config.split]
    if speaker in split.unseen:
        chosen = clips
    elif is_seen(split, speaker):
        chosen = num_held_back(split, clips)
    else:
        chosen = 0
    cap = config.evaluation.max_clips_per_speaker
    return chosen if cap is None else min(chosen, cap)


def _add(lines: dict[str, Stage], name: str, amount: float, rate: float | None, gflop: float = 0) -> None:
    line = lines.setdefault(name, Stage(name, hours=0.0))
    line.jobs += 1
    line.amount += round(amount)
    known = rate is not None and line.hours is not None
    line.hours = line.hours + amount / rate / _S_PER_H if known else None  # type: ignore[operator]
    if gflop:
        line.gflop = (line.gflop or 0.0) + gflop


def _add_training(lines: dict[str, Stage], config: Config, job: Job) -> float:
    """Count a training; returns the bytes of its weights."""
    stage, section = section_of(config, job)
    samples = section.training.samples
    cost = _rate(MEASURED["gflop_per_sample"].get(stage, []), section) or 0.0
    name = f"train {stage}" + (f" {job.wildcards['variant']}" if "renderer" in stage else "")
    _add(
        lines,
        name,
        samples,
        _rate(MEASURED["training_samples_per_s"].get(stage, []), section),
        samples * cost,
    )
    lines[name].unit = "samples"
    parameters = _rate(MEASURED["parameters"].get(stage, []), section)
    return 4 * parameters if parameters else MEASURED["bytes_per_weights"]


def _generation_rate(config: Config, job: Job) -> float | None:
    variant = job.wildcards["variant"]
    section = config.variant_renderer(variant)
    if not isinstance(section, Renderer):
        return None
    rate = _rate(MEASURED["denoised_frames_per_s"], section)
    return rate / config.variant_sampler(variant).steps if rate else None


def _rate(entries: Sequence[Mapping[str, Any]], section: BaseModel) -> float | None:
    """The rate measured for a section with exactly these fields, if any was."""
    for entry in entries:
        if all(getattr(section, name) == value for name, value in entry["when"].items()):
            return float(entry["rate"])
    return None
