"""A full-size project as numbers: its GPU jobs and their order, its processor hours, its disk.

Rates and counts come in as they stand in `measured_rates.yaml` and `counted_operations.yaml`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Corpus:
    """A corpus as its configuration splits it."""

    name: str
    speakers: int
    clips: int
    frames: int
    evaluated_frames: int
    crop_frames_per_s: float | None = None  # per core, where it was measured beside the run


CORPORA = (
    # 27 seen speakers with 50 held-back clips, 6 unseen with 100; 75 frames each
    Corpus("GRID", 33, 33_000, 2_475_000, (27 * 50 + 6 * 100) * 75),
    # 49 seen with 5, 10 unseen with 50; about 120 frames each. 1080p pictures: decoding dominates
    Corpus("TCD-TIMIT", 59, 5_800, 700_000, (49 * 5 + 10 * 50) * 120, 43.0),
)
PER_CORPUS_FRAME = ("list_clips", "crop_faces", "label_aus", "extract_mel")
"""Rules whose processor time goes with the frames of the corpus."""
_PER_METHOD_FRAME = ("track_generated", "score_clips")
_PASSES = {"au_attention": 3.0}
"""Passes beside the counted one: the gradient penalty and the way back (see docs/paper_tables.md)."""


@dataclass(frozen=True)
class Project:
    """How much is trained."""

    latent_variants: int
    frame_variants: int
    seeds: int = 3
    controls: int = 4

    @property
    def methods(self) -> int:
        """What is generated and scored: the variants, the controls, and the main ones under another sound."""
        return self.latent_variants + self.frame_variants + self.controls + 2


@dataclass
class GpuJob:
    """One training, or one stage of encoding or generating, on one GPU."""

    name: str
    hours: float
    after: tuple[str, ...] = ()
    stage: str = field(default="")


_READS = {
    "autoencoder": "single", "au_attention": "single", "au_classifier": "single", "frame_renderer": "window",
    "renderer": "latents",
}  # fmt: skip


def reading_hours(counted: Mapping[str, dict], reading_ms: Mapping[str, float]) -> dict[str, float]:
    """Hours that each training spends reading its frames from the tables."""
    return {stage: counted[stage]["samples"] * reading_ms[way] / 3.6e6 for stage, way in _READS.items()}


def gpu_jobs(
    corpus: Corpus,
    project: Project,
    counted: Mapping[str, dict],
    tflops: float,
    reading: Mapping[str, float] | None = None,
) -> list[GpuJob]:
    """All work that wants a GPU, of all seeds, with what it waits for.

    ``reading``: hours that a stage's training spends reading while the GPU waits; nothing by default.
    """
    read = reading or {}

    def hours(stage: str, samples: float | None = None) -> float:
        entry = counted[stage]
        many = entry["samples"] if samples is None else samples
        return many * entry["gflop"] * _PASSES.get(stage, 1.0) / (tflops * 1000) / 3600

    jobs = []
    for seed in range(project.seeds):

        def add(stage: str, length: float, *after: str, number: str = "", seed: int = seed) -> str:
            job = GpuJob(f"{stage}{number}/{seed}", length, tuple(f"{name}/{seed}" for name in after), stage)
            jobs.append(job)
            return f"{stage}{number}"

        for stage in ("autoencoder", "audio_to_au", "au_attention", "au_classifier"):
            add(f"train {stage}", hours(stage) + read.get(stage, 0.0))
        encode = hours("encode", corpus.frames)
        add("encode latents, whole and masked", 2 * encode, "train autoencoder")
        add("first faces", hours("encode", 4 * corpus.clips), "train autoencoder", "train au_attention")
        add("predict AUs", hours("audio_to_au", corpus.frames) / 3, "train audio_to_au")
        ready = ("encode latents, whole and masked", "first faces", "predict AUs")
        for kind, count, stage in (
            ("A", project.latent_variants, "renderer"),
            ("B and C", project.frame_variants, "frame_renderer"),
        ):
            for number in range(count):
                before = ready if kind == "A" else (*ready[1:], "train au_classifier")
                length = hours(stage) + read.get(stage, 0.0)
                trained = add(f"train renderers of paper {kind}", length, *before, number=f" {number}")
                sounds = 2 if number == 0 else 1  # the main ones under another clip's sound, too
                samples = sounds * corpus.evaluated_frames
                add(
                    f"generate, paper {kind}",
                    hours(f"generate {kind}", samples),
                    trained,
                    number=f" {number}",
                )
    return jobs


def makespan(jobs: Iterable[GpuJob], gpus: int) -> float:
    """Hours until the last of the jobs is done: each takes the first free GPU once what it waits for is done.

    The work that has most waiting behind it goes first.
    """
    of = {job.name: job for job in jobs}
    waiting = {name: len(job.after) for name, job in of.items()}
    behind: dict[str, list[str]] = {name: [] for name in of}
    for job in of.values():
        for name in job.after:
            behind[name].append(job.name)
    depth: dict[str, float] = {}

    def path(name: str) -> float:
        if name not in depth:
            depth[name] = of[name].hours + max(map(path, behind[name]), default=0.0)
        return depth[name]

    ready = [(-path(name), name) for name, count in waiting.items() if not count]
    heapq.heapify(ready)
    running: list[tuple[float, str]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < gpus:
            _, name = heapq.heappop(ready)
            heapq.heappush(running, (now + of[name].hours, name))
        now, done = heapq.heappop(running)
        for name in behind[done]:
            waiting[name] -= 1
            if not waiting[name]:
                heapq.heappush(ready, (-path(name), name))
    return now


def core_hours(corpus: Corpus, project: Project, rules: Mapping[str, dict]) -> dict[str, float]:
    """Hours of one core by stage."""

    def rate(rule: str) -> float:
        return rules[rule]["cpu_seconds"] / rules[rule]["frames"]

    found = {}
    for rule in PER_CORPUS_FRAME:
        per_frame = rate(rule)
        if rule == "crop_faces" and corpus.crop_frames_per_s:
            per_frame = 1 / corpus.crop_frames_per_s
        found[rule] = corpus.frames * per_frame / 3600
    scored = corpus.evaluated_frames * project.methods * project.seeds
    for rule in _PER_METHOD_FRAME:
        found[rule] = scored * rate(rule) / 3600
    copies = corpus.evaluated_frames * project.controls * project.seeds
    return found | {"generate_controls": copies * rate("generate_controls") / 3600}


def disk_gb(
    corpus: Corpus, project: Project, tables: Mapping[str, dict], counted: Mapping[str, dict]
) -> dict[str, float]:
    """Gigabytes by kind of artifact."""

    def per_row(kind: str) -> float:
        return tables[kind]["bytes"] / tables[kind]["rows"] / 1e9

    kept = {kind: corpus.frames * per_row(kind) for kind in ("faces", "landmarks", "aus")}
    scored = corpus.evaluated_frames * project.methods * project.seeds
    weights = sum(
        counted[stage]["parameters"]
        for stage in ("autoencoder", "audio_to_au", "au_attention", "au_classifier")
    )
    weights += counted["renderer"]["parameters"] * project.latent_variants
    weights += counted["frame_renderer"]["parameters"] * project.frame_variants
    largest = max(counted[stage]["parameters"] for stage in ("autoencoder", "renderer"))
    return {
        "aligned faces (lossless)": kept["faces"],
        "landmarks": kept["landmarks"],
        "mel, AU labels": kept["aus"] + 4 * corpus.frames * per_row("mel"),
        "latents, whole and masked": 2 * project.seeds * corpus.frames * per_row("latents"),
        "Audio-to-AU features": project.seeds * corpus.frames * per_row("au_features"),
        "first faces, apart and whole": 2 * project.seeds * corpus.clips * per_row("identities"),
        "generated frames": scored * per_row("generated"),
        "landmarks found on them": scored * per_row("landmarks"),
        "weights": project.seeds * weights * 4 / 1e9,
        "resume state of 8 trainings at once": 8 * largest * 4 * 4 / 1e9,
        "scratch of 8 trainings at once": 8 * 3 * 1.073,
    }


def read_project(variants: Path) -> Project:
    """How many of the papers' variants are of either kind."""
    content = yaml.safe_load(variants.read_text(encoding="utf-8"))
    own = content["variants"]

    def output(name: str) -> str:
        return own[name].get("output") or (output(own[name]["base"]) if "base" in own[name] else "diffusion")

    rows = {row["variant"] for table in content["tables"].values() for row in table["rows"]}
    frames = sum(output(name) == "frames" for name in rows)
    return Project(len(rows) - frames, frames)
