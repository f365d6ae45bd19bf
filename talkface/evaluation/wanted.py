"""Which metrics an experiment measures, and why others that could be there are not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from talkface.config import ConfigError, Metrics, Weights
from talkface.config.metrics import DEFAULT
from talkface.metrics.catalogue import (
    UnknownMetricError,
    evaluators_of,
    is_foreign,
    known_metrics,
    main_metrics,
    metric_named,
    missing_packages,
    refuse_doubled,
)
from talkface.metrics.declaration import Metric


@dataclass(frozen=True)
class Wanted:
    """The metrics of an experiment."""

    names: tuple[str, ...]
    """Those that are measured: the package's own in the order of their names, then foreign ones."""
    absent: dict[str, str]
    """Name -> why it is not measured, with the remedy."""


def wanted_metrics(metrics: Metrics) -> Wanted:
    """What the section ``metrics`` asks for, without what lacks a package or a file of weights.

    Raises:
        ConfigError: a name that stands for no metric, a foreign metric that belongs into the main table, or
            two metrics with a column of the same key.
    """
    own = set(main_metrics())
    foreign = []
    for name in metrics.wanted:
        if ":" in name:
            foreign.append(name.replace(":", "."))
        else:
            own |= set(known_metrics()) if name == DEFAULT else {name}
    chosen: dict[str, Metric] = {}
    absent: dict[str, str] = {}
    for name in dict.fromkeys([*sorted(own), *foreign]):
        try:
            metric = metric_named(name)
        except UnknownMetricError as error:
            raise ConfigError(f"metrics.wanted: {error}") from None
        if is_foreign(name) and not metric.table:
            raise ConfigError(f"metrics.wanted: '{name}': a metric of another package needs a `table`")
        if reason := reason_absent(metric, metrics):
            absent[name] = reason
        else:
            chosen[name] = metric
    try:
        refuse_doubled(chosen)
    except ValueError as error:
        raise ConfigError(f"metrics.wanted: {error}") from None
    return Wanted(tuple(chosen), absent)


def reason_absent(metric: Metric, metrics: Metrics) -> str:
    """Why a family cannot be measured here, with the remedy; empty where it can."""
    if missing := missing_packages(metric):
        return f"not installed: {', '.join(missing)} (pip install {' '.join(missing)})"
    for evaluator in evaluators_of(metric):
        if not getattr(metrics.evaluators, evaluator).enabled:
            return (
                f"metrics.evaluators.{evaluator}.enabled is false: no {evaluator.replace('_', ' ')} is "
                "trained on this corpus; set it to true"
            )
    for file in metric.weights:
        given = metrics.weights.get(file.name)
        if given is None:
            return f"no weights: metrics.weights.{file.name} names no file ({file.content}; {file.address})"
        if not given.path.is_file():
            return f"no weights: metrics.weights.{file.name}.path: no such file: {given.path}"
    return ""


def enabled_evaluators(metrics: Metrics) -> list[str]:
    """The networks of our own that are trained to judge, by the names of their sections."""
    known = type(metrics.evaluators).model_fields
    return [name for name in known if getattr(metrics.evaluators, name).enabled]


def weights_behind(names: Iterable[str], metrics: Metrics) -> dict[str, Weights]:
    """The files of weights of these metrics, by the names of the files, as the configuration gives them."""
    files = {file.name for name in names for file in metric_named(name).weights}
    return {name: metrics.weights[name] for name in sorted(files)}


def foreign_code(name: str) -> str:
    """A hash of the file of a foreign metric's module: what it imports besides is its package's affair."""
    if not is_foreign(name):
        return ""
    source = import_module(metric_named(name).score.__module__).__file__
    assert source is not None, f"{name}: its module has no file"
    return hashlib.sha256(Path(source).read_bytes()).hexdigest()[:16]


def asked_in_vain(metrics: Metrics) -> list[str]:
    """A line for each metric that is not there although the configuration names it or weights for it."""
    absent = wanted_metrics(metrics).absent
    named = {name.replace(":", ".") for name in metrics.wanted}
    named |= {
        name
        for name, metric in known_metrics().items()
        if any(file.name in metrics.weights for file in metric.weights)
    }
    return [f"metric '{name}' is not measured: {why}" for name, why in absent.items() if name in named]
