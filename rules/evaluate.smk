# Generated clips against the truth: tidy scores, a row per clip and metric.


rule score_clips:
    input:
        # Only those that a metric of the experiment needs.
        frames=needed(
            "frames",
            "results/{experiment}/{corpus}/generate/{method}/seed-{seed}/{protocol}/{shard}.parquet",
        ),
        true_frames=needed("true_frames", rules.crop_faces.output.faces_table),
        landmarks=needed(
            "landmarks",
            "results/{experiment}/{corpus}/generate/{method}/seed-{seed}/{protocol}/landmarks.parquet",
        ),
        true_landmarks=needed("true_landmarks", rules.crop_faces.output.landmarks_table),
        true_aus=needed("true_aus", rules.label_aus.output.aus_table),
        mel=needed("mel", rules.extract_mel.output.mel_table),
        clips=needed("clips", rules.list_clips.output.clips),
        sync_evaluator=needed("sync_evaluator", rules.train_sync_evaluator.output.model),
        lip_reader=needed("lip_reader", rules.train_lip_reader.output.model),
        after_weights=weights_of_metrics,
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        scores=snakemake_expand(SCORES_OF, metric=METRICS.names, allow_missing=True),
    resources:
        **SCORING,
    params:
        identities=identities_of_metrics,
    script:
        "../workflow_scripts/score_clips.py"


rule score_au_classifier:
    input:
        model="results/{experiment}/{corpus}/train/au_classifier/shared/seed-{seed}/model.safetensors",
        faces=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/faces.parquet",
            shard=SHARDS,
        ),
        aus=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/aus.parquet",
            shard=SHARDS,
        ),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        scores="results/{experiment}/{corpus}/train/au_classifier/shared/seed-{seed}/scores.parquet",
    threads: CONFIG.compute.threads
    resources:
        **NETWORK,
    params:
        code=code_of("score_au_classifier"),
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        compute=section(CONFIG.compute),
    script:
        "../workflow_scripts/score_au_classifier.py"


rule scores:
    """The main table's methods generated and measured, a row per clip and metric."""
    input:
        everything(SCORES_OF),
