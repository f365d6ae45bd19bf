# The training stages, and what each hands on, computed once by its frozen networks.


# With `networks` in the configuration nothing is trained: no seed of these rules is left, only those of take_networks.
SEEDS_TO_TRAIN = any_of([] if CONFIG.networks else VALUES["seed"])


rule take_networks:
    # The networks of a finished experiment or of a bundle, for other clips.
    input:
        given_model=given_model,
        given_history=given_course,
        notes=local(str(given_notes(GIVEN))) if GIVEN else [],
    output:
        model="results/{experiment}/{corpus}/train/{stage}/{trained}/seed-{seed}/model.safetensors",
        history="results/{experiment}/{corpus}/train/{stage}/{trained}/seed-{seed}/history.parquet",
    wildcard_constraints:
        seed=any_of(VALUES["seed"] if CONFIG.networks else []),
    priority: SECOND
    resources:
        **LISTING,
    params:
        code=code_of("take_networks"),
    script:
        "../workflow_scripts/take_networks.py"


rule train_autoencoder:
    input:
        split="results/{experiment}/{corpus}/split.parquet",
        faces=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/faces.parquet",
            shard=SHARDS,
        ),
    output:
        model="results/{experiment}/{corpus}/train/autoencoder/shared/seed-{seed}/model.safetensors",
        history="results/{experiment}/{corpus}/train/autoencoder/shared/seed-{seed}/history.parquet",
    wildcard_constraints:
        seed=SEEDS_TO_TRAIN,
    cache: workflow.enable_cache and not CONFIG.autoencoder.training.warm_start
    priority: FIRST
    threads: TRAINING_THREADS
    resources:
        **TRAINING,
    params:
        key_seed="{seed}",
        code=code_of("train_autoencoder"),
        crop_size=CONFIG.video.crop_size,
        autoencoder=section(CONFIG.autoencoder),
        compute=section(CONFIG.compute),
    script:
        "../workflow_scripts/train_autoencoder.py"


rule encode_latents:
    input:
        model="results/{experiment}/{corpus}/train/autoencoder/shared/seed-{seed}/model.safetensors",
        faces="results/{experiment}/{corpus}/features/{shard}/faces.parquet",
    output:
        latents="results/{experiment}/{corpus}/train/autoencoder/shared/seed-{seed}/latents/{shard}.parquet",
    cache: workflow.enable_cache
    priority: SECOND
    threads: CONFIG.compute.threads
    resources:
        **NETWORK,
    params:
        key_shard="{shard}",
        key_seed="{seed}",
        code=code_of("encode_latents"),
        compute=section(CONFIG.compute),
    script:
        "../workflow_scripts/encode_latents.py"


rule encode_masked_latents:
    # The latents of frames with a hidden lower half: what the inpaint protocol may see of every frame.
    input:
        model="results/{experiment}/{corpus}/train/autoencoder/shared/seed-{seed}/model.safetensors",
        faces="results/{experiment}/{corpus}/features/{shard}/faces.parquet",
    output:
        latents="results/{experiment}/{corpus}/train/autoencoder/shared/seed-{seed}/masked_latents/{shard}.parquet",
    cache: workflow.enable_cache
    priority: SECOND
    threads: CONFIG.compute.threads
    resources:
        **NETWORK,
    params:
        key_shard="{shard}",
        key_seed="{seed}",
        code=code_of("encode_masked_latents"),
        compute=section(CONFIG.compute),
    script:
        "../workflow_scripts/encode_masked_latents.py"


rule encode_first_faces:
    # The first face of each clip kept whole: for papers B and C, and for A without disentanglement.
    input:
        autoencoder=shared_autoencoder,
        faces="results/{experiment}/{corpus}/features/{shard}/faces.parquet",
        landmarks="results/{experiment}/{corpus}/features/{shard}/landmarks.parquet",
    output:
        identities="results/{experiment}/{corpus}/train/autoencoder/shared/seed-{seed}/first_faces/{shard}.parquet",
    cache: workflow.enable_cache
    priority: SECOND
    threads: CONFIG.compute.threads
    resources:
        **NETWORK,
    params:
        key_shard="{shard}",
        key_seed="{seed}",
        code=code_of("encode_first_faces"),
        compute=section(CONFIG.compute),
    script:
        "../workflow_scripts/encode_first_faces.py"


rule train_audio_to_au:
    input:
        split="results/{experiment}/{corpus}/split.parquet",
        mel=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/mel.parquet",
            shard=SHARDS,
        ),
        aus=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/aus.parquet",
            shard=SHARDS,
        ),
    output:
        model="results/{experiment}/{corpus}/train/audio_to_au/shared/seed-{seed}/model.safetensors",
        history="results/{experiment}/{corpus}/train/audio_to_au/shared/seed-{seed}/history.parquet",
    wildcard_constraints:
        seed=SEEDS_TO_TRAIN,
    cache: workflow.enable_cache and not CONFIG.audio_to_au.training.warm_start
    priority: SECOND
    threads: TRAINING_THREADS
    resources:
        **TRAINING,
    params:
        key_seed="{seed}",
        code=code_of("train_audio_to_au"),
        audio_to_au=section(CONFIG.audio_to_au),
        mfcc=section(CONFIG.mfcc),
        compute=section(CONFIG.compute),
    script:
        "../workflow_scripts/train_audio_to_au.py"


