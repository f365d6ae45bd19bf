# Test clips from one frame and sound, and the controls that every table carries beside them.
# Generated frames are kept: as temp() outputs, an edit of one score or figure would generate every clip anew.
# {sound} is empty for a clip's own sound and "_other_sound" when another clip's sound drives it.


rule generate_clips:
    input:
        renderer="results/{experiment}/{corpus}/train/renderer/{variant}/seed-{seed}/model.safetensors",
        autoencoder="results/{experiment}/{corpus}/train/autoencoder/shared/seed-{seed}/model.safetensors",
        identities=first_faces_of_speaker,
        aus=told_aus_of_driver,
        faces=shown_frames,
        mel=sound_of_driver,
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        generated="results/{experiment}/{corpus}/generate/{variant}{sound}/seed-{seed}/{protocol}/{speaker}.parquet",
    log:
        "logs/{experiment}/{corpus}/generate_clips/{variant}{sound}/seed-{seed}/{protocol}/{speaker}.log",
    benchmark:
        "logs/{experiment}/{corpus}/generate_clips/{variant}{sound}/seed-{seed}/{protocol}/{speaker}.benchmark.tsv"
    conda:
        "../envs/talkface.yaml"
    threads: CONFIG.compute.threads
    resources:
        gpu=GPU,
        mem_mb=6000,
        runtime=720,
    params:
        code=code_of("generate_clips"),
        sampler=sampler_section,
        oracle_aus=sees_true_aus,
        mfcc=section(CONFIG.mfcc),
        crop_size=CONFIG.video.crop_size,
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        compute=section(CONFIG.compute),
    script:
        "../workflow_scripts/generate_clips.py"


rule generate_controls:
    input:
        faces="results/{experiment}/{corpus}/features/{speaker}/faces.parquet",
        landmarks="results/{experiment}/{corpus}/features/{speaker}/landmarks.parquet",
        split="results/{experiment}/{corpus}/split.parquet",
        autoencoder=weights_of_control,
    output:
        generated="results/{experiment}/{corpus}/generate/{control}/seed-{seed}/{protocol}/{speaker}.parquet",
    log:
        "logs/{experiment}/{corpus}/generate_controls/{control}/seed-{seed}/{protocol}/{speaker}.log",
    benchmark:
        "logs/{experiment}/{corpus}/generate_controls/{control}/seed-{seed}/{protocol}/{speaker}.benchmark.tsv"
    conda:
        "../envs/talkface.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        code=code_of("generate_controls"),
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        compute=section(CONFIG.compute),
    script:
        "../workflow_scripts/generate_controls.py"


rule track_generated:
    # One job a method, not one a speaker: starting the tracker takes longer than a speaker's test clips.
    input:
        generated=collect(
            "results/{{experiment}}/{{corpus}}/generate/{{method}}/seed-{{seed}}/{{protocol}}/{speaker}.parquet",
            speaker=SPEAKERS,
        ),
        landmarks_true=collect(
            "results/{{experiment}}/{{corpus}}/features/{speaker}/landmarks.parquet",
            speaker=SPEAKERS,
        ),
    output:
        landmarks="results/{experiment}/{corpus}/generate/{method}/seed-{seed}/{protocol}/landmarks.parquet",
    log:
        "logs/{experiment}/{corpus}/track_generated/{method}/seed-{seed}/{protocol}.log",
    benchmark:
        "logs/{experiment}/{corpus}/track_generated/{method}/seed-{seed}/{protocol}.benchmark.tsv"
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=720,
    params:
        code=code_of("track_generated"),
        tools=tool_versions("mediapipe"),
        landmarker=CONFIG.faces.landmarker_sha256,
    script:
        "../workflow_scripts/track_generated.py"


rule render_gallery:
    input:
        generated=collect(
            "results/{{experiment}}/{{corpus}}/generate/{{variant}}{{sound}}/seed-{{seed}}/{{protocol}}/{speaker}.parquet",
            speaker=SPEAKERS,
        ),
        faces=collect(
            "results/{{experiment}}/{{corpus}}/features/{speaker}/faces.parquet",
            speaker=SPEAKERS,
        ),
        clips=collect("results/{{experiment}}/{{corpus}}/clips/{speaker}.parquet", speaker=SPEAKERS),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        videos=collect(
            "results/{{experiment}}/{{corpus}}/gallery/{{variant}}{{sound}}/seed-{{seed}}/{{protocol}}/{video}.mp4",
            video=VIDEOS,
        ),
    log:
        "logs/{experiment}/{corpus}/render_gallery/{variant}{sound}/seed-{seed}/{protocol}.log",
    benchmark:
        "logs/{experiment}/{corpus}/render_gallery/{variant}{sound}/seed-{seed}/{protocol}.benchmark.tsv"
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code_of("render_gallery"),
        tools=tool_versions("ffmpeg"),
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        gallery=section(CONFIG.gallery),
    script:
        "../workflow_scripts/render_gallery.py"
