# What all phases share: the checked configuration, the closed set of wildcards, and small named functions.

import re
import sys
from pathlib import Path

# Jobs import the package beside this Snakefile, whatever else is installed.
sys.path.insert(0, str(ROOT))

from functools import cache
from shutil import which

from pydantic import BaseModel
from snakemake.io import expand as snakemake_expand
from snakemake.io import strip_wildcard_constraints
from talkface.config import validate
from talkface.corpora import list_speakers, listing_fingerprint
from talkface.corpora.download import planned_speakers
from talkface.provenance.code import code_name, code_version
from talkface.provenance.ledger import accepted_code
from talkface.media import program
from talkface.metrics.catalogue import all_metrics, main_metrics
from talkface.evaluation.needs import code_behind, controls_of, files_behind, needs_of
from talkface.evaluation.runs import OTHER_SOUND, OWN_AUTOENCODER
from talkface.workflow import internals

internals.hand_on(ROOT)
internals.refuse_prefix(workflow)
HELP_ASKED = internals.is_asked(workflow, "help")

try:
    CONFIG = validate(config)
    # The target `download`, and the jobs that it starts, plan for clips that are not there yet.
    if internals.is_asked(workflow, "download", "download_archive"):
        SPEAKERS = planned_speakers(CONFIG.corpus)
    elif HELP_ASKED:
        SPEAKERS = []
    else:
        SPEAKERS = list_speakers(CONFIG.corpus)
        CONFIG.check_speakers(SPEAKERS)
except ValueError as error:
    internals.stop(error)

# Jobs and what they start use the ffmpeg that the configuration names.
program.choose(CONFIG.media.ffmpeg)
# Code that gave the same results as an earlier one stands for that one.
LEDGER = Path(ROOT, "golden", "ledger.jsonl")
ACCEPTED = accepted_code(LEDGER)

# The demo's true AU curves: the declared outputs of the rule that also makes the clips beside them.
TRUTH = f"{CONFIG.corpus.root}/truth/{{speaker}}.parquet"
VIDEOS = range(2 * CONFIG.gallery.clips_per_subset)
# Where MediaPipe's models lie changes nothing; which they are does, for rules that run them.
LABELLING_MODELS = CONFIG.faces.landmarker_sha256 if CONFIG.aus.backend == "blendshapes" else None
# "auto" asks for a GPU where this machine has one; jobs for another machine's GPU say device: cuda. How many there are,
# the profile says.
GPU = {"cpu": 0, "cuda": 1, "auto": int(which("nvidia-smi") is not None)}[CONFIG.compute.device]

# Every wildcard of every path, with all the values that it takes in this experiment.
VALUES = {
    "experiment": [CONFIG.experiment],
    "corpus": [CONFIG.corpus.name],
    "speaker": SPEAKERS,
    "variant": CONFIG.main,
    "sound": ["", OTHER_SOUND],
    "control": controls_of(CONFIG, CONFIG.main),
    "method": [
        *controls_of(CONFIG, CONFIG.main),
        *expand("{variant}{sound}", variant=CONFIG.main, sound=["", OTHER_SOUND]),
    ],
    "seed": [str(seed) for seed in CONFIG.seeds],
    "protocol": list(CONFIG.evaluation.protocols),
    "metric": list(all_metrics()),
}


# Those of the papers' tables beside them, which the target `paper` makes.
TABLES = list(CONFIG.tables)
POSSIBLE = VALUES | {
    "variant": list(CONFIG.variants),
    "control": controls_of(CONFIG, CONFIG.variants),
    "method": [
        *controls_of(CONFIG, CONFIG.variants),
        *expand("{variant}{sound}", variant=CONFIG.variants, sound=["", OTHER_SOUND]),
    ],
    "protocol": ["one_shot", "inpaint"],
    "table": TABLES,
}


def any_of(names) -> str:
    """A pattern that matches exactly these names; none matches nothing."""
    return "|".join(map(re.escape, names)) or "(?!)"


wildcard_constraints:
    **{name: any_of(values) for name, values in POSSIBLE.items()},


def section(part: BaseModel, **selection) -> dict:
    """A section of the config as plain values: what a rule's ``params`` carry, and no more."""
    return part.model_dump(mode="json", **selection)


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


