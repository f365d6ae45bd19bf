# --cache: features and frozen stages are shared between experiments and users (docs/sharing.md).
#
# A result's key holds its rule's params, the code among them, and those of all rules before it, but no wildcards: so these are
# params too, the experiment's name left out. `cache: workflow.enable_cache` in the rules, because Snakemake warns of
# each plain `cache: True` whenever --cache is not given.

if workflow.enable_cache:
    try:
        internals.share_results(workflow, ROOT)
    except internals.SharingError as error:
        internals.stop(f"--cache: {error}")
