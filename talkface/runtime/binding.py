"""From a rule to its job: the rule's named files and values become the arguments of one function.

A workflow script is one line, ``run(crop_faces, snakemake)``. Each argument of the job's function is looked
up by its name among the rule's inputs, outputs, params, wildcards and resources, and converted to its type:

* ``Path``, ``list[Path]``: inputs and outputs; ``Path | None`` is none where an input function gives no file;
* a pydantic model: a param that holds a section of the configuration. A field that is never dumped, such as
  ``Compute.processes``, comes from the resource of its name;
* a pydantic model without a param of its name: its fields are looked up one by one;
* :class:`OfConfig`: read from the configuration itself, because not all of it identifies the result. Where
  the rule has a param of that name, it holds the part that does, and has to agree;
* :class:`OfVariant`: the renderer's section under the differences of the rule's wildcard ``variant``, with
  which the rule's param of that name has to agree;
* :class:`OfWildcards`: a path made from the rule's wildcards.

An argument without a counterpart in the rule is refused by name, and so is a file or param of the rule
without an argument. Exceptions are ``code`` and params that start with ``key_``, which identify a result
(docs/reruns.md), and inputs that start with ``after_``, which only have to be there first.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError

from talkface.config import Config, validate
from talkface.runtime.cost import measured
from talkface.runtime.logs import log_to

KEY = "key_"
"""Params that identify a result and are read by no job start so."""
AFTER = "after_"
"""Inputs that have to be there first and are read by no job start so."""


@dataclass(frozen=True)
class OfConfig:
    """Marks an argument that is a section of the configuration, or with type ``Config`` all of it."""


@dataclass(frozen=True)
class OfVariant:
    """Marks an argument that is the renderer's section of the variant that the rule's wildcard names."""


@dataclass(frozen=True)
class OfWildcards:
    """Marks a path made from the rule's wildcards."""

    pattern: str  # such as "work/{experiment}/{corpus}/autoencoder/shared/seed-{seed}"


class BindingError(ValueError):
    """A rule and the function of its job do not fit; the message names both and the argument."""


@dataclass
class Rule:
    """What one job of a rule was given, by name."""

    name: str
    files: Mapping[str, str | list[str]]  # of inputs and outputs
    params: Mapping[str, Any]
    wildcards: Mapping[str, str]
    resources: Mapping[str, Any]
    config: Mapping[str, Any]
    taken: set[str] = field(default_factory=set)

    @classmethod
    def of_script(cls, script: Any) -> Rule:
        """From the object ``snakemake`` that Snakemake hands to a script."""
        files = {name: value for part in (script.input, script.output) for name, value in part.items()}
        return cls(
            script.rule, files, dict(script.params.items()), dict(script.wildcards.items()),
            dict(script.resources.items()), script.config,
        )  # fmt: skip


def run(job: Callable[..., object], script: Any) -> None:
    """Run a rule's job with its log and with a record of what it took beside the log; print what it returns.

    ``script``: the object ``snakemake`` of a workflow script.
    """
    log = script.log[0]
    with log_to(log), measured(log):
        said = job(**bind(job, Rule.of_script(script)))
        if isinstance(said, str):
            print(said)  # the log's lines of level INFO do not reach the terminal


def bind(job: Callable[..., object], rule: Rule) -> dict[str, Any]:
    """The arguments of ``job`` in a rule, by name.

    Raises:
        BindingError: an argument that the rule does not give, or gives in another type; a file or param of
            the rule that the job does not take.
    """
    hints = get_type_hints(job, include_extras=True)
    arguments = {}
    for name, parameter in inspect.signature(job).parameters.items():
        has_default = parameter.default is not parameter.empty
        if has_default and not _given(name, rule):
            continue
        arguments[name] = _argument(name, hints[name], rule)
    spare = {
        name
        for name in {*rule.files, *rule.params} - rule.taken
        if name != "code" and not name.startswith((KEY, AFTER))
    }
    if spare:
        raise BindingError(f"rule {rule.name}: {job.__name__} takes no argument {', '.join(sorted(spare))}")
    return arguments


