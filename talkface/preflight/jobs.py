"""The pending jobs, as far as the check needs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from talkface.config import EXTERNAL, Config
from talkface.evaluation.needs import controls_of, rules_behind, trained, trainings_behind
from talkface.evaluation.runs import OTHER_SOUND
from talkface.evaluation.wanted import enabled_evaluators

LIGHT = frozenset({"list_clips", "split_clips", "download_archive", "verify", "check_setup"})
"""Rules before which nothing is checked, with those that only tabulate, plot and build pages."""
_LIGHT_VERBS = ("tabulate_", "plot_", "build_")


@dataclass(frozen=True)
class Job:
    """One job: its rule, wildcards and requested memory."""

    rule: str
    wildcards: Mapping[str, str] = field(default_factory=dict)
    mem_mb: int = 0


def is_heavy(rule: str) -> bool:
    """Whether a rule computes or stores much: all but listings, tables, figures and pages."""
    return rule not in LIGHT and not rule.startswith(_LIGHT_VERBS)


def section_of(config: Config, job: Job) -> tuple[str, Any]:
    """Name and content of the section behind a training."""
    stage = job.rule.removeprefix("train_")
    if stage == "renderer":
        own = config.variant_renderer(job.wildcards["variant"])
        return own.section, own
    evaluators = config.metrics.evaluators
    return stage, getattr(evaluators if hasattr(evaluators, stage) else config, stage)


def jobs_of_experiment(config: Config, shards: Sequence[str]) -> list[Job]:
    """The jobs that decide the cost of the whole experiment, as if nothing of it were there yet.

    They are those that the targets ``all`` and, where there are tables, ``paper`` would start.
    """
    once = [name for name in ("generate_corpus",) if config.corpus.synthetic] + ["crop_faces"]
    jobs = [Job(rule, {"shard": name}) for rule in once for name in shards]
    trains = config.networks is None
    jobs += [Job(f"train_{name}") for name in enabled_evaluators(config.metrics) if trains]
    for number, seed in enumerate(map(str, config.seeds)):
        stages = _stages(config, shown=number == 0)
        trainings = _trainings(config, stages) if trains else ()
        jobs += [Job(rule, wildcards | {"seed": seed}) for rule, wildcards in trainings]
        jobs += [
            Job(rule, wildcards | {"seed": seed, "shard": name})
            for rule, wildcards in [*_frozen(config, stages), *_generated(config, number == 0)]
            for name in shards
        ]
    return jobs


def _stages(config: Config, shown: bool) -> list[str]:
    """The trainings before the renderer; ``shown``: the report shows masks and AUs of this seed."""
    needed = [stage for stage, _ in trainings_behind(config, config.named_variants())]
    needed += ["audio_to_au", "au_attention"] if shown else []
    needed += ["au_classifier"] if config.tables else []  # the papers' page says how good the judge is
    return [stage for stage in dict.fromkeys(needed) if stage != "renderer"]


def _trainings(config: Config, stages: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    yield from ((f"train_{stage}", {}) for stage in stages)
    named = trained(config, config.named_variants())
    yield from (("train_renderer", {"variant": variant}) for variant in named)


def _frozen(config: Config, stages: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """What frozen networks say of each shard's clips."""
    needed = rules_behind(config, config.named_variants())
    of_stage = {"predict_aus": "audio_to_au", "disentangle_faces": "au_attention"}
    for rule in ("encode_latents", "encode_masked_latents", "encode_first_faces", *of_stage):
        if rule in needed or of_stage.get(rule) in stages:
            yield rule, {}


def _generated(config: Config, shown: bool) -> Iterator[tuple[str, dict[str, str]]]:
    """Controls and variants under every protocol that the report or a table asks for, each once.

    ``shown``: of this seed the control rows are made that the metrics are held to.
    """
    sounds = ("", OTHER_SOUND)
    asked = [
        (name, sound, way) for way in config.evaluation.protocols for name in config.main for sound in sounds
    ]
    for table in config.tables.values():
        asked += [(row.variant, "", table.protocol) for row in table.rows]
        asked.append((config.main[0], OTHER_SOUND, table.protocol))
    for protocol in dict.fromkeys(way for _, _, way in asked):
        beside = controls_of(config, [name for name, _, way in asked if way == protocol])
        if shown and protocol == config.evaluation.protocols[0]:
            beside += config.metrics.controls
        yield from (("generate_controls", {"control": name, "protocol": protocol}) for name in beside)
    if shown:
        for name, own in config.external.items():
            yield "align_films", {"system": EXTERNAL + name, "protocol": own.protocol}
    for variant, sound, protocol in dict.fromkeys(asked):
        yield "generate_clips", {"variant": variant, "sound": sound, "protocol": protocol}