def everything(patterns) -> list:
    """All files that the patterns stand for in this experiment."""
    return sorted(set(expand(patterns, **VALUES)))


def everything_shown(patterns) -> list:
    """The files that figures are drawn from: of several seeds and protocols the first."""
    first = {name: VALUES[name][:1] for name in ("seed", "protocol")}
    return sorted(set(expand(patterns, **(VALUES | first))))


def corpus_truth(wildcards) -> list:
    """The demo corpus is made before it is listed; any other is simply there."""
    return expand(TRUTH, speaker=wildcards.speaker) if CONFIG.corpus.synthetic else []


def raw_listing(wildcards) -> str:
    """Stands for a speaker's raw clips, which are too many to be declared as inputs one by one."""
    return listing_fingerprint(CONFIG.corpus, wildcards.speaker)


@cache
def needs(variant) -> frozenset:
    """What a variant rests on: names of parts (talkface/evaluation/needs.py)."""
    return needs_of(CONFIG, variant)


def renderer_section(wildcards) -> dict:
    """The renderer's section under a variant's differences."""
    return section(CONFIG.variant_renderer(wildcards.variant))


def code_of_renderer(wildcards) -> str:
    """Version of the code behind train_renderer: of the variant's renderer, and no other."""
    own = CONFIG.variant_renderer(wildcards.variant)
    return code_of("train_renderer", f"talkface.training.tasks.{own.section}.build")


def code_of_generation(wildcards) -> str:
    """Version of the code behind generate_clips: with the variant's renderer and sampler, and no other."""
    own, sampler = (
        CONFIG.variant_renderer(wildcards.variant),
        CONFIG.variant_sampler(wildcards.variant),
    )
    network = f"talkface.models.{own.section}.{type(own).__name__}"
    return code_of("generate_clips", network, f"talkface.generation.samplers.{sampler.kind}.sample")


def sampler_section(wildcards) -> dict:
    """The sampler under a variant's differences: where nothing is denoised, no more of it than its windows."""
    denoises = "denoiser" in needs(wildcards.variant)
    left_out = set() if denoises else {"kind", "steps", "eta", "shared_noise"}
    return section(CONFIG.variant_sampler(wildcards.variant), exclude=left_out)


def shards(pattern, wildcards) -> list:
    """The files of all speakers."""
    named = {name: value for name, value in wildcards.items() if name != "speaker"}
    return expand(pattern, speaker=SPEAKERS, **named)


def first_face_pattern(variant) -> str:
    """Where a variant's first faces are: split by AU-Attention, or as they are."""
    if "identity_face" in needs(variant):
        return rules.disentangle_faces.output.identities
    return rules.encode_first_faces.output.identities


def first_faces(wildcards) -> list:
    """The first faces of all speakers' clips, as the variant sees them."""
    return shards(first_face_pattern(wildcards.variant), wildcards)


def first_faces_of_speaker(wildcards) -> str:
    """The first faces of one speaker's clips, as the variant sees them."""
    return first_face_pattern(wildcards.variant).format(**wildcards)


def sees_true_aus(wildcards) -> bool:
    """Whether the variant is an oracle."""
    return "true_aus" in needs(wildcards.variant)


def where_needed(*parts_and_pattern):
    """An input function: the files of a pattern, where a variant rests on one of the parts named before it."""
    *parts, pattern = parts_and_pattern

    def files(wildcards) -> list:
        return shards(pattern, wildcards) if needs(wildcards.variant) & set(parts) else []

    return files


def au_input_pattern(variant) -> str | None:
    """What a variant's fusion gets of the action units: Audio-to-AU's features, an oracle the true labels, or nothing."""
    if "true_aus" in needs(variant):
        return rules.label_aus.output.aus_table
    return rules.predict_aus.output.au_features if "predicted_aus" in needs(variant) else None


def au_input(wildcards) -> list:
    """The same of all speakers."""
    pattern = au_input_pattern(wildcards.variant)
    return [] if pattern is None else shards(pattern, wildcards)


def audio_to_au_itself(wildcards) -> list:
    """Audio-to-AU, where a training varies the sound that it hears."""
    heard = {"labels", "predicted_aus"} <= needs(wildcards.variant)
    return expand(rules.train_audio_to_au.output.model, **wildcards) if heard else []


