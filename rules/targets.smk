# What is made when nothing is named, and what can be named.


rule all:
    """Everything that `report` makes: what runs when no target is named."""
    default_target: True
    input:
        rules.report.input,


rule help:
    """This list: the targets, and what each of them does."""
    input:
        [],


# It is printed before any job is looked for: it needs no clips and no --cores.
if HELP_ASKED:
    internals.print_targets(workflow, ROOT)