def _given(name: str, rule: Rule) -> bool:
    return any(name in part for part in (rule.files, rule.params, rule.wildcards))


def _argument(name: str, hint: Any, rule: Rule) -> Any:
    marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    kind = get_args(hint)[0] if marks else hint
    for mark in marks:
        if isinstance(mark, OfConfig):
            return _of_config(name, kind, rule)
        if isinstance(mark, OfVariant):
            return _agreeing(name, validate(rule.config).variant_renderer(_value("variant", rule)), rule)
        if isinstance(mark, OfWildcards):
            return _of_wildcards(name, mark.pattern, rule)
    if name in rule.files:
        return _files(name, kind, rule)
    model = kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None
    if model is not None and name not in rule.params:
        return _of_fields(model, rule)
    value = _value(name, rule)
    if model is not None and isinstance(value, Mapping):
        kept_out = [key for key, own in model.model_fields.items() if own.exclude and key in rule.resources]
        value = {**value, **{key: rule.resources[key] for key in kept_out}}
    return _converted(name, kind, value, rule)


def _of_wildcards(name: str, pattern: str, rule: Rule) -> Path:
    try:
        return Path(pattern.format(**rule.wildcards))
    except KeyError as error:
        raise BindingError(f"rule {rule.name}: {name} needs a wildcard named {error.args[0]}") from None


def _value(name: str, rule: Rule) -> Any:
    for part in (rule.params, rule.wildcards, rule.resources):
        if name in part:
            rule.taken.add(name)
            return part[name]
    raise BindingError(f"rule {rule.name}: no input, output, param, wildcard or resource is named {name}")


def _files(name: str, kind: Any, rule: Rule) -> Any:
    if name in rule.params:
        raise BindingError(f"rule {rule.name}: {name} is a file and a param; rename one of them")
    rule.taken.add(name)
    value = rule.files[name]
    several = [value] if isinstance(value, str) else list(value)
    if get_origin(kind) is not None and Path in get_args(kind) and NoneType not in get_args(kind):
        return [Path(path) for path in several]
    if kind is Path and isinstance(value, str):
        return Path(value)
    if NoneType in get_args(kind) and Path in get_args(kind) and len(several) < 2:
        return Path(several[0]) if several else None
    raise BindingError(f"rule {rule.name}: {name} is {len(several)} files, and {_shown(kind)} was expected")


def _of_config(name: str, kind: Any, rule: Rule) -> Any:
    config = validate(rule.config)
    if kind is Config:
        return config
    return _agreeing(name, getattr(config, name), rule)


def _agreeing(name: str, section: BaseModel, rule: Rule) -> BaseModel:
    """A section of the configuration; the rule's param of its name, if any, has to be part of it."""
    if name in rule.params:
        whole = section.model_dump(mode="json")
        rule.taken.add(name)
        if not _is_part(rule.params[name], whole):
            raise BindingError(f"rule {rule.name}: param {name} is not part of section {name} of the config")
    return section


def _is_part(part: Any, whole: Any) -> bool:
    if isinstance(part, Mapping) and isinstance(whole, Mapping):
        return all(key in whole and _is_part(value, whole[key]) for key, value in part.items())
    return bool(part == whole)


def _of_fields(model: type[BaseModel], rule: Rule) -> BaseModel:
    content = {
        name: _value(name, rule)
        for name, own in model.model_fields.items()
        if own.is_required() or _given(name, rule)
    }
    return _converted(model.__name__, model, content, rule)


def _converted(name: str, kind: Any, value: Any, rule: Rule) -> Any:
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join([name, *map(str, problem["loc"])])
        raise BindingError(f"rule {rule.name}: {place}: {problem['msg']}") from None


def _shown(kind: Any) -> str:
    return getattr(kind, "__name__", str(kind))
