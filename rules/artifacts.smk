# What tables rest on, and what a finished experiment consists of.

from talkface.evaluation.needs import trainings_behind

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
        "method": [*controls_of(CONFIG, rows), *rows, CONFIG.main[0] + OTHER_SOUND],
        "protocol": [CONFIG.tables[table].protocol],
        "metric": main_metrics(),
        "table": [table],
    }


def outputs_in(*files) -> list:
    """What the rules in these files of rules/ write, as patterns."""
    return [
        strip_wildcard_constraints(internals.stored_name(workflow, pattern))
        for rule in internals.own_rules(workflow, ROOT).values()
        if Path(rule.snakefile).stem in files
        for pattern in rule.output
    ]


def all_features(wildcards) -> list:
    """What the rules of features.smk write, and the split."""
    return everything([*outputs_in("features"), *rules.split_clips.output])


def any_there(paths) -> bool:
    """Whether one of the files exists: what was begun is to be whole."""
    return any(Path(path).exists() for path in paths)


def expected_artifacts(wildcards) -> list:
    """Each of the papers' tables that was made, the report, if no table was or if it was too, and all behind them."""
    targets = []
    for name in TABLES:
        made = expand(rules.tabulate_table.output, **values_of(name))
        if any_there(made):
            targets += [*made, *expand(rules.plot_table.output, **values_of(name))]
    main = [*rules.tabulate_main_results.output, *rules.build_report.output]
    if not targets or any_there(everything(main)):
        targets += rules.report.input
    return sorted(internals.files_behind(workflow, ROOT, targets))


def possible_artifacts(wildcards) -> list:
    """What may be there: all that this configuration can make."""
    files = {path.stem for path in Path(ROOT, "rules").glob("*.smk")} - {"download"}
    values = POSSIBLE | {"variant": CONFIG.named_variants()}
    return sorted(set(expand(outputs_in(*files), **values)))
