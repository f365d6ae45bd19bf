# Before the first heavy job: is everything there, and what will it take? (docs/preflight.md) Afterwards: is everything whole?


rule check_setup:
    """Is everything there that the experiment needs, and how long will it take?"""

    # No inputs and outputs: it is made whenever it is named, here for the whole experiment.
    resources:
        **LISTING,
        gpu=GPU,
    params:
        shards=SHARDS,
        results=f"results/{CONFIG.experiment}/{CONFIG.corpus.name}",
    script:
        "../workflow_scripts/check_setup.py"


# The same by itself, for the jobs that are about to start, in the snakemake that starts them. As an input of the first
# jobs, even an ancient one, it would remake every finished experiment and be part of each key of --cache.
onstart:
    from snakemake.exceptions import WorkflowError
    from talkface.preflight.durations import durations_of
    from talkface.preflight.jobs import Job
    from talkface.jobs.check_setup import before_heavy_jobs

    try:
        before_heavy_jobs(
            config=CONFIG,
            shards=SHARDS,
            results=Path("results", CONFIG.experiment, CONFIG.corpus.name),
            jobs=[Job(*found) for found in internals.jobs_to_run(workflow, ROOT)],
            computing=internals.computes_here(workflow),
        )
    except ValueError as error:
        raise WorkflowError(str(error)) from None
    internals.start_jobs_at_once(workflow)
    internals.tell_plan(
        workflow,
        ROOT,
        durations_of(CONFIG, SHARDS),
        experiment=CONFIG.experiment,
        corpus=CONFIG.corpus.name,
        demo=CONFIG.corpus.demo,
        tables=bool(CONFIG.tables),
        configfiles=[str(path) for path in internals.config_files(workflow)],
        changed=internals.changed_by_command(workflow),
        results=f"results/{CONFIG.experiment}/{CONFIG.corpus.name}",
    )


rule verify:
    """Is everything there that was made, whole, of one piece, and nothing foreign beside it?"""

    # No inputs: a hole is to be reported, not remade.
    resources:
        **LISTING,
    params:
        results=f"results/{CONFIG.experiment}/{CONFIG.corpus.name}",
        expected=expected_artifacts,
        possible=possible_artifacts,
        ledger=str(LEDGER),
    script:
        "../workflow_scripts/verify.py"
