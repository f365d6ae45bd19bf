# --cache: features and frozen stages are shared between experiments and users (docs/sharing.md).
#
# A result's key holds its rule's params, the code among them, and those of all rules before it, but no wildcards: so these are
# params too, the experiment's name left out. `cache: workflow.enable_cache` in the rules, because Snakemake warns of
# each plain `cache: True` whenever --cache is not given.


def check_cache(location: str, eligible: list, named: list):
    """Refuse, before any work, what would fail after it: a store without a place, a rule that must not share."""
    if not location:
        raise ValueError("--cache: set SNAKEMAKE_OUTPUT_CACHE to the folder that is shared")
    if "://" not in location and not os.access(location, os.R_OK | os.W_OK | os.X_OK):
        raise ValueError(
            f"--cache: SNAKEMAKE_OUTPUT_CACHE={location}: no folder that you may write to; make it first"
        )
    if refused := sorted(set(named) - set(eligible)):
        raise ValueError(
            f"--cache: {', '.join(refused)}: not to be shared under this configuration (docs/sharing.md)"
        )


if workflow.enable_cache:
    SHARED = [rule.name for rule in workflow.rules if rule.cache.output]
    try:
        check_cache(
            os.environ.get("SNAKEMAKE_OUTPUT_CACHE", ""), SHARED, workflow.workflow_settings.cache
        )
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    # A plain --cache is not handed on to the jobs of a cluster; names are.
    workflow.workflow_settings.cache = SHARED
