# Listed clips -> aligned faces, landmarks, action units and log-mel frames, shard by shard.


rule crop_faces:
    input:
        clips="results/{experiment}/{corpus}/clips/{shard}.parquet",
    output:
        faces_table="results/{experiment}/{corpus}/features/{shard}/faces.parquet",
        landmarks_table="results/{experiment}/{corpus}/features/{shard}/landmarks.parquet",
        checks_table="results/{experiment}/{corpus}/features/{shard}/checks.parquet",
    cache: workflow.enable_cache
    resources:
        **MEDIA,
    params:
        key_shard="{shard}",
        code=code_of("crop_faces"),
        faces=section(CONFIG.faces, exclude={"landmarker"}),
        limits=section(CONFIG.limits),
        crop_size=CONFIG.video.crop_size,
    script:
        "../workflow_scripts/crop_faces.py"


rule label_aus:
    input:
        landmarks="results/{experiment}/{corpus}/features/{shard}/landmarks.parquet",
        faces_table="results/{experiment}/{corpus}/features/{shard}/faces.parquet",
    output:
        aus_table="results/{experiment}/{corpus}/features/{shard}/aus.parquet",
    cache: workflow.enable_cache and CONFIG.aus.backend != "openface"
    resources:
        **MEDIA,
    params:
        key_shard="{shard}",
        code=code_of("label_aus"),
        aus=section(CONFIG.aus),
        key_landmarker=LABELLING_MODELS,
    script:
        "../workflow_scripts/label_aus.py"


rule extract_mel:
    input:
        clips="results/{experiment}/{corpus}/clips/{shard}.parquet",
        checks="results/{experiment}/{corpus}/features/{shard}/checks.parquet",
    output:
        mel_table="results/{experiment}/{corpus}/features/{shard}/mel.parquet",
        sound_checks="results/{experiment}/{corpus}/features/{shard}/sound_checks.parquet",
    cache: workflow.enable_cache
    resources:
        **MEDIA,
    params:
        key_shard="{shard}",
        code=code_of("extract_mel"),
        mel=section(CONFIG.mel),
        limits=section(CONFIG.limits),
    script:
        "../workflow_scripts/extract_mel.py"


rule features:
    """Every clip listed, cropped, labelled and split: all that the networks learn from."""
    input:
        all_features,
