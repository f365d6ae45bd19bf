# Scores -> the main table, figures and the report's page.


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
    resources:
        **REPORTING,
    params:
        code=code_of("tabulate_corpus"),
        corpus=section(CONFIG.corpus, exclude={"root"}),
    script:
        "../workflow_scripts/tabulate_corpus.py"


rule tabulate_main_results:
    input:
        scores=rules.scores.input,
        histories=histories_of(CONFIG.main),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        csv="results/{experiment}/{corpus}/tables/main_results.csv",
        lips_csv="results/{experiment}/{corpus}/tables/lips_by_speaker.csv",
        aus_csv="results/{experiment}/{corpus}/tables/aus_by_unit.csv",
        markdown="results/{experiment}/{corpus}/tables/main_results.md",
        tex="results/{experiment}/{corpus}/tables/main_results.tex",
        content="results/{experiment}/{corpus}/tables/main_results.json",
    resources:
        **REPORTING,
    params:
        code=code_of("tabulate_main_results"),
        corpus=section(CONFIG.corpus, exclude={"root"}),
        split_name=CONFIG.split,
        chosen_split=section(CONFIG.splits[CONFIG.split]),
        aus=section(CONFIG.aus),
        landmarker_sha256=CONFIG.faces.landmarker_sha256,
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
    resources:
        **REPORTING,
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
    resources:
        **REPORTING,
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
        aus=everything(rules.label_aus.output.aus_table),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        figure="results/{experiment}/{corpus}/figures/predicted_aus.svg",
    resources:
        **REPORTING,
    params:
        code=code_of("plot_aus"),
        labels=section(CONFIG.aus),
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        gallery=section(CONFIG.gallery),
    script:
        "../workflow_scripts/plot_aus.py"


rule plot_lips:
    input:
        landmarks_true=everything(rules.crop_faces.output.landmarks_table),
        landmarks_generated=everything_shown(rules.track_generated.output.landmarks),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        figure="results/{experiment}/{corpus}/figures/lip_opening.svg",
    resources:
        **REPORTING,
    params:
        code=code_of("plot_lips"),
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        gallery=section(CONFIG.gallery),
    script:
        "../workflow_scripts/plot_lips.py"


rule plot_contact_sheet:
    input:
        faces=everything(rules.crop_faces.output.faces_table),
        videos=everything_shown(rules.render_gallery.output.videos),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        figure="results/{experiment}/{corpus}/figures/contact_sheet.svg",
    resources:
        **REPORTING,
    params:
        code=code_of("plot_contact_sheet"),
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        gallery=section(CONFIG.gallery),
    script:
        "../workflow_scripts/plot_contact_sheet.py"


rule tables:
    """The main table and the summary of the corpus."""
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
    resources:
        **REPORTING,
    params:
        code=code_of("build_report"),
        results=subpath(output.page, ancestor=2),
        evaluation=section(CONFIG.evaluation, exclude={"protocols"}),
        gallery=section(CONFIG.gallery),
    script:
        "../workflow_scripts/build_report.py"


rule report:
    """Everything that people look at: tables, figures, videos and one page with all of them."""
    input:
        everything(rules.build_report.output),
        rules.tables.input,
        everything(rules.render_gallery.output),
