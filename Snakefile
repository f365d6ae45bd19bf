# From raw clips to the results table. `snakemake --cores 2` runs the embedded demo; see README.md.
# Overlays: --configfile config.yaml configs/grid.yaml. Corpus root: --config root=/path/to/clips.

from snakemake.utils import min_version

min_version("9.12")


configfile: "config.yaml"


include: "rules/common.smk"
include: "rules/resources.smk"
include: "rules/artifacts.smk"
include: "rules/download.smk"
include: "rules/corpus.smk"
include: "rules/features.smk"
include: "rules/train.smk"
include: "rules/sharing.smk"
include: "rules/generate.smk"
include: "rules/evaluate.smk"
include: "rules/report.smk"
include: "rules/paper.smk"
include: "rules/checks.smk"


rule all:
    default_target: True
    input:
        rules.report.input,


localrules:
    all,


# The log and the environment of every rule (talkface/workflow/internals.py).
internals.complete_rules(workflow, ROOT, CONFIG.experiment, CONFIG.corpus.name)
