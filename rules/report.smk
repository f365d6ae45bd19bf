# Scores -> the main table and the report's page.

from talkface.evaluation.needs import bounds


rule tabulate_corpus:
    input:
        split="results/{experiment}/{corpus}/split.parquet",
        checks=collect(
            "results/{{experiment}}/{{corpus}}/features/{shard}/checks.parquet",
            shard=SHARDS,
        ),
    output:
        csv=report(
            "results/{experiment}/{corpus}/tables/corpus_summary.csv",
            caption="captions/corpus_summary.rst",
            category="Tables",
            subcategory="Corpus",
            labels={"table": "summary of the corpus", "format": "csv"},
        ),
        markdown=report(
            "results/{experiment}/{corpus}/tables/corpus_summary.md",
            caption="captions/corpus_summary.rst",
            category="Tables",
            subcategory="Corpus",
            labels={"table": "summary of the corpus", "format": "Markdown"},
        ),
        tex=report(
            "results/{experiment}/{corpus}/tables/corpus_summary.tex",
            caption="captions/corpus_summary.rst",
            category="Tables",
            subcategory="Corpus",
            labels={"table": "summary of the corpus", "format": "LaTeX"},
        ),
        content="results/{experiment}/{corpus}/tables/corpus_summary.json",
    resources:
        **REPORTING,
    params:
        code=code_of("tabulate_corpus"),
        corpus=section(CONFIG.corpus, exclude={"root"}),
    script:
        "../workflow_scripts/tabulate_corpus.py"


rule tabulate_orders:
    input:
        scores=expand(SCORES_OF, **ORDERED),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        csv=report(
            "results/{experiment}/{corpus}/tables/orders.csv",
            caption="captions/orders.rst",
            category="Tables",
            subcategory="Main results",
            labels={"table": "orders of control rows", "format": "csv"},
        ),
        markdown=report(
            "results/{experiment}/{corpus}/tables/orders.md",
            caption="captions/orders.rst",
            category="Tables",
            subcategory="Main results",
            labels={"table": "orders of control rows", "format": "Markdown"},
        ),
        content="results/{experiment}/{corpus}/tables/orders.json",
        cards="results/{experiment}/{corpus}/tables/orders.cards.json",
    resources:
        **REPORTING,
    params:
        code=code_of("tabulate_orders"),
        key_columns=declared(METRICS.names),
        metrics=METRICS.names,
        shift_frames=CONFIG.metrics.shift_frames,
        must_hold=ORDERS_STOP,
        corpus=section(CONFIG.corpus, exclude={"root"}),
        split_name=CONFIG.split,
        chosen_split=section(CONFIG.splits[CONFIG.split]),
        aus=section(CONFIG.aus),
        landmarker_sha256=CONFIG.faces.landmarker_sha256,
        evaluation=section(CONFIG.evaluation),
        seeds=CONFIG.seeds,
    script:
        "../workflow_scripts/tabulate_orders.py"


rule orders:
    """Do the metrics order the control rows as they declare? No renderer is trained for it."""
    input:
        everything(rules.tabulate_orders.output),


rule tabulate_external:
    input:
        films=everything(rules.align_films.output.checks),
    output:
        csv=report(
            "results/{experiment}/{corpus}/tables/external_films.csv",
            caption="captions/external_films.rst",
            category="Tables",
            subcategory="Main results",
            labels={"table": "films of other systems", "format": "csv"},
        ),
        markdown=report(
            "results/{experiment}/{corpus}/tables/external_films.md",
            caption="captions/external_films.rst",
            category="Tables",
            subcategory="Main results",
            labels={"table": "films of other systems", "format": "Markdown"},
        ),
    resources:
        **REPORTING,
    params:
        code=code_of("tabulate_external"),
        corpus=section(CONFIG.corpus, exclude={"root"}),
    script:
        "../workflow_scripts/tabulate_external.py"


