# Scores -> tables, figures and the report's page; and the check of a finished experiment.

from talkface.reporting.sources import bounds, trainings_behind

# The papers' tables are one rule with a wildcard, not a rule each in a loop: a script belongs to the rule of its name.
# What a table is made from is looked up by that wildcard; another table's rows are none of its business.
PAPER_RULES = {"tabulate_table", "plot_table", "tabulate_au_classifier", "build_paper"}
ROWS = {name: [row.variant for row in table.rows] for name, table in CONFIG.tables.items()}
SCORED = [*rules.score_pixels.output, *rules.score_lips.output, *rules.score_aus.output]
SCORES = {
    name: expand(
        SCORED,
        **VALUES
        | {
            "method": [*CONTROLS, *dict.fromkeys(ROWS[name]), CONFIG.main[0] + OTHER_SOUND],
            "protocol": table.protocol,
        },
    )
    for name, table in CONFIG.tables.items()
}
HISTORY = "results/{experiment}/{corpus}/train/{training}/seed-{seed}/history.parquet"
HISTORIES = {
    name: expand(
        HISTORY, **VALUES, training=["/".join(run) for run in trainings_behind(CONFIG, variants)]
    )
    for name, variants in (ROWS | {"main_results": CONFIG.main}).items()
}


rule tabulate_corpus:
    input:
        split="results/{experiment}/{corpus}/split.parquet",
        checks=collect(
            "results/{{experiment}}/{{corpus}}/features/{speaker}/checks.parquet",
            speaker=SPEAKERS,
        ),
    output:
        csv="results/{experiment}/{corpus}/tables/corpus_summary.csv",
        markdown="results/{experiment}/{corpus}/tables/corpus_summary.md",
        tex="results/{experiment}/{corpus}/tables/corpus_summary.tex",
        content="results/{experiment}/{corpus}/tables/corpus_summary.json",
    log:
        "logs/{experiment}/{corpus}/tabulate_corpus.log",
    benchmark:
        "logs/{experiment}/{corpus}/tabulate_corpus.benchmark.tsv"
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_of("tabulate_corpus"),
        corpus=section(CONFIG.corpus, exclude={"root"}),
    script:
        "../workflow_scripts/tabulate_corpus.py"


rule tabulate_main_results:
    input:
        scores=rules.scores.input,
        histories=HISTORIES["main_results"],
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        csv="results/{experiment}/{corpus}/tables/main_results.csv",
        lips_csv="results/{experiment}/{corpus}/tables/lips_by_speaker.csv",
        aus_csv="results/{experiment}/{corpus}/tables/aus_by_unit.csv",
        markdown="results/{experiment}/{corpus}/tables/main_results.md",
        tex="results/{experiment}/{corpus}/tables/main_results.tex",
        content="results/{experiment}/{corpus}/tables/main_results.json",
    log:
        "logs/{experiment}/{corpus}/tabulate_main_results.log",
    benchmark:
        "logs/{experiment}/{corpus}/tabulate_main_results.benchmark.tsv"
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_of("tabulate_main_results"),
        corpus=section(CONFIG.corpus, exclude={"root"}),
        split_name=CONFIG.split,
        chosen_split=section(CONFIG.splits[CONFIG.split]),
        aus=section(CONFIG.aus),
        evaluation=section(CONFIG.evaluation),
        samplers=samplers_of(CONFIG.main),
        perceptual=section(CONFIG.perceptual, exclude={"vgg19"}),
        seeds=CONFIG.seeds,
    script:
        "../workflow_scripts/tabulate_main_results.py"


rule plot_training:
    input:
        histories=rules.tabulate_main_results.input.histories,
    output:
        figure="results/{experiment}/{corpus}/figures/training_curves.svg",
    log:
        "logs/{experiment}/{corpus}/plot_training.log",
    benchmark:
        "logs/{experiment}/{corpus}/plot_training.benchmark.tsv"
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        code=code_of("plot_training"),
    script:
        "../workflow_scripts/plot_training.py"