rule predict_aus:
    input:
        model="results/{experiment}/{corpus}/train/audio_to_au/shared/seed-{seed}/model.safetensors",
        mel="results/{experiment}/{corpus}/features/{shard}/mel.parquet",
        checks="results/{experiment}/{corpus}/features/{shard}/checks.parquet",
    output:
        au_features="results/{experiment}/{corpus}/train/audio_to_au/shared/seed-{seed}/features/{shard}.parquet",
    cache: workflow.enable_cache
    priority: SECOND
    threads: CONFIG.compute.threads
    resources:
        **NETWORK,
    params:
        key_shard="{shard}",
        key_seed="{seed}",
        code=code_of("predict_aus"),
        mfcc=section(CONFIG.mfcc),
        compute=section(CONFIG.compute),
    script:
        "../workflow_scripts/predict_aus.py"


rule train_au_attention:
    input:
        split="results/{experiment}/{corpus}/split.parquet",
        faces=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/faces.parquet",
            shard=SHARDS,
        ),
        aus=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/aus.parquet",
            shard=SHARDS,
        ),
    output:
        model="results/{experiment}/{corpus}/train/au_attention/shared/seed-{seed}/model.safetensors",
        history="results/{experiment}/{corpus}/train/au_attention/shared/seed-{seed}/history.parquet",
    wildcard_constraints:
        seed=SEEDS_TO_TRAIN,
    cache: workflow.enable_cache and not CONFIG.au_attention.training.warm_start
    priority: SECOND
    threads: TRAINING_THREADS
    resources:
        **TRAINING,
    params:
        key_seed="{seed}",
        code=code_of("train_au_attention"),
        crop_size=CONFIG.video.crop_size,
        au_attention=section(CONFIG.au_attention),
        compute=section(CONFIG.compute),
    script:
        "../workflow_scripts/train_au_attention.py"


rule disentangle_faces:
    input:
        au_attention="results/{experiment}/{corpus}/train/au_attention/shared/seed-{seed}/model.safetensors",
        autoencoder="results/{experiment}/{corpus}/train/autoencoder/shared/seed-{seed}/model.safetensors",
        faces="results/{experiment}/{corpus}/features/{shard}/faces.parquet",
        landmarks="results/{experiment}/{corpus}/features/{shard}/landmarks.parquet",
        aus="results/{experiment}/{corpus}/features/{shard}/aus.parquet",
    output:
        identities="results/{experiment}/{corpus}/train/au_attention/shared/seed-{seed}/identities/{shard}.parquet",
    cache: workflow.enable_cache
    priority: SECOND
    threads: CONFIG.compute.threads
    resources:
        **NETWORK,
    params:
        key_shard="{shard}",
        key_seed="{seed}",
        code=code_of("disentangle_faces"),
        compute=section(CONFIG.compute),
    script:
        "../workflow_scripts/disentangle_faces.py"


rule train_au_classifier:
    input:
        split="results/{experiment}/{corpus}/split.parquet",
        faces=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/faces.parquet",
            shard=SHARDS,
        ),
        aus=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/aus.parquet",
            shard=SHARDS,
        ),
    output:
        model="results/{experiment}/{corpus}/train/au_classifier/shared/seed-{seed}/model.safetensors",
        history="results/{experiment}/{corpus}/train/au_classifier/shared/seed-{seed}/history.parquet",
    wildcard_constraints:
        seed=SEEDS_TO_TRAIN,
    cache: workflow.enable_cache and not CONFIG.au_classifier.training.warm_start
    priority: SECOND
    threads: TRAINING_THREADS
    resources:
        **TRAINING,
    params:
        key_seed="{seed}",
        code=code_of("train_au_classifier"),
        crop_size=CONFIG.video.crop_size,
        au_classifier=section(CONFIG.au_classifier),
        compute=section(CONFIG.compute),
    script:
        "../workflow_scripts/train_au_classifier.py"


rule train_renderer:
    # A variant's renderer; it reads what its section rests on (talkface/config/renderers.py).
    input:
        split="results/{experiment}/{corpus}/split.parquet",
        mel=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/mel.parquet",
            shard=SHARDS,
        ),
        faces=where_needed("frames", rules.crop_faces.output.faces_table),
        labels=where_needed("labels", "au_judge", rules.label_aus.output.aus_table),
        landmarks=where_needed("landmarks", rules.crop_faces.output.landmarks_table),
        latents=where_needed("latents", rules.encode_latents.output.latents),
        masked_latents=where_needed("masked_latents", rules.encode_masked_latents.output.latents),
        identities=first_faces,
        aus=au_input,
        audio_to_au=audio_to_au_itself,
        au_classifier=where_needed("au_judge", rules.train_au_classifier.output.model),
        autoencoder=perceptual_stand_in,
        after_vgg19=vgg19,
    output:
        model="results/{experiment}/{corpus}/train/renderer/{variant}/seed-{seed}/model.safetensors",
        history="results/{experiment}/{corpus}/train/renderer/{variant}/seed-{seed}/history.parquet",
    wildcard_constraints:
        seed=SEEDS_TO_TRAIN,
    priority: FIRST
    threads: TRAINING_THREADS
    resources:
        **RENDERER_TRAINING,
    params:
        code=code_of_renderer,
        work="work/{experiment}/{corpus}/renderer/{variant}/seed-{seed}",
        renderer=renderer_section,
        mfcc=section(CONFIG.mfcc),
        crop_size=CONFIG.video.crop_size,
        compute=section(CONFIG.compute),
    script:
        "../workflow_scripts/train_renderer.py"


rule models:
    """All networks behind the main table, trained."""
    input:
        everything(
            [
                *rules.train_autoencoder.output,
                *rules.train_audio_to_au.output,
                *rules.train_au_attention.output,
            ]
        ),
        expand(
            rules.train_renderer.output,
            **(VALUES | {"variant": trained(CONFIG, CONFIG.main)}),
        ),
