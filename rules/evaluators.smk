# Networks of our own that judge lips: trained on the training clips of seen speakers, frozen, and never part of a loss.
# One for all methods and seeds (metrics.evaluators); their own quality is measured on clips that they have not seen.

# The evaluators that this experiment has.
EVALUATORS = enabled_evaluators(CONFIG.metrics)
# With `networks` in the configuration none is trained: no experiment of these rules is left, only that of take_evaluator.
EXPERIMENT_TO_TRAIN = any_of([] if CONFIG.networks else VALUES["experiment"])


if GIVEN and is_bundle(GIVEN) and EVALUATORS:
    internals.stop(
        f"metrics.evaluators.{EVALUATORS[0]}.enabled: networks: {GIVEN} is a bundle, which holds no evaluators: "
        "set it to false"
    )


rule take_evaluator:
    # An evaluator of a finished experiment, for other clips.
    input:
        given_model=given_evaluator("model.safetensors"),
        given_history=given_evaluator("history.parquet"),
        notes=local(str(given_notes(GIVEN))) if GIVEN else [],
    output:
        model="results/{experiment}/{corpus}/evaluators/{evaluator}/model.safetensors",
        history="results/{experiment}/{corpus}/evaluators/{evaluator}/history.parquet",
    wildcard_constraints:
        evaluator=any_of(EVALUATORS if CONFIG.networks else []),
    resources:
        **LISTING,
    params:
        code=code_of("take_evaluator"),
    script:
        "../workflow_scripts/take_evaluator.py"


rule train_sync_evaluator:
    # Which sound belongs to which lips.
    input:
        split="results/{experiment}/{corpus}/split.parquet",
        faces=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/faces.parquet",
            shard=SHARDS,
        ),
        landmarks=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/landmarks.parquet",
            shard=SHARDS,
        ),
        mel=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/mel.parquet",
            shard=SHARDS,
        ),
    output:
        model="results/{experiment}/{corpus}/evaluators/sync_evaluator/model.safetensors",
        history="results/{experiment}/{corpus}/evaluators/sync_evaluator/history.parquet",
    wildcard_constraints:
        experiment=EXPERIMENT_TO_TRAIN,
    cache: workflow.enable_cache and not CONFIG.metrics.evaluators.sync_evaluator.training.warm_start
    threads: TRAINING_THREADS
    resources:
        **TRAINING,
    params:
        code=code_of("train_sync_evaluator"),
        crop_size=CONFIG.video.crop_size,
        sync_evaluator=section(CONFIG.metrics.evaluators.sync_evaluator, exclude={"enabled"}),
        compute=section(CONFIG.compute),
    script:
        "../workflow_scripts/train_sync_evaluator.py"


rule score_sync_evaluator:
    input:
        model="results/{experiment}/{corpus}/evaluators/sync_evaluator/model.safetensors",
        faces=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/faces.parquet",
            shard=SHARDS,
        ),
        mel=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/mel.parquet",
            shard=SHARDS,
        ),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        scores="results/{experiment}/{corpus}/evaluators/sync_evaluator/scores.parquet",
    threads: CONFIG.compute.threads
    resources:
        **SCORING,
    params:
        code=code_of("score_sync_evaluator"),
        compute=section(CONFIG.compute),
    script:
        "../workflow_scripts/score_sync_evaluator.py"


rule train_lip_reader:
    # Which words the lips say.
    input:
        split="results/{experiment}/{corpus}/split.parquet",
        faces=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/faces.parquet",
            shard=SHARDS,
        ),
    output:
        model="results/{experiment}/{corpus}/evaluators/lip_reader/model.safetensors",
        history="results/{experiment}/{corpus}/evaluators/lip_reader/history.parquet",
    wildcard_constraints:
        experiment=EXPERIMENT_TO_TRAIN,
    cache: workflow.enable_cache and not CONFIG.metrics.evaluators.lip_reader.training.warm_start
    threads: TRAINING_THREADS
    resources:
        **TRAINING,
    params:
        code=code_of("train_lip_reader"),
        crop_size=CONFIG.video.crop_size,
        lip_reader=section(CONFIG.metrics.evaluators.lip_reader, exclude={"enabled"}),
        compute=section(CONFIG.compute),
    script:
        "../workflow_scripts/train_lip_reader.py"


rule score_lip_reader:
    input:
        model="results/{experiment}/{corpus}/evaluators/lip_reader/model.safetensors",
        faces=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/faces.parquet",
            shard=SHARDS,
        ),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        scores="results/{experiment}/{corpus}/evaluators/lip_reader/scores.parquet",
    threads: CONFIG.compute.threads
    resources:
        **SCORING,
    params:
        code=code_of("score_lip_reader"),
        compute=section(CONFIG.compute),
    script:
        "../workflow_scripts/score_lip_reader.py"


rule tabulate_evaluators:
    input:
        scores=expand(
            "results/{{experiment}}/{{corpus}}/evaluators/{evaluator}/scores.parquet",
            evaluator=EVALUATORS,
        ),
    output:
        csv=report(
            "results/{experiment}/{corpus}/tables/evaluators.csv",
            caption="captions/evaluators.rst",
            category="Tables",
            subcategory="Main results",
            labels={"table": "our own evaluators", "format": "csv"},
        ),
        markdown=report(
            "results/{experiment}/{corpus}/tables/evaluators.md",
            caption="captions/evaluators.rst",
            category="Tables",
            subcategory="Main results",
            labels={"table": "our own evaluators", "format": "Markdown"},
        ),
    resources:
        **REPORTING,
    params:
        code=code_of("tabulate_evaluators"),
        corpus=section(CONFIG.corpus, exclude={"root"}),
        networks=FINISHED,
    script:
        "../workflow_scripts/tabulate_evaluators.py"


rule evaluators:
    """Our own evaluators trained, and a table of how good they are on clips that they have not seen."""
    input:
        everything(rules.tabulate_evaluators.output) if EVALUATORS else [],
