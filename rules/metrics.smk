# What the jobs of a metric rest on, and the columns that metrics declare.


@cache
def version_of_metric(metric) -> str:
    """Version of the code behind a metric: of the rule's script, of the metric and of what reads its needs."""
    script = Path(ROOT, "workflow_scripts", "score_clips.py")
    version = code_version(script, *code_behind(metric)) + foreign_code(metric)
    return ACCEPTED.get((f"score_{metric}", version), version)


def code_of_metric(wildcards) -> str:
    """The same, as a param."""
    return version_of_metric(wildcards.metric)


def needed(name, pattern):
    """An input of ``score_clips``: the files that a pattern stands for, where the metric is computed from them."""

    def paths(wildcards) -> list:
        behind = name in files_behind(wildcards.metric)
        return sorted(set(all_shards(pattern, wildcards))) if behind else []

    return paths


def key_of_part(part, value):
    """What identifies a part of a clip, for the metrics that need it; others are told by their code alone."""

    def key(wildcards):
        wanted = part in metric_named(wildcards.metric).needs
        return value if wanted else code_of_metric(wildcards)

    return key


def weights_of_metric(wildcards) -> list:
    """The files of weights that a metric is computed with."""
    files = metric_named(wildcards.metric).weights
    return [local(CONFIG.metrics.weights[file.name].path) for file in files]


def key_of_weights(wildcards):
    """Which weights they are, for the metrics that have some; others are told by their code alone."""
    files = metric_named(wildcards.metric).weights
    hashes = {file.name: CONFIG.metrics.weights[file.name].sha256 for file in files}
    return hashes or code_of_metric(wildcards)


def declared(metrics) -> list:
    """The columns that these metrics declare, for the rules that make tables of them."""
    return [asdict(measure) for name in metrics for measure in metric_named(name).measures]
