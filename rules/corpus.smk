# Raw clips -> one listing per speaker; the embedded demo corpus makes its own clips first.


rule generate_corpus:
    output:
        truth=TRUTH,
    log:
        f"logs/{CONFIG.experiment}/{CONFIG.corpus.name}/generate_corpus/{{speaker}}.log",
    benchmark:
        f"logs/{CONFIG.experiment}/{CONFIG.corpus.name}/generate_corpus/{{speaker}}.benchmark.tsv"
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=30,
    params:
        code=code_of("generate_corpus"),
        synthetic=section(CONFIG.corpus)["synthetic"],
    script:
        "../workflow_scripts/generate_corpus.py"


rule list_clips:
    input:
        truth=corpus_truth,
    output:
        clips="results/{experiment}/{corpus}/clips/{speaker}.parquet",
    log:
        "logs/{experiment}/{corpus}/list_clips/{speaker}.log",
    benchmark:
        "logs/{experiment}/{corpus}/list_clips/{speaker}.benchmark.tsv"
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code_of("list_clips"),
        # Not the root: where the clips lie changes nothing, what lies there does.
        corpus=section(CONFIG.corpus, include={"reader", "camera", "max_clips_per_speaker"}),
        listing=raw_listing,
    script:
        "../workflow_scripts/list_clips.py"


rule split_clips:
    input:
        clips=collect("results/{{experiment}}/{{corpus}}/clips/{speaker}.parquet", speaker=SPEAKERS),
        checks=collect(
            "results/{{experiment}}/{{corpus}}/features/{speaker}/checks.parquet",
            speaker=SPEAKERS,
        ),
        sound_checks=collect(
            "results/{{experiment}}/{{corpus}}/features/{speaker}/sound_checks.parquet",
            speaker=SPEAKERS,
        ),
    output:
        split="results/{experiment}/{corpus}/split.parquet",
    log:
        "logs/{experiment}/{corpus}/split_clips.log",
    benchmark:
        "logs/{experiment}/{corpus}/split_clips.benchmark.tsv"
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_of("split_clips"),
        split=section(CONFIG.splits[CONFIG.split]),
    script:
        "../workflow_scripts/split_clips.py"
