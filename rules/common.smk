# What all phases share: the checked configuration, the closed set of wildcards, and small named functions.

import re
import sys
from pathlib import Path

# Jobs import the package beside this Snakefile, whatever else is installed.
sys.path.insert(0, str(ROOT))

from dataclasses import asdict
from functools import cache
from shutil import which

from pydantic import BaseModel
from snakemake.io import expand as snakemake_expand
from snakemake.io import strip_wildcard_constraints
from talkface.config import EXTERNAL, validate
from talkface import corpora
from talkface.corpora.download import planned_speakers
from talkface.corpora.films import files_fingerprint, films_fingerprint
from talkface.artifacts.given_networks import (
    given_history,
    given_notes,
    given_weights,
    is_bundle,
)
from talkface.provenance.code import code_name, code_version
from talkface.provenance.ledger import accepted_code
from talkface.media import program
from talkface.metrics.catalogue import main_metrics, metric_named
from talkface.evaluation.needs import (
    SHARED,
    code_behind,
    controls_of,
    files_behind,
    has_autoencoder,
    needs_of,
    trained,
)
from talkface.evaluation.wanted import (
    enabled_evaluators,
    foreign_code,
    wanted_metrics,
    weights_behind,
)
from talkface.evaluation.runs import OTHER_SOUND, OWN_AUTOENCODER
from talkface.workflow import internals

internals.hand_on(ROOT)
internals.refuse_prefix(workflow)
HELP_ASKED = internals.is_asked(workflow, "help")

try:
    CONFIG = validate(config, internals.config_files(workflow))
    METRICS = wanted_metrics(CONFIG.metrics)
    # The target `download`, and the jobs that it starts, plan for clips that are not there yet.
    if internals.is_asked(workflow, "download", "download_archive"):
        SHARDS = {speaker: [speaker] for speaker in planned_speakers(CONFIG.corpus)}
    elif HELP_ASKED:
        SHARDS = {}
    else:
        # What it leaves out is said once, and not by every job again.
        speakers = corpora.list_speakers(CONFIG.corpus, quiet=internals.is_job(workflow))
        CONFIG.check_speakers(speakers)
        # Shard -> its speakers.
        SHARDS = corpora.shards(CONFIG.corpus, speakers, CONFIG.speakers_per_shard)
except ValueError as error:
    internals.stop(error)

# Jobs and what they start use the ffmpeg that the configuration names.
program.choose(CONFIG.media.ffmpeg)
# Code that gave the same results as an earlier one stands for that one.
LEDGER = Path(ROOT, "golden", "ledger.jsonl")
ACCEPTED = accepted_code(LEDGER)

# The demo's true AU curves: the declared outputs of the rule that also makes the clips beside them.
TRUTH = f"{CONFIG.corpus.root}/truth/{{shard}}.parquet"
VIDEOS = range(2 * CONFIG.gallery.clips_per_subset)
# Where MediaPipe's models lie changes nothing; which they are does, for rules that run them.
LABELLING_MODELS = CONFIG.faces.landmarker_sha256 if CONFIG.aus.backend == "blendshapes" else None
# "auto" asks for a GPU where this machine has one; jobs for another machine's GPU say device: cuda. How many there are,
# the profile says.
GPU = {"cpu": 0, "cuda": 1, "auto": int(which("nvidia-smi") is not None)}[CONFIG.compute.device]

# Rows that are made of another system's films, each under its own protocol and the first seed: name -> section.
EXTERNALS = {EXTERNAL + name: own for name, own in CONFIG.external.items()}

# Every wildcard of every path, with all the values that it takes in this experiment.
VALUES = {
    "experiment": [CONFIG.experiment],
    "corpus": [CONFIG.corpus.name],
    "shard": list(SHARDS),
    "variant": CONFIG.main,
    "sound": ["", OTHER_SOUND],
    "control": controls_of(CONFIG, CONFIG.main),
    "method": [
        *controls_of(CONFIG, CONFIG.main),
        *expand("{variant}{sound}", variant=CONFIG.main, sound=["", OTHER_SOUND]),
    ],
    "shown": expand("{variant}{sound}", variant=CONFIG.main, sound=["", OTHER_SOUND]),
    "system": [],
    "seed": [str(seed) for seed in CONFIG.seeds],
    "protocol": list(CONFIG.evaluation.protocols),
    "metric": list(METRICS.names),
    "part": ["mel", "aus", "au_features"],
    "stage": [],
    "trained": [],
    "evaluator": [],
}


