# Generated clips against the truth: tidy scores, a row per clip and metric.


rule score_pixels:
    input:
        generated=collect(
            "results/{{experiment}}/{{corpus}}/generate/{{method}}/seed-{{seed}}/{{protocol}}/{speaker}.parquet",
            speaker=SPEAKERS,
        ),
        faces=collect(
            "results/{{experiment}}/{{corpus}}/features/{speaker}/faces.parquet",
            speaker=SPEAKERS,
        ),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        scores="results/{experiment}/{corpus}/scores/{method}/seed-{seed}/{protocol}/pixels.parquet",
    resources:
        **SCORING,
    params:
        code=code_of("score_pixels"),
        crop_size=CONFIG.video.crop_size,
    script:
        "../workflow_scripts/score_pixels.py"


rule score_lips:
    input:
        landmarks_generated="results/{experiment}/{corpus}/generate/{method}/seed-{seed}/{protocol}/landmarks.parquet",
        landmarks_true=collect(
            "results/{{experiment}}/{{corpus}}/features/{speaker}/landmarks.parquet",
            speaker=SPEAKERS,
        ),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        scores="results/{experiment}/{corpus}/scores/{method}/seed-{seed}/{protocol}/lips.parquet",
    resources:
        **SCORING,
    params:
        code=code_of("score_lips"),
    script:
        "../workflow_scripts/score_lips.py"


rule score_aus:
    input:
        landmarks_generated="results/{experiment}/{corpus}/generate/{method}/seed-{seed}/{protocol}/landmarks.parquet",
        generated=collect(
            "results/{{experiment}}/{{corpus}}/generate/{{method}}/seed-{{seed}}/{{protocol}}/{speaker}.parquet",
            speaker=SPEAKERS,
        ),
        aus=collect(
            "results/{{experiment}}/{{corpus}}/features/{speaker}/aus.parquet",
            speaker=SPEAKERS,
        ),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        scores="results/{experiment}/{corpus}/scores/{method}/seed-{seed}/{protocol}/aus.parquet",
    resources:
        **SCORING,
    params:
        code=code_of("score_aus"),
        labels=section(CONFIG.aus),
        key_landmarker=LABELLING_MODELS,
    script:
        "../workflow_scripts/score_aus.py"


rule score_au_classifier:
    input:
        model="results/{experiment}/{corpus}/train/au_classifier/shared/seed-{seed}/model.safetensors",
        faces=collect(
            "results/{{experiment}}/{{corpus}}/features/{speaker}/faces.parquet",
            speaker=SPEAKERS,
        ),
        aus=collect(
            "results/{{experiment}}/{{corpus}}/features/{speaker}/aus.parquet",
            speaker=SPEAKERS,
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
        everything(
            [
                *rules.score_pixels.output,
                *rules.score_lips.output,
                *rules.score_aus.output,
            ]
        ),