def of_drivers(pattern, wildcards) -> list:
    """The files behind the sound that drives a clip: its own speaker's, or all where another clip may be anyone's.

    Thousands of jobs generate: with every speaker's files as inputs of each, the graph would grow with the speakers' square.
    """
    if wildcards.sound:
        return shards(pattern, wildcards)
    return expand(pattern, **wildcards)


def au_input_of_driver(wildcards) -> list:
    """The same of the clips whose sound drives."""
    pattern = au_input_pattern(wildcards.variant)
    return [] if pattern is None else of_drivers(pattern, wildcards)


def sound_of_driver(wildcards) -> list:
    """Mel frames of the clips that drive."""
    return of_drivers(rules.extract_mel.output.mel_table, wildcards)


def shown_frames(wildcards) -> list:
    """The true frames, whose upper halves the inpaint protocol knows."""
    return (
        expand(rules.crop_faces.output.faces_table, **wildcards)
        if wildcards.protocol == "inpaint"
        else []
    )


def perceptual_stand_in(wildcards) -> list:
    """Our own autoencoder, where a variant has a perceptual loss and no file of VGG-19 is given."""
    wanted = "perceptual" in needs(wildcards.variant) and CONFIG.perceptual.vgg19 is None
    return expand(rules.train_autoencoder.output.model, **wildcards) if wanted else []


def vgg19(wildcards) -> list:
    """The file of VGG-19, where a variant has a perceptual loss and the configuration names one."""
    wanted = "perceptual" in needs(wildcards.variant) and CONFIG.perceptual.vgg19 is not None
    return [local(CONFIG.perceptual.vgg19)] if wanted else []


def samplers_of(variants) -> dict:
    """The sampler of each variant that has one, for the tables' notes."""
    return {
        name: section(CONFIG.variant_sampler(name))
        for name in variants
        if "denoiser" in needs(name)
    }


@cache
def version_of_metric(metric) -> str:
    """Version of the code behind a metric: of the rule's script, of the metric and of what reads its needs."""
    script = Path(ROOT, "workflow_scripts", "score_clips.py")
    version = code_version(script, *code_behind(metric))
    return ACCEPTED.get((f"score_{metric}", version), version)


def code_of_metric(wildcards) -> str:
    """The same, as a param."""
    return version_of_metric(wildcards.metric)


def needed(name, pattern):
    """An input of ``score_clips``: the files that a pattern stands for, where the metric is computed from them."""

    def paths(wildcards) -> list:
        behind = name in files_behind(wildcards.metric)
        return sorted(set(shards(pattern, wildcards))) if behind else []

    return paths


def key_of_part(part, value):
    """What identifies a part of a clip, for the metrics that need it; others are told by their code alone."""

    def key(wildcards):
        wanted = part in all_metrics()[wildcards.metric].needs
        return value if wanted else code_of_metric(wildcards)

    return key


def declared(metrics) -> list:
    """The columns that these metrics declare, for the rules that make tables of them."""
    return [vars(measure) for name in metrics for measure in all_metrics()[name].measures]


def variant_of_control(wildcards) -> str | None:
    """The variant whose own autoencoder a control shows, if any."""
    name = wildcards.control
    return name.removesuffix(OWN_AUTOENCODER) if name.endswith(OWN_AUTOENCODER) else None


def weights_of_control(wildcards) -> list:
    """Only autoencoders need weights: paper A's, or a variant's own."""
    if wildcards.control == "autoencoder":
        return expand(rules.train_autoencoder.output.model, **wildcards)
    variant = variant_of_control(wildcards)
    return (
        expand(rules.train_renderer.output.model, **wildcards, variant=variant) if variant else []
    )


def gpu_of_control(wildcards) -> int:
    """Only autoencoders run on one."""
    return GPU if weights_of_control(wildcards) else 0


def first_faces_of_control(wildcards) -> list:
    """A variant's own autoencoder sees the first face too."""
    variant = variant_of_control(wildcards)
    return [first_face_pattern(variant).format(**wildcards)] if variant else []


def code_of_control(wildcards) -> str:
    """Version of the code behind generate_controls, with the network of a variant's own autoencoder."""
    if (variant := variant_of_control(wildcards)) is None:
        return code_of("generate_controls")
    own = CONFIG.variant_renderer(variant)
    return code_of("generate_controls", f"talkface.models.{own.section}.{type(own).__name__}")
