# What the scores of metrics rest on, and the columns that metrics declare.

# A file for each metric, all of a method by one job: most of a short job is its start.
SCORES_OF = "results/{experiment}/{corpus}/scores/{method}/seed-{seed}/{protocol}/{metric}.parquet"


def version_of_metric(metric) -> str:
    """Version of the code behind a metric: of the rule's script, of the metric and of what reads its needs."""
    script = Path(ROOT, "workflow_scripts", "score_clips.py")
    version = code_version(script, *code_behind(metric)) + foreign_code(metric)
    return ACCEPTED.get((f"score_{metric}", version), version)


def identity_of(metric) -> dict:
    """What tells a metric's scores beside their inputs: its code, and of the configuration what it needs."""
    family = metric_named(metric)
    parts = {
        "mouth_box": {"crop_size": CONFIG.video.crop_size},
        "aus": {"labels": section(CONFIG.aus), "landmarker": LABELLING_MODELS},
        "weights": {
            "weights": {
                file.name: CONFIG.metrics.weights[file.name].sha256 for file in family.weights
            }
        },
    }
    found = {"code": version_of_metric(metric)}
    for part in family.needs:
        found |= parts.get(part, {})
    return found


@cache
def identities() -> dict:
    """The same of each metric."""
    return {name: identity_of(name) for name in METRICS.names}


def identities_of_metrics(wildcards) -> dict:
    """The same, as a param."""
    return identities()


def needed(name, pattern):
    """An input of ``score_clips``: the files that a pattern stands for, where a metric is computed from them."""

    def paths(wildcards) -> list:
        behind = any(name in files_behind(metric) for metric in METRICS.names)
        return sorted(set(all_shards(pattern, wildcards))) if behind else []

    return paths


def weights_of_metrics(wildcards) -> list:
    """The files of weights that metrics are computed with."""
    given = weights_behind(METRICS.names, CONFIG.metrics)
    return [local(weights.path) for weights in given.values()]


def declared(metrics) -> list:
    """The columns that these metrics declare, for the rules that make tables of them."""
    return [asdict(measure) for name in metrics for measure in metric_named(name).measures]