rule plot_masks:
    input:
        identities=everything_shown(rules.disentangle_faces.output.identities),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        figure="results/{experiment}/{corpus}/figures/attention_masks.svg",
    log:
        "logs/{experiment}/{corpus}/plot_masks.log",
    benchmark:
        "logs/{experiment}/{corpus}/plot_masks.benchmark.tsv"
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_of("plot_masks"),
        crop_size=CONFIG.video.crop_size,
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        gallery=section(CONFIG.gallery),
    script:
        "../workflow_scripts/plot_masks.py"


rule plot_aus:
    input:
        au_features=everything_shown(rules.predict_aus.output.au_features),
        aus=everything(rules.label_aus.output.aus),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        figure="results/{experiment}/{corpus}/figures/predicted_aus.svg",
    log:
        "logs/{experiment}/{corpus}/plot_aus.log",
    benchmark:
        "logs/{experiment}/{corpus}/plot_aus.benchmark.tsv"
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_of("plot_aus"),
        aus=section(CONFIG.aus),
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        gallery=section(CONFIG.gallery),
    script:
        "../workflow_scripts/plot_aus.py"


rule plot_lips:
    input:
        landmarks_true=everything(rules.crop_faces.output.landmarks),
        landmarks_generated=everything_shown(rules.track_generated.output.landmarks),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        figure="results/{experiment}/{corpus}/figures/lip_opening.svg",
    log:
        "logs/{experiment}/{corpus}/plot_lips.log",
    benchmark:
        "logs/{experiment}/{corpus}/plot_lips.benchmark.tsv"
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_of("plot_lips"),
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        gallery=section(CONFIG.gallery),
    script:
        "../workflow_scripts/plot_lips.py"


rule plot_contact_sheet:
    input:
        faces=everything(rules.crop_faces.output.faces),
        videos=everything_shown(rules.render_gallery.output.videos),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        figure="results/{experiment}/{corpus}/figures/contact_sheet.svg",
    log:
        "logs/{experiment}/{corpus}/plot_contact_sheet.log",
    benchmark:
        "logs/{experiment}/{corpus}/plot_contact_sheet.benchmark.tsv"
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_of("plot_contact_sheet"),
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        gallery=section(CONFIG.gallery),
    script:
        "../workflow_scripts/plot_contact_sheet.py"


rule tables:
    input:
        everything([*rules.tabulate_main_results.output, *rules.tabulate_corpus.output]),


rule build_report:
    input:
        main_results=rules.tabulate_main_results.output.content,
        corpus_summary=rules.tabulate_corpus.output.content,
        training=rules.plot_training.output.figure,
        masks=rules.plot_masks.output.figure,
        aus=rules.plot_aus.output.figure,
        lips=rules.plot_lips.output.figure,
        contact_sheet=rules.plot_contact_sheet.output.figure,
        videos=everything_shown(rules.render_gallery.output.videos),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        page="results/{experiment}/{corpus}/report/index.html",
    log:
        "logs/{experiment}/{corpus}/build_report.log",
    benchmark:
        "logs/{experiment}/{corpus}/build_report.benchmark.tsv"
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_of("build_report"),
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        gallery=section(CONFIG.gallery),
    script:
        "../workflow_scripts/build_report.py"


rule report:
    input:
        everything(rules.build_report.output),
        rules.tables.input,
        everything(rules.render_gallery.output),


