# What tables rest on, and what a finished experiment consists of.

from talkface.evaluation.needs import OPTIONAL_RULES, rules_behind, trainings_behind

ROWS = {name: [row.variant for row in table.rows] for name, table in CONFIG.tables.items()}


def histories_of(variants) -> list:
    """The histories of all trainings behind these variants."""
    runs = ["/".join(run) for run in trainings_behind(CONFIG, variants)]
    return expand(
        "results/{experiment}/{corpus}/train/{training}/seed-{seed}/history.parquet",
        **VALUES,
        training=runs,
    )


def values_of(table) -> dict:
    """The wildcards of what stands behind a table."""
    rows = list(dict.fromkeys(ROWS[table]))
    return VALUES | {
        "method": [*CONTROLS, *rows, CONFIG.main[0] + OTHER_SOUND],
        "protocol": [CONFIG.tables[table].protocol],
        "metric": main_metrics(),
        "table": [table],
    }


def scored_by(variants) -> set:
    """Names of the rules on whose outputs the scores of these variants rest, the scores included."""
    needed = rules_behind(CONFIG, variants)
    needed |= set() if CONFIG.corpus.synthetic is None else {"generate_corpus"}
    elsewhere = {"generate_corpus", "download_archive", "score_au_classifier", "render_gallery"}
    behind = rules_in("download", "corpus", "features", "train", "generate", "evaluate")
    return (behind - OPTIONAL_RULES - elsewhere) | needed


def rules_in(*files) -> set:
    """Names of the rules that stand in these files."""
    rules = internals.own_rules(workflow, ROOT).items()
    return {name for name, rule in rules if Path(rule.snakefile).stem in files}


def artifacts(names, values) -> set:
    """The outputs of the rules of these names under all these values."""
    rules = internals.own_rules(workflow, ROOT).items()
    outputs = [path for name, rule in rules if name in names for path in rule.output]
    return set(expand([strip_wildcard_constraints(path) for path in outputs], **values))


def any_there(paths) -> bool:
    """Whether one of the files exists: what was begun is to be whole."""
    return any(Path(path).exists() for path in paths)


def expected_artifacts(wildcards) -> list:
    """What must be there: behind each table that was made, and behind the report, if none was or if it was too."""
    made = [
        name for name in TABLES if any_there(expand(rules.tabulate_table.output, **values_of(name)))
    ]
    expected = set()
    for name in made:
        expected |= artifacts({"tabulate_table", "plot_table"}, values_of(name))
        for variants, sound in ((ROWS[name], ""), (CONFIG.main[:1], OTHER_SOUND)):
            values = values_of(name) | {"variant": variants, "sound": [sound]}
            expected |= artifacts(scored_by(variants), values)
    main = [*rules.tabulate_main_results.output, *rules.build_report.output]
    if not made or any_there(everything(main)):
        names = scored_by(CONFIG.main)
        expected |= artifacts(names | rules_in("report") | {"render_gallery"}, VALUES)
        # The report shows masks and predicted AUs of the first seed, whatever its variants use.
        shown = {"train_audio_to_au", "predict_aus", "train_au_attention", "disentangle_faces"}
        expected |= artifacts(shown, VALUES | {"seed": VALUES["seed"][:1]})
    return sorted(expected)


def possible_artifacts(wildcards) -> list:
    """What may be there: all that this configuration can make."""
    names = {*internals.own_rules(workflow, ROOT)} - rules_in("download")
    return sorted(artifacts(names, POSSIBLE | {"variant": CONFIG.trained_variants()}))
