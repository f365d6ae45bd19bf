# Listed clips -> aligned faces, landmarks, action units and log-mel frames, one shard per speaker.


rule crop_faces:
    input:
        clips="results/{experiment}/{corpus}/clips/{speaker}.parquet",
    output:
        faces="results/{experiment}/{corpus}/features/{speaker}/faces.parquet",
        landmarks="results/{experiment}/{corpus}/features/{speaker}/landmarks.parquet",
        checks="results/{experiment}/{corpus}/features/{speaker}/checks.parquet",
    log:
        "logs/{experiment}/{corpus}/crop_faces/{speaker}.log",
    cache: workflow.enable_cache
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=120,
    params:
        speaker="{speaker}",
        code=code_of("crop_faces"),
        tools=tool_versions("ffmpeg", "mediapipe"),
        faces=section(CONFIG.faces, exclude={"landmarker"}),
        crop_size=CONFIG.video.crop_size,
    script:
        "../workflow_scripts/crop_faces.py"


rule label_aus:
    input:
        landmarks="results/{experiment}/{corpus}/features/{speaker}/landmarks.parquet",
        faces="results/{experiment}/{corpus}/features/{speaker}/faces.parquet",
    output:
        aus="results/{experiment}/{corpus}/features/{speaker}/aus.parquet",
    log:
        "logs/{experiment}/{corpus}/label_aus/{speaker}.log",
    cache: workflow.enable_cache and CONFIG.aus.backend != "openface"
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        speaker="{speaker}",
        code=code_of("label_aus"),
        aus=section(CONFIG.aus),
        landmarker=LABELLING_MODELS,
    script:
        "../workflow_scripts/label_aus.py"


rule extract_mel:
    input:
        clips="results/{experiment}/{corpus}/clips/{speaker}.parquet",
        checks="results/{experiment}/{corpus}/features/{speaker}/checks.parquet",
    output:
        mel="results/{experiment}/{corpus}/features/{speaker}/mel.parquet",
        sound_checks="results/{experiment}/{corpus}/features/{speaker}/sound_checks.parquet",
    log:
        "logs/{experiment}/{corpus}/extract_mel/{speaker}.log",
    cache: workflow.enable_cache
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=30,
    params:
        speaker="{speaker}",
        code=code_of("extract_mel"),
        tools=tool_versions("ffmpeg", "librosa"),
        mel=section(CONFIG.mel),
    script:
        "../workflow_scripts/extract_mel.py"


rule features:
    input:
        everything(
            [
                *rules.label_aus.output,
                *rules.extract_mel.output,
                *rules.split_clips.output,
            ]
        ),


localrules:
    features,
