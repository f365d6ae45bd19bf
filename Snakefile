# From raw clips to the results table. `snakemake --cores 2` runs the embedded demo; see README.md.
# Overlays: --configfile config.yaml configs/grid.yaml. Corpus root: --config root=/path/to/clips.

from runpy import run_path

from snakemake.utils import min_version

min_version("9.12")


configfile: "config.yaml"


report: "rules/captions/workflow.rst"


# Where the files of this workflow lie on this machine: beside this file, or unpacked where it is named by an address.
ROOT = run_path(workflow.source_path("talkface/workflow/internals.py"))["root_of"](workflow)


include: f"{ROOT}/rules/common.smk"
include: f"{ROOT}/rules/methods.smk"
include: f"{ROOT}/rules/metrics.smk"
include: f"{ROOT}/rules/resources.smk"
include: f"{ROOT}/rules/artifacts.smk"
include: f"{ROOT}/rules/download.smk"
include: f"{ROOT}/rules/corpus.smk"
include: f"{ROOT}/rules/features.smk"
include: f"{ROOT}/rules/train.smk"
include: f"{ROOT}/rules/evaluators.smk"
include: f"{ROOT}/rules/sharing.smk"
include: f"{ROOT}/rules/generate.smk"
include: f"{ROOT}/rules/evaluate.smk"
include: f"{ROOT}/rules/plots.smk"
include: f"{ROOT}/rules/report.smk"
include: f"{ROOT}/rules/study.smk"
include: f"{ROOT}/rules/paper.smk"
include: f"{ROOT}/rules/checks.smk"


rule all:
    """Everything that `report` makes: what runs when no target is named."""
    default_target: True
    input:
        rules.report.input,


rule help:
    """This list: the targets, and what each of them does."""
    input:
        [],


# The log and the environment of every rule (talkface/workflow/internals.py).
internals.complete_rules(workflow, ROOT, CONFIG.experiment, CONFIG.corpus.name)

# Printed before any job is looked for: it needs no clips and no --cores.
if HELP_ASKED:
    internals.print_targets(workflow, ROOT)