# Those of the papers' tables beside them, which the target `paper` makes.
TABLES = list(CONFIG.tables)
POSSIBLE = VALUES | {
    "variant": list(CONFIG.variants),
    "control": [*controls_of(CONFIG, CONFIG.variants), *CONFIG.metrics.controls],
    "method": [
        *controls_of(CONFIG, CONFIG.variants),
        *CONFIG.metrics.controls,
        *expand("{variant}{sound}", variant=CONFIG.variants, sound=["", OTHER_SOUND]),
        *EXTERNALS,
    ],
    "shown": [
        *expand("{variant}{sound}", variant=CONFIG.variants, sound=["", OTHER_SOUND]),
        *EXTERNALS,
    ],
    "system": list(EXTERNALS),
    "protocol": ["one_shot", "inpaint"],
    "stage": ["autoencoder", "audio_to_au", "au_attention", "au_classifier", "renderer"],
    "trained": [SHARED, *CONFIG.variants],
    "evaluator": enabled_evaluators(CONFIG.metrics),
    "table": TABLES,
}


def any_of(names) -> str:
    """A pattern that matches exactly these names; none matches nothing."""
    return "|".join(map(re.escape, names)) or "(?!)"


wildcard_constraints:
    **{name: any_of(values) for name, values in POSSIBLE.items()},


# Without protocols and seeds that differ: one of each is enough to see whether the metrics order the control rows.
ORDERED = {
    name: VALUES[name][:1] if name in ("seed", "protocol") else VALUES[name] for name in VALUES
} | {"method": [*controls_of(CONFIG, []), *CONFIG.metrics.controls]}
ORDERS_STOP = CONFIG.metrics.orders_must_hold == "always" or (
    CONFIG.metrics.orders_must_hold == "demo" and CONFIG.corpus.demo
)


def section(part: BaseModel, **selection) -> dict:
    """A section of the config as plain values: what a rule's ``params`` carry, and no more."""
    return part.model_dump(mode="json", **selection)


@cache
def code_of(name: str, *chosen: str) -> str:
    """Version of the code behind a rule: of its script and of all that this reaches in the package (docs/reruns.md)."""
    version = code_version(Path(ROOT, "workflow_scripts", f"{name}.py"), *chosen)
    return ACCEPTED.get((code_name(name, *chosen), version), version)


def expand(patterns, **values) -> list:
    """Snakemake's, also for the outputs of rules, wherever they are stored."""
    several = [patterns] if isinstance(patterns, str) else patterns
    return snakemake_expand(
        [internals.stored_name(workflow, pattern) for pattern in several], **values
    )


def external_files(patterns, protocols) -> list:
    """What the patterns stand for of external rows that have one of these protocols."""
    return [
        path
        for name, own in EXTERNALS.items()
        if own.protocol in protocols
        for path in expand(
            patterns,
            **VALUES
            | {"method": [name], "shown": [name], "system": [name]}
            | {"protocol": [own.protocol], "seed": VALUES["seed"][:1]},
        )
    ]


def everything(patterns) -> list:
    """All files that the patterns stand for in this experiment."""
    return sorted(
        {*expand(patterns, **VALUES), *external_files(patterns, CONFIG.evaluation.protocols)}
    )


def everything_shown(patterns) -> list:
    """The files that figures are drawn from: of several seeds and protocols the first."""
    first = {name: VALUES[name][:1] for name in ("seed", "protocol")}
    return sorted(
        {*expand(patterns, **(VALUES | first)), *external_files(patterns, first["protocol"])}
    )


def corpus_truth(wildcards) -> list:
    """The demo corpus is made before it is listed; any other is simply there."""
    return expand(TRUTH, shard=wildcards.shard) if CONFIG.corpus.synthetic else []


def speakers_of_shard(wildcards) -> list:
    """The speakers of a job's shard."""
    return SHARDS[wildcards.shard]


def raw_listing(wildcards) -> list:
    """Stands for a shard's raw clips, which are too many to be declared as inputs one by one."""
    return [
        corpora.listing_fingerprint(CONFIG.corpus, name) for name in speakers_of_shard(wildcards)
    ]


def all_shards(pattern, wildcards) -> list:
    """The files of all shards."""
    named = {name: value for name, value in wildcards.items() if name != "shard"}
    return expand(pattern, shard=SHARDS, **named)
