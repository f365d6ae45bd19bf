# Raw clips -> one listing per shard (docs/architecture.md); the embedded demo corpus makes its own clips first.


rule generate_corpus:
    output:
        truth=TRUTH,
    resources:
        **MEDIA,
    params:
        code=code_of("generate_corpus"),
        speakers=speakers_of_shard,
        key_synthetic=section(CONFIG.corpus)["synthetic"],
    script:
        "../workflow_scripts/generate_corpus.py"


rule list_clips:
    input:
        after_corpus=corpus_truth,
    output:
        clips="results/{experiment}/{corpus}/clips/{shard}.parquet",
    resources:
        **LISTING,
    params:
        code=code_of("list_clips"),
        speakers=speakers_of_shard,
        # Not the root: where the clips lie changes nothing, what lies there does.
        corpus=section(CONFIG.corpus, include={"reader", "camera", "max_clips_per_speaker"}),
        key_listing=raw_listing,
    script:
        "../workflow_scripts/list_clips.py"


rule split_clips:
    input:
        clips=collect("results/{{experiment}}/{{corpus}}/clips/{shard}.parquet", shard=SHARDS),
        checks=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/checks.parquet",
            shard=SHARDS,
        ),
        sound_checks=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/sound_checks.parquet",
            shard=SHARDS,
        ),
    output:
        split_table="results/{experiment}/{corpus}/split.parquet",
    resources:
        **LISTING,
    params:
        code=code_of("split_clips"),
        split=section(CONFIG.splits[CONFIG.split]),
    script:
        "../workflow_scripts/split_clips.py"
