# What all phases share: the checked configuration, the closed set of wildcards, and small named functions.

import os
import re
import sys

# Jobs import the package beside this Snakefile, whatever else is installed, also inside --sdm conda environments.
sys.path.insert(0, str(workflow.basedir))
# Trainings end with the snakemake that started them (talkface/training/lock.py).
INHERITED = os.environ.get("PYTHONPATH")
os.environ.update(
    PYTHONPATH=os.pathsep.join([str(workflow.basedir), *([INHERITED] if INHERITED else [])]),
    TALKFACE_SNAKEMAKE_PID=str(os.getpid()),
)

from importlib import metadata
from pathlib import Path
from shutil import which

from pydantic import BaseModel
from snakemake.io import strip_wildcard_constraints
from talkface.config import validate
from talkface.corpora import list_speakers, listing_fingerprint
from talkface.media.ffmpeg import version as ffmpeg_version
from talkface.provenance import code_version
from talkface.reporting.runs import CONTROLS, OTHER_SOUND

try:
    CONFIG = validate(config)
    SPEAKERS = list_speakers(CONFIG.corpus)
    CONFIG.check_speakers(SPEAKERS)
except ValueError as error:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(1)  # one clear line before any work, instead of Snakemake's traceback

# The demo's true AU curves: the declared outputs of the rule that also makes the clips beside them.
TRUTH = f"{CONFIG.corpus.root}/truth/{{speaker}}.parquet"
VIDEOS = range(2 * CONFIG.gallery.clips_per_subset)
# "auto" asks for a GPU where this machine has one; jobs for another machine's GPU say device: cuda. How many there are,
# the profile says.
GPU = {"cpu": 0, "cuda": 1, "auto": int(which("nvidia-smi") is not None)}[CONFIG.compute.device]

# Every wildcard of every path, with all the values that it takes in this experiment.
VALUES = {
    "experiment": [CONFIG.experiment],
    "corpus": [CONFIG.corpus.name],
    "speaker": SPEAKERS,
    "variant": list(CONFIG.variants),
    "sound": ["", OTHER_SOUND],
    "control": list(CONTROLS),
    "method": [
        *CONTROLS,
        *expand("{variant}{sound}", variant=CONFIG.variants, sound=["", OTHER_SOUND]),
    ],
    "seed": [str(seed) for seed in CONFIG.seeds],
    "protocol": list(CONFIG.evaluation.protocols),
}


wildcard_constraints:
    **{name: "|".join(map(re.escape, values)) for name, values in VALUES.items()},


def section(part: BaseModel, **selection) -> dict:
    """A section of the config as plain values: what a rule's ``params`` carry, and no more."""
    return part.model_dump(mode="json", **selection)


def code_of(name: str) -> str:
    """Version of the code behind a rule: its script and all that this imports from the package."""
    return code_version(Path(workflow.basedir, "workflow_scripts", f"{name}.py"))


def tool_versions(*names: str) -> dict:
    """Versions of the programs and libraries on which a rule's numbers depend."""
    return {
        name: ffmpeg_version() if name == "ffmpeg" else metadata.version(name) for name in names
    }


def everything(patterns) -> list:
    """All files that the patterns stand for in this experiment."""
    return sorted(set(expand(patterns, **VALUES)))


def everything_shown(patterns) -> list:
    """The files that figures are drawn from: of several seeds and protocols the first."""
    first = {name: VALUES[name][:1] for name in ("seed", "protocol")}
    return sorted(set(expand(patterns, **(VALUES | first))))


def expected_artifacts(wildcards) -> list:
    """What a finished experiment consists of: every rule's outputs."""
    unused = set() if CONFIG.corpus.synthetic else {"generate_corpus"}
    outputs = [path for rule in workflow.rules if rule.name not in unused for path in rule.output]
    return everything([strip_wildcard_constraints(path) for path in outputs])


def corpus_truth(wildcards) -> list:
    """The demo corpus is made before it is listed; any other is simply there."""
    return expand(TRUTH, speaker=wildcards.speaker) if CONFIG.corpus.synthetic else []


def raw_listing(wildcards) -> str:
    """Stands for a speaker's raw clips, which are too many to be declared as inputs one by one."""
    return listing_fingerprint(CONFIG.corpus, wildcards.speaker)


def renderer_section(wildcards) -> dict:
    """The renderer under a variant's differences."""
    return section(CONFIG.variant(wildcards.variant).renderer)


def sampler_section(wildcards) -> dict:
    """The sampler under a variant's differences."""
    return section(CONFIG.variant(wildcards.variant).sampler)


def samplers_of_variants() -> dict:
    """Each variant's sampler, for the tables' notes."""
    return {name: section(CONFIG.variant(name).sampler) for name in CONFIG.variants}


def weights_of_control(wildcards) -> list:
    """Only the control "autoencoder" needs weights."""
    model = rules.train_autoencoder.output.model
    return expand(model, **wildcards) if wildcards.control == "autoencoder" else []
