"""The jobs that are about to run, as far as the check needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from talkface.config import Config, FrameRenderer
from talkface.reporting.runs import CONTROLS, OTHER_SOUND
from talkface.reporting.sources import trainings_behind

LIGHT = frozenset({"list_clips", "split_clips", "download_archive", "verify", "check_setup"})
"""Rules before which nothing is checked, with those that only tabulate, plot and build pages."""
_FROZEN = ("encode_latents", "predict_aus", "disentangle_faces")
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


def jobs_of_experiment(config: Config, speakers: Sequence[str]) -> list[Job]:
    """The jobs that decide the cost of the whole experiment, as if nothing of it were there yet."""
    variants = config.trained_variants()
    jobs = [Job("generate_corpus", {"speaker": name}) for name in speakers if config.corpus.synthetic]
    jobs += [Job("crop_faces", {"speaker": name}) for name in speakers]
    for seed in map(str, config.seeds):
        for stage, variant in trainings_behind(config, variants):
            rule = f"train_{stage}"
            if stage == "renderer" and isinstance(config.variant_renderer(variant), FrameRenderer):
                rule = "train_frame_renderer"
            jobs.append(Job(rule, {"variant": variant, "seed": seed}))
        frozen = [Job(rule, {"speaker": name, "seed": seed}) for rule in _FROZEN for name in speakers]
        controls = [
            Job("generate_controls", {"control": control, "seed": seed, "speaker": name})
            for control in CONTROLS
            for name in speakers
        ]
        jobs += frozen + controls
        jobs += [
            Job("generate_clips", {"variant": variant, "sound": sound, "seed": seed, "speaker": name})
            for variant in variants
            for sound in ("", *((OTHER_SOUND,) if variant in config.main else ()))
            for _ in (config.evaluation.protocols if variant in config.main else ["a table's"])
            for name in speakers
        ]
    return jobs
