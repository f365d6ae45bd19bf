"""All metric families, found by the names of their modules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from pkgutil import iter_modules

from talkface.metrics import families
from talkface.metrics.declaration import Measure, Metric


@cache
def all_metrics() -> Mapping[str, Metric]:
    """Name -> family, in the order of the names; without those whose optional packages are not installed.

    Raises ``ValueError`` where two families have a column of the same key.
    """
    names = sorted(module.name for module in iter_modules(families.__path__))
    known: dict[str, Metric] = {name: import_module(f"{families.__name__}.{name}").METRIC for name in names}
    found = {name: metric for name, metric in known.items() if all(map(is_installed, metric.packages))}
    measures = [measure for metric in found.values() for measure in metric.measures]
    keys = Counter(measure.key for measure in measures)
    doubled = [key for key, count in keys.items() if count > 1]
    if doubled:
        raise ValueError(f"two metric families have a measure of the key {', '.join(doubled)}")
    return found


def optional_metrics() -> frozenset[str]:
    """The installed families that need packages which not every installation has."""
    return frozenset(name for name, metric in all_metrics().items() if metric.packages)


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


def further_tables() -> dict[str, tuple[Measure, ...]]:
    """Title -> columns of each further table, in the order of the families' names."""
    tables: dict[str, tuple[Measure, ...]] = {}
    for metric in all_metrics().values():
        if metric.table:
            tables[metric.table] = (*tables.get(metric.table, ()), *metric.measures)
    return tables
