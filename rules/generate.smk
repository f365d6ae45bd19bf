# Test clips from one frame and sound, and the controls that every table carries beside them.
# Generated frames are kept: as temp() outputs, an edit of one score or figure would generate every clip anew.
# {sound} is empty for a clip's own sound and "_other_sound" when another clip's sound drives it.


rule gather_other_sounds:
    # What the sounds consist of that a speaker with a single clip borrows of others: so generating takes no inputs of
    # all shards, with which the job graph would grow with their square.
    input:
        tables=tables_of_sound,
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        gathered="results/{experiment}/{corpus}/other_sounds/seed-{seed}/{part}.parquet",
    resources:
        **LISTING,
    params:
        code=code_of("gather_other_sounds"),
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
    script:
        "../workflow_scripts/gather_other_sounds.py"


rule generate_clips:
    input:
        renderer=trained_renderer,
        autoencoder=shared_autoencoder,
        identities=first_faces_of_shard,
        aus=au_input_of_driver,
        faces=shown_frames,
        mel=sound_of_driver,
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        generated="results/{experiment}/{corpus}/generate/{variant}{sound}/seed-{seed}/{protocol}/{shard}.parquet",
    priority: THIRD
    threads: CONFIG.compute.threads
    resources:
        **GENERATION,
    params:
        code=code_of_generation,
        speakers=speakers_of_shard,
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
        faces="results/{experiment}/{corpus}/features/{shard}/faces.parquet",
        landmarks="results/{experiment}/{corpus}/features/{shard}/landmarks.parquet",
        split="results/{experiment}/{corpus}/split.parquet",
        autoencoder=weights_of_control,
        identities=first_faces_of_control,
        mel=sound_of_control,
        others=faces_beside_control,
    output:
        generated="results/{experiment}/{corpus}/generate/{control}/seed-{seed}/{protocol}/{shard}.parquet",
    threads: CONFIG.compute.threads
    resources:
        **MEDIA,
        gpu=gpu_of_control,
        gpu_share=gpu_share_of_control,
    params:
        code=code_of_control,
        speakers=speakers_of_shard,
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        compute=section(CONFIG.compute),
        shift_frames=shift_of_control,
        clips_per_speaker=clips_of_control,
    script:
        "../workflow_scripts/generate_controls.py"


rule align_films:
    # The films themselves are no inputs, as raw clips are none: a fingerprint of their listing stands for them.
    input:
        clips="results/{experiment}/{corpus}/clips/{shard}.parquet",
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        generated="results/{experiment}/{corpus}/generate/{system}/seed-{seed}/{protocol}/{shard}.parquet",
        checks="results/{experiment}/{corpus}/generate/{system}/seed-{seed}/{protocol}/films/{shard}.parquet",
    resources:
        **MEDIA,
    params:
        code=code_of("align_films"),
        speakers=speakers_of_shard,
        key_films=films_listing,
        key_picture=picture_of_films,
        key_faces=section(CONFIG.faces, exclude={"landmarker"}),
        crop_size=CONFIG.video.crop_size,
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
    script:
        "../workflow_scripts/align_films.py"


rule track_generated:
    # One job a method, not one a shard: starting the tracker takes longer than a shard's test clips.
    input:
        generated=collect(
            "results/{{experiment}}/{{corpus}}/generate/{{method}}/seed-{{seed}}/{{protocol}}/{shard}.parquet",
            shard=SHARDS,
        ),
        landmarks_true=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/landmarks.parquet",
            shard=SHARDS,
        ),
    output:
        landmarks="results/{experiment}/{corpus}/generate/{method}/seed-{seed}/{protocol}/landmarks.parquet",
    resources:
        **SCORING,
    params:
        code=code_of("track_generated"),
        key_landmarker=CONFIG.faces.landmarker_sha256,
    script:
        "../workflow_scripts/track_generated.py"


rule render_gallery:
    input:
        generated=collect(
            "results/{{experiment}}/{{corpus}}/generate/{{shown}}/seed-{{seed}}/{{protocol}}/{shard}.parquet",
            shard=SHARDS,
        ),
        faces=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/faces.parquet",
            shard=SHARDS,
        ),
        clips=collect("results/{{experiment}}/{{corpus}}/clips/{shard}.parquet", shard=SHARDS),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        videos=[
            report(
                f"results/{{experiment}}/{{corpus}}/gallery/{{shown}}/seed-{{seed}}/{{protocol}}/{video}.mp4",
                caption="captions/gallery.rst",
                category="Videos",
                subcategory="{protocol}",
                labels={"method": "{shown}", "seed": "{seed}", "clip": f"{video}"},
            )
            for video in VIDEOS
        ],
    resources:
        **MEDIA,
    params:
        code=code_of("render_gallery"),
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        gallery=section(CONFIG.gallery),
    script:
        "../workflow_scripts/render_gallery.py"
