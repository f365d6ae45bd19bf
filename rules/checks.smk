# Before the first heavy job: is everything there, and what will it take? (docs/preflight.md) Afterwards: is everything whole?


rule check_setup:
    # No inputs and outputs: it is made whenever it is named, here for the whole experiment.
    log:
        f"logs/{CONFIG.experiment}/{CONFIG.corpus.name}/check_setup.log",
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        gpu=GPU,
        mem_mb=2000,
        runtime=10,
    params:
        speakers=SPEAKERS,
        results=f"results/{CONFIG.experiment}/{CONFIG.corpus.name}",
    script:
        "../workflow_scripts/check_setup.py"


# The same by itself, for the jobs that are about to start, in the snakemake that starts them. As an input of the first
# jobs, even an ancient one, it would remake every finished experiment and be part of each key of --cache.
onstart:
    from snakemake.exceptions import WorkflowError
    from talkface.preflight.jobs import Job
    from talkface.jobs.check_setup import before_heavy_jobs

    try:
        before_heavy_jobs(
            config=CONFIG,
            speakers=SPEAKERS,
            results=Path("results", CONFIG.experiment, CONFIG.corpus.name),
            jobs=[
                Job(job.rule.name, dict(job.wildcards.items()), job.resources.get("mem_mb", 0))
                for job in workflow.dag.needrun_jobs()
                if not job.is_norun  # a target's rule has no work of its own
            ],
            computing=workflow.local_exec,
        )
    except ValueError as error:
        raise WorkflowError(str(error)) from None
    # A limit of submissions a second makes Snakemake 9 look again a second after every look, and every finished job adds a
    # look: after some hundred jobs they took a sixth of a core. What may run at a time, `cores` and `jobs` say.
    workflow.scheduler.job_rate_limiter = None


rule verify:
    # No inputs: a hole is to be reported, not remade.
    log:
        f"logs/{CONFIG.experiment}/{CONFIG.corpus.name}/verify.log",
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        results=f"results/{CONFIG.experiment}/{CONFIG.corpus.name}",
        expected=expected_artifacts,
        possible=possible_artifacts,
        ledger=str(LEDGER),
    script:
        "../workflow_scripts/verify.py"
