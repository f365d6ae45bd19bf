# Test clips from one frame and sound, and the controls that every table carries beside them.
# Generated frames are kept: as temp() outputs, an edit of one score or figure would generate every clip anew.
# {sound} is empty for a clip's own sound and "_other_sound" when another clip's sound drives it.


rule generate_clips:
    input:
        renderer=trained_renderer,
        autoencoder="results/{experiment}/{corpus}/train/autoencoder/shared/seed-{seed}/model.safetensors",
        identities=first_faces_of_speaker,
        aus=au_input_of_driver,
        faces=shown_frames,
        mel=sound_of_driver,
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        generated="results/{experiment}/{corpus}/generate/{variant}{sound}/seed-{seed}/{protocol}/{speaker}.parquet",
    threads: CONFIG.compute.threads
    resources:
        **GENERATION,
    params:
        code=code_of_generation,
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
        identities=first_faces_of_control,
        mel=sound_of_control,
        others=faces_beside_control,
    output:
        generated="results/{experiment}/{corpus}/generate/{control}/seed-{seed}/{protocol}/{speaker}.parquet",
    threads: CONFIG.compute.threads
    resources:
        **MEDIA,
        gpu=gpu_of_control,
    params:
        code=code_of_control,
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        compute=section(CONFIG.compute),
        shift_frames=shift_of_control,
        clips_per_speaker=clips_of_control,
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
        videos=[
            report(
                f"results/{{experiment}}/{{corpus}}/gallery/{{variant}}{{sound}}/seed-{{seed}}/{{protocol}}/{video}.mp4",
                caption="captions/gallery.rst",
                category="Videos",
                subcategory="{protocol}",
                labels={"method": "{variant}{sound}", "seed": "{seed}", "clip": f"{video}"},
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
