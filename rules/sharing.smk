# --cache: features and frozen stages are shared between experiments and users (docs/sharing.md).
#
# A result's key holds its rule's params, the code among them, and those of all rules before it, but no wildcards: so these are
# params too, the experiment's name left out. `cache: workflow.enable_cache` in the rules, because Snakemake warns of
# each plain `cache: True` whenever --cache is not given.

if workflow.enable_cache:
    CACHE = os.environ.get("SNAKEMAKE_OUTPUT_CACHE", "")
    SHARED = [rule.name for rule in workflow.rules if rule.cache.output]
    REFUSED = sorted(set(workflow.workflow_settings.cache) - set(SHARED))
    PROBLEM = ""
    if not CACHE:
        PROBLEM = "set SNAKEMAKE_OUTPUT_CACHE to the folder that is shared"
    elif "://" not in CACHE and not os.access(CACHE, os.R_OK | os.W_OK | os.X_OK):
        PROBLEM = f"SNAKEMAKE_OUTPUT_CACHE={CACHE}: no folder that you may write to; make it first"
    elif REFUSED:
        PROBLEM = (
            f"{', '.join(REFUSED)}: not to be shared under this configuration (docs/sharing.md)"
        )
    if PROBLEM:
        print(f"error: --cache: {PROBLEM}", file=sys.stderr)
        sys.exit(1)  # before any work, instead of Snakemake's error after it
    # A plain --cache is not handed on to the jobs of a cluster; names are.
    workflow.workflow_settings.cache = SHARED
