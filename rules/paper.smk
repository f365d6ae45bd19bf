# Scores -> the papers' tables (docs/paper_tables.md).

from talkface.evaluation.needs import bounds

# They are one rule with a wildcard, not a rule each in a loop: a script belongs to the rule of its name.
# What a table is made from is looked up by that wildcard; another table's rows are none of its business.
SCORES = {name: expand(SCORES_OF, **values_of(name)) for name in TABLES}
HISTORIES = {name: histories_of(rows) for name, rows in ROWS.items()}


rule tabulate_table:
    input:
        scores=lookup(dpath="{table}", within=SCORES),
        histories=lookup(dpath="{table}", within=HISTORIES),
        split="results/{experiment}/{corpus}/split.parquet",
    output:
        csv=report(
            "results/{experiment}/{corpus}/tables/{table}.csv",
            caption="captions/table.rst",
            category="Tables",
            subcategory="Tables of the papers",
            labels={"table": "{table}", "format": "csv"},
        ),
        markdown=report(
            "results/{experiment}/{corpus}/tables/{table}.md",
            caption="captions/table.rst",
            category="Tables",
            subcategory="Tables of the papers",
            labels={"table": "{table}", "format": "Markdown"},
        ),
        tex=report(
            "results/{experiment}/{corpus}/tables/{table}.tex",
            caption="captions/table.rst",
            category="Tables",
            subcategory="Tables of the papers",
            labels={"table": "{table}", "format": "LaTeX"},
        ),
        content="results/{experiment}/{corpus}/tables/{table}.json",
        cards="results/{experiment}/{corpus}/tables/{table}.cards.json",
    resources:
        **REPORTING,
    params:
        code=code_of("tabulate_table"),
        key_columns=declared(main_metrics()),
        layout=lookup(
            dpath="{table}", within={name: section(own) for name, own in CONFIG.tables.items()}
        ),
        bounds=lookup(
            dpath="{table}", within={name: bounds(CONFIG, own) for name, own in ROWS.items()}
        ),
        corpus=section(CONFIG.corpus, exclude={"root"}),
        split_name=CONFIG.split,
        chosen_split=section(CONFIG.splits[CONFIG.split]),
        aus=section(CONFIG.aus),
        landmarker_sha256=CONFIG.faces.landmarker_sha256,
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
        figure=report(
            "results/{experiment}/{corpus}/figures/{table}.svg",
            caption="captions/table_figure.rst",
            category="Figures",
            subcategory="Tables of the papers",
            labels={"figure": "{table}"},
        ),
    resources:
        **REPORTING,
    params:
        code=code_of("plot_table"),
        key_columns=declared(main_metrics()),
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
        csv=report(
            "results/{experiment}/{corpus}/tables/au_classifier.csv",
            caption="captions/au_classifier.rst",
            category="Tables",
            subcategory="Tables of the papers",
            labels={"table": "AU classifier", "format": "csv"},
        ),
        markdown=report(
            "results/{experiment}/{corpus}/tables/au_classifier.md",
            caption="captions/au_classifier.rst",
            category="Tables",
            subcategory="Tables of the papers",
            labels={"table": "AU classifier", "format": "Markdown"},
        ),
        tex=report(
            "results/{experiment}/{corpus}/tables/au_classifier.tex",
            caption="captions/au_classifier.rst",
            category="Tables",
            subcategory="Tables of the papers",
            labels={"table": "AU classifier", "format": "LaTeX"},
        ),
        content="results/{experiment}/{corpus}/tables/au_classifier.json",
        cards="results/{experiment}/{corpus}/tables/au_classifier.cards.json",
    resources:
        **REPORTING,
    params:
        code=code_of("tabulate_au_classifier"),
        corpus=section(CONFIG.corpus, exclude={"root"}),
        split_name=CONFIG.split,
        chosen_split=section(CONFIG.splits[CONFIG.split]),
        aus=section(CONFIG.aus),
        landmarker_sha256=CONFIG.faces.landmarker_sha256,
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
        figure_cards=[
            *expand(rules.tabulate_table.output.cards, **VALUES, table=TABLES),
            *everything(rules.tabulate_au_classifier.output.cards),
        ],
        figures=expand(rules.plot_table.output.figure, **VALUES, table=TABLES),
    output:
        page=report(
            "results/{experiment}/{corpus}/report/paper.html",
            caption="captions/paper_page.rst",
            category="Pages",
            labels={"page": "tables of the papers"},
        ),
    resources:
        **REPORTING,
    params:
        code=code_of("build_paper"),
    script:
        "../workflow_scripts/build_paper.py"


rule paper:
    """The papers' tables that the configuration names, with a figure each, and their page."""
    input:
        everything(rules.build_paper.output),
        everything(rules.tabulate_au_classifier.output),
        expand([*rules.tabulate_table.output, *rules.plot_table.output], **VALUES, table=TABLES),