rule tabulate_table:
    input:
        scores=lookup(dpath="{table}", within=SCORES),
        histories=lookup(dpath="{table}", within=HISTORIES),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        csv="results/{experiment}/{corpus}/tables/{table}.csv",
        markdown="results/{experiment}/{corpus}/tables/{table}.md",
        tex="results/{experiment}/{corpus}/tables/{table}.tex",
        content="results/{experiment}/{corpus}/tables/{table}.json",
    log:
        "logs/{experiment}/{corpus}/tabulate_table/{table}.log",
    benchmark:
        "logs/{experiment}/{corpus}/tabulate_table/{table}.benchmark.tsv"
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_of("tabulate_table"),
        table=lookup(
            dpath="{table}", within={name: section(own) for name, own in CONFIG.tables.items()}
        ),
        bounds=lookup(
            dpath="{table}", within={name: bounds(CONFIG, own) for name, own in ROWS.items()}
        ),
        corpus=section(CONFIG.corpus, exclude={"root"}),
        split_name=CONFIG.split,
        chosen_split=section(CONFIG.splits[CONFIG.split]),
        aus=section(CONFIG.aus),
        evaluation=section(CONFIG.evaluation),
        samplers=lookup(
            dpath="{table}", within={name: samplers_of(own) for name, own in ROWS.items()}
        ),
        perceptual=section(CONFIG.perceptual, exclude={"vgg19"}),
        seeds=CONFIG.seeds,
    script:
        "../workflow_scripts/tabulate_table.py"


rule plot_table:
    input:
        csv=rules.tabulate_table.output.csv,
    output:
        figure="results/{experiment}/{corpus}/figures/{table}.svg",
    log:
        "logs/{experiment}/{corpus}/plot_table/{table}.log",
    benchmark:
        "logs/{experiment}/{corpus}/plot_table/{table}.benchmark.tsv"
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        code=code_of("plot_table"),
        columns=lookup(
            dpath="{table}", within={name: own.columns for name, own in CONFIG.tables.items()}
        ),
    script:
        "../workflow_scripts/plot_table.py"


rule tabulate_au_classifier:
    input:
        scores=everything(rules.score_au_classifier.output.scores),
        histories=everything(rules.train_au_classifier.output.history),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        csv="results/{experiment}/{corpus}/tables/au_classifier.csv",
        markdown="results/{experiment}/{corpus}/tables/au_classifier.md",
        tex="results/{experiment}/{corpus}/tables/au_classifier.tex",
        content="results/{experiment}/{corpus}/tables/au_classifier.json",
    log:
        "logs/{experiment}/{corpus}/tabulate_au_classifier.log",
    benchmark:
        "logs/{experiment}/{corpus}/tabulate_au_classifier.benchmark.tsv"
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_of("tabulate_au_classifier"),
        corpus=section(CONFIG.corpus, exclude={"root"}),
        split_name=CONFIG.split,
        chosen_split=section(CONFIG.splits[CONFIG.split]),
        aus=section(CONFIG.aus),
        evaluation=section(CONFIG.evaluation),
        seeds=CONFIG.seeds,
    script:
        "../workflow_scripts/tabulate_au_classifier.py"


rule build_paper:
    input:
        contents=[
            *expand(rules.tabulate_table.output.content, **VALUES, table=TABLES),
            *everything(rules.tabulate_au_classifier.output.content),
        ],
        figures=expand(rules.plot_table.output.figure, **VALUES, table=TABLES),
    output:
        page="results/{experiment}/{corpus}/report/paper.html",
    log:
        "logs/{experiment}/{corpus}/build_paper.log",
    benchmark:
        "logs/{experiment}/{corpus}/build_paper.benchmark.tsv"
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_of("build_paper"),
    script:
        "../workflow_scripts/build_paper.py"


rule paper:
    input:
        everything(rules.build_paper.output),
        everything(rules.tabulate_au_classifier.output),
        expand([*rules.tabulate_table.output, *rules.plot_table.output], **VALUES, table=TABLES),


rule verify:
    # No inputs: a hole is to be reported, not remade.
    log:
        f"logs/{CONFIG.experiment}/{CONFIG.corpus.name}/verify.log",
    conda:
        "../envs/talkface.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        results=f"results/{CONFIG.experiment}/{CONFIG.corpus.name}",
        expected=expected_artifacts,
    script:
        "../workflow_scripts/verify.py"


localrules:
    tables,
    report,
    paper,
