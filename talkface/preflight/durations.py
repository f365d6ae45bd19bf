"""What each job of a run takes beforehand, from measured records of cost, so that a bar can show work.

Only the proportions matter: the screen of a run scales them with what the run itself measures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from talkface.config import Config, Renderer
from talkface.preflight.corpus import survey
from talkface.preflight.estimate import MEASURED, clips_to_generate
from talkface.preflight.jobs import Job, section_of

_COST: dict[str, Any] = MEASURED["job_seconds"]


@dataclass(frozen=True)
class Amounts:
    """How much there is to compute, by shard."""

    frames: Mapping[str, float]
    shown: Mapping[str, float]
    """Frames of the clips that every method generates."""

    @classmethod
    def of(
        cls,
        config: Config,
        shards: Mapping[str, Sequence[str]],
        clips: Mapping[str, int],
        frames_per_clip: float,
    ) -> Amounts:
        """From the shards' speakers and the number of clips of each speaker."""

        def by_shard(clips_of: Callable[[str], float]) -> dict[str, float]:
            return {name: frames_per_clip * sum(map(clips_of, own)) for name, own in shards.items()}

        return cls(
            by_shard(lambda speaker: clips.get(speaker, 0)),
            by_shard(lambda speaker: clips_to_generate(config, speaker, clips.get(speaker, 0))),
        )


def durations_of(
    config: Config, shards: Mapping[str, Sequence[str]]
) -> Callable[[str, dict[str, str]], float]:
    """A function of rule and wildcards that gives seconds; clips are counted once, here."""
    found = survey(config, [name for own in shards.values() for name in own], read=False)
    amounts = Amounts.of(config, shards, found.clips, found.frames_per_clip)
    return lambda rule, wildcards: seconds_of(config, Job(rule, wildcards), amounts)


def seconds_of(config: Config, job: Job, amounts: Amounts) -> float:
    """Seconds of one job on one core, from its start to its end."""
    if job.rule.startswith("train_"):
        stage, section = section_of(config, job)
        each = _COST["sample"].get(stage, _COST["sample"]["renderer"])
        return _COST["start_of_training"] + section.training.samples * each
    cost = _COST["rules"].get(job.rule, {})
    start = _COST["start_of_networks" if cost.get("networks") else "start"]
    per_frame = cost.get("frame", 0.0) * _of_job(amounts.frames, job)
    per_shown = _shown_frame(config, job, cost) * _of_job(amounts.shown, job)
    return start + cost.get("fixed", 0.0) + per_frame + per_shown


def _of_job(amount: Mapping[str, float], job: Job) -> float:
    """That of the job's shard, or of all where it reads all."""
    shard = job.wildcards.get("shard")
    return sum(amount.values()) if shard is None else amount.get(shard, 0.0)


def _shown_frame(config: Config, job: Job, cost: Mapping[str, Any]) -> float:
    """Seconds of one generated frame: by the sampler's steps, the control or the metric where they decide."""
    if job.rule == "generate_clips":
        variant = job.wildcards["variant"]
        section = config.variant_renderer(variant)
        steps = config.variant_sampler(variant).steps if isinstance(section, Renderer) else 0
        return float(cost["shown"] + cost["step"] * steps)
    kinds = cost.get("kinds", {})
    kind = job.wildcards.get("control") or job.wildcards.get("metric") or ""
    return float(kinds.get(kind, cost.get("shown", 0.0)))
