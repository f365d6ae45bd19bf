"""All metric families: the package's own, found by the names of their modules, and others by import path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from pkgutil import iter_modules

from talkface.metrics import families
from talkface.metrics.clip import EVALUATORS, Part
from talkface.metrics.declaration import Measure, Metric


class UnknownMetricError(ValueError):
    """A metric that is not there; the message names it and the remedy."""


@cache
def known_metrics() -> Mapping[str, Metric]:
    """Name -> family of this package, in the order of the names.

    Raises ``ValueError`` where two families have a column of the same key.
    """
    names = sorted(module.name for module in iter_modules(families.__path__))
    known: dict[str, Metric] = {name: import_module(f"{families.__name__}.{name}").METRIC for name in names}
    refuse_doubled(known)
    return known


@cache
def all_metrics() -> Mapping[str, Metric]:
    """The families that need neither weights nor an evaluator and whose optional packages are installed."""
    return {
        name: metric
        for name, metric in known_metrics().items()
        if not metric.weights and not evaluators_of(metric) and not missing_packages(metric)
    }


def evaluators_of(metric: Metric) -> list[Part]:
    """The networks of our own that a family's values come from, by the names of their sections."""
    return sorted(EVALUATORS & set(metric.needs))


def metric_named(name: str) -> Metric:
    """A family by its name, or by ``package.module.NAME`` where it belongs to another package.

    Raises:
        UnknownMetricError: no such family, or what the name stands for is none.
    """
    own = all_metrics().get(name) or known_metrics().get(name)
    if own is not None:
        return own
    module, _, attribute = name.rpartition(".")
    if not module:
        raise UnknownMetricError(f"metric '{name}': not among {', '.join(known_metrics())}")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UnknownMetricError(
            f"metric '{module}:{attribute}': {error}; install its package, or name its folder in PYTHONPATH"
        ) from error
    if not isinstance(found, Metric):
        raise UnknownMetricError(
            f"metric '{module}:{attribute}': is a {type(found).__name__}, no Metric (docs/adding_metric.md)"
        )
    return found


def is_foreign(name: str) -> bool:
    """Whether a family belongs to another package."""
    return "." in name


def refuse_doubled(chosen: Mapping[str, Metric]) -> None:
    """Raise ``ValueError`` where two families have a column of the same key."""
    keys = Counter(measure.key for metric in chosen.values() for measure in metric.measures)
    doubled = [key for key, count in keys.items() if count > 1]
    if doubled:
        raise ValueError(f"two metric families have a measure of the key {', '.join(doubled)}")


def optional_metrics() -> frozenset[str]:
    """The installed families that need packages which not every installation has."""
    return frozenset(name for name, metric in all_metrics().items() if metric.packages)


def missing_packages(metric: Metric) -> list[str]:
    """The optional packages that a family needs and that are not installed."""
    return [name for name in metric.packages if not is_installed(name)]


def is_installed(package: str) -> bool:
    """Whether there is a package of this name, without importing it."""
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True


def main_metrics() -> list[str]:
    """The families with columns in the main table and in the papers' tables."""
    return [name for name, metric in all_metrics().items() if not metric.table]


def main_measures() -> dict[str, Measure]:
    """Key -> measure of these families."""
    return {own.key: own for name in main_metrics() for own in all_metrics()[name].measures}


def further_tables(names: Iterable[str]) -> dict[str, tuple[Measure, ...]]:
    """Title -> columns of each table beside the main one, of these families in their order."""
    tables: dict[str, tuple[Measure, ...]] = {}
    for metric in map(metric_named, names):
        if metric.table:
            tables[metric.table] = (*tables.get(metric.table, ()), *metric.measures)
    return tables
