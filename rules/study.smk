# A study with people (docs/study.md): a page of pairs, and what the votes say.

# The rows that are compared: of the first seed, and of the first protocol, external ones too.
STUDIED = CONFIG.study.methods or [
    "ground_truth",
    *CONFIG.main,
    *(name for name, own in EXTERNALS.items() if own.protocol == CONFIG.evaluation.protocols[0]),
]
OF_STUDY = {
    name: VALUES[name][:1] if name in ("seed", "protocol") else VALUES[name] for name in VALUES
} | {"method": STUDIED}


rule build_study:
    input:
        generated=expand(
            "results/{experiment}/{corpus}/generate/{method}/seed-{seed}/{protocol}/{shard}.parquet",
            **OF_STUDY,
        ),
        clips=collect("results/{{experiment}}/{{corpus}}/clips/{shard}.parquet", shard=SHARDS),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        page="results/{experiment}/{corpus}/study/index.html",
        key="results/{experiment}/{corpus}/study/key.json",
    resources:
        **MEDIA,
    params:
        code=code_of("build_study"),
        study=section(CONFIG.study, exclude={"votes"}),
    script:
        "../workflow_scripts/build_study.py"


rule analyse_study:
    input:
        key=rules.build_study.output.key,
        scores=expand(SCORES_OF, **OF_STUDY),
    output:
        csv="results/{experiment}/{corpus}/study/strengths.csv",
        agreement_csv="results/{experiment}/{corpus}/study/agreement.csv",
        markdown="results/{experiment}/{corpus}/study/results.md",
    resources:
        **REPORTING,
    params:
        code=code_of("analyse_study"),
        key_votes=files_fingerprint(CONFIG.study.votes, (".json",)),
        key_columns=declared(METRICS.names),
        metrics=METRICS.names,
        corpus=section(CONFIG.corpus, exclude={"root"}),
    script:
        "../workflow_scripts/analyse_study.py"


rule study:
    """A page on which people compare films in pairs, blind."""
    input:
        everything(rules.build_study.output),


rule study_results:
    """What the votes of a study say of the methods, and which metrics agree with them."""
    input:
        everything(rules.analyse_study.output),