rule tabulate_main_results:
    input:
        films=everything(rules.align_films.output.checks),
        scores=rules.scores.input,
        orders=rules.tabulate_orders.output.content,
        histories=histories_of(CONFIG.main),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        csv=report(
            "results/{experiment}/{corpus}/tables/main_results.csv",
            caption="captions/main_results.rst",
            category="Tables",
            subcategory="Main results",
            labels={"table": "main results", "format": "csv"},
        ),
        lips_csv=report(
            "results/{experiment}/{corpus}/tables/lips_by_speaker.csv",
            caption="captions/lips_by_speaker.rst",
            category="Tables",
            subcategory="Main results",
            labels={"table": "lips by speaker", "format": "csv"},
        ),
        aus_csv=report(
            "results/{experiment}/{corpus}/tables/aus_by_unit.csv",
            caption="captions/aus_by_unit.rst",
            category="Tables",
            subcategory="Main results",
            labels={"table": "action units one by one", "format": "csv"},
        ),
        markdown=report(
            "results/{experiment}/{corpus}/tables/main_results.md",
            caption="captions/main_results.rst",
            category="Tables",
            subcategory="Main results",
            labels={"table": "main results", "format": "Markdown"},
        ),
        tex=report(
            "results/{experiment}/{corpus}/tables/main_results.tex",
            caption="captions/main_results.rst",
            category="Tables",
            subcategory="Main results",
            labels={"table": "main results", "format": "LaTeX"},
        ),
        further_csv=report(
            "results/{experiment}/{corpus}/tables/further_results.csv",
            caption="captions/further_results.rst",
            category="Tables",
            subcategory="Main results",
            labels={"table": "further measures", "format": "csv"},
        ),
        paired_csv=report(
            "results/{experiment}/{corpus}/tables/paired_tests.csv",
            caption="captions/paired_tests.rst",
            category="Tables",
            subcategory="Main results",
            labels={"table": "paired tests between methods", "format": "csv"},
        ),
        content="results/{experiment}/{corpus}/tables/main_results.json",
        cards="results/{experiment}/{corpus}/tables/main_results.cards.json",
    resources:
        **REPORTING,
    params:
        code=code_of("tabulate_main_results"),
        key_columns=declared(METRICS.names),
        metrics=METRICS.names,
        not_measured=METRICS.absent,
        corpus=section(CONFIG.corpus, exclude={"root"}),
        split_name=CONFIG.split,
        chosen_split=section(CONFIG.splits[CONFIG.split]),
        aus=section(CONFIG.aus),
        landmarker_sha256=CONFIG.faces.landmarker_sha256,
        evaluation=section(CONFIG.evaluation),
        samplers=samplers_of(CONFIG.main),
        bounds=bounds(CONFIG, CONFIG.main),
        perceptual=section(CONFIG.perceptual, exclude={"vgg19"}),
        seeds=CONFIG.seeds,
        networks=FINISHED,
        # Not where the films lie.
        external={name: section(own, exclude={"films"}) for name, own in CONFIG.external.items()},
    script:
        "../workflow_scripts/tabulate_main_results.py"


rule tables:
    """The main table and the summary of the corpus."""
    input:
        everything(
            [
                *rules.tabulate_main_results.output,
                *rules.tabulate_orders.output,
                *rules.tabulate_corpus.output,
                *(rules.tabulate_external.output if EXTERNALS else []),
            ]
        ),
        rules.evaluators.input,


rule build_report:
    input:
        main_results=rules.tabulate_main_results.output.content,
        figure_cards=rules.tabulate_main_results.output.cards,
        corpus_summary=rules.tabulate_corpus.output.content,
        tables=[
            rules.tabulate_main_results.output.csv,
            rules.tabulate_main_results.output.further_csv,
            rules.tabulate_main_results.output.lips_csv,
            rules.tabulate_main_results.output.aus_csv,
            rules.tabulate_main_results.output.tex,
            rules.tabulate_main_results.output.markdown,
            rules.tabulate_corpus.output.csv,
            rules.tabulate_corpus.output.tex,
        ],
        training=rules.plot_training.output.figure,
        masks=rules.plot_masks.output.figure,
        aus=rules.plot_aus.output.figure,
        lips=rules.plot_lips.output.figure,
        contact_sheet=rules.plot_contact_sheet.output.figure,
        people=rules.plot_people.output.figure,
        videos=everything_shown(rules.render_gallery.output.videos),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        page=report(
            "results/{experiment}/{corpus}/report/index.html",
            caption="captions/page.rst",
            category="Pages",
            labels={"page": "report"},
        ),
    resources:
        **REPORTING,
    params:
        code=code_of("build_report"),
        results=subpath(output.page, ancestor=2),
        logs="logs/{experiment}/{corpus}",
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
