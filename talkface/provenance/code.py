"""A hash of the code that a rule uses, so that a rule reruns only when its result could differ.

Snakemake does not notice an edit inside an imported package. So every rule has :func:`code_version` among its
``params``, whose changes Snakemake does notice. docs/reruns.md says what counts.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from talkface.provenance.syntax import Source, read_source, text_of
from talkface.provenance.without_effect import has_bearing

PACKAGE = "talkface"
_ROOT = Path(__file__).resolve().parents[2]

Name = tuple[str, str]
"""A module of the package and a name on its top level; the name "*" is all of it."""


def code_name(rule: str, *chosen: str) -> str:
    """The ledger's name of the code behind a rule's jobs, of one for each choice."""
    return "+".join([rule, *chosen])


def code_version(script: Path, *chosen: str) -> str:
    """Hash the code that a rule's script runs: 16 hexadecimal digits, equal for every version of Python.

    Hashed are the script and, of the package, each function, class and constant that it reaches by name, read
    from the syntax trees without running anything; and the data files (templates, published numbers) beside
    the modules that it reaches. Where a function stands does not count, so moving it changes nothing.

    Args:
        script: of the rule.
        chosen: functions and classes, ``talkface.module.name``, that the script's code imports by a name
            from the configuration or a wildcard, and that no syntax tree shows.

    Raises:
        FileNotFoundError: no such script.
        NameError: the script, or code that it reaches, takes a name from a module that has it not; or
            ``chosen`` does.
    """
    source = read_source(script)
    part, named = _part(source.statements, source)
    parts, pending, reached = {part}, list(named), set[Name]()
    for function in chosen:
        module, _, wanted = function.rpartition(".")
        pending.extend(found for found, _ in _resolved(module, wanted, function))
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            part, named = _part_of(name)
            parts.add(part)
            pending.extend(named)
    folders = {_path(module).parent for module, _ in reached}
    data = (digest for digest in map(_data_digest, sorted(folders)) if digest)
    return _hash(*sorted(parts), *sorted(data))[:16]


@cache
def _part_of(name: Name) -> tuple[str, frozenset[Name]]:
    return _part(_definition(name), _source(name[0]))


def _part(statements: list[ast.stmt], source: Source) -> tuple[str, frozenset[Name]]:
    """Hash statements with the hash of each thing of the package that they name; and those names."""
    named = _named(statements, source)
    targets = sorted(f"{shown}={_own(name)}" for name, shown in named if name[1] != "*")
    return _hash(text_of(statements, source.imports), *targets), frozenset(name for name, _ in named)


@cache
def _own(name: Name) -> str:
    return _hash(text_of(_definition(name), _source(name[0]).imports))


def _named(statements: Iterable[ast.stmt], source: Source) -> set[tuple[Name, str]]:
    """What of the package the statements name, and how it is written there."""
    found: set[tuple[Name, str]] = set()
    for statement in statements:
        taken: set[int] = set()
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                module = _module_behind(node.value.id, source)
                if module is not None:
                    taken.add(id(node.value))
                    found |= _resolved(module, node.attr, f"{node.value.id}.{node.attr}")
            elif isinstance(node, ast.Name) and id(node) not in taken:
                found |= _resolved_name(node.id, source)
    return found


def _resolved_name(shown: str, source: Source) -> set[tuple[Name, str]]:
    if shown in source.imports:
        module = _module_behind(shown, source)
        if module is not None:
            return _resolved(module, "*", shown)
        module, original = source.imports[shown]
        return _resolved(module, original, shown) if _is_ours(module) and original else set()
    if source.module is not None and shown in _bindings(source.module):
        return {((source.module, shown), shown)}
    return set()


def _resolved(module: str, name: str, shown: str) -> set[tuple[Name, str]]:
    """Follow a name through modules that only pass it on to where it is defined."""
    while has_bearing(module):
        source = _source(module)
        if name == "*" or name in _bindings(module):
            return {((module, name), shown)}
        if name not in source.imports:
            raise NameError(f"'{name}' is imported from {module}, which does not define it ({_path(module)})")
        below = _module_behind(name, source)
        if below is not None:
            return {((below, "*"), shown)} if has_bearing(below) else set()
        module, original = source.imports[name]
        if not _is_ours(module) or original is None:
            return set()
        name = original
    return set()


def _module_behind(shown: str, source: Source) -> str | None:
    """The package's module that a name stands for, if it stands for one."""
    module, original = source.imports.get(shown, ("", None))
    whole = module if original is None else f"{module}.{original}"
    return whole if _is_ours(whole) and _find(whole) is not None else None


def _is_ours(module: str) -> bool:
    return module.split(".")[0] == PACKAGE


@cache
def _definition(name: Name) -> list[ast.stmt]:
    """The statements that make a name what it is, with those that the whole module runs when imported."""
    module, wanted = name
    statements = _source(module).statements
    if wanted == "*":
        return statements
    return [statement for statement in statements if wanted in (bound := _binds(statement)) or not bound]


@cache
def _bindings(module: str) -> frozenset[str]:
    return frozenset().union(*(_binds(statement) for statement in _source(module).statements), frozenset())


def _binds(statement: ast.stmt) -> set[str]:
    """The names that a statement makes or changes; none for one that does something else."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return {_outermost(part) for target in targets for part in _parts_of(target)}
    return set()


def _parts_of(target: ast.expr) -> list[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        return [part for element in target.elts for part in _parts_of(element)]
    return [target]


def _outermost(target: ast.expr) -> str:
    while isinstance(target, ast.Attribute | ast.Subscript | ast.Starred):
        target = target.value
    assert isinstance(target, ast.Name)
    return target.id


@cache
def _source(module: str) -> Source:
    return read_source(_path(module), module)


@cache
def _data_digest(folder: Path) -> str:
    """Hash what is not code in a package's folder, with those of its folders that are no packages."""
    parts = []
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name != "__pycache__" and not (path / "__init__.py").exists():
            parts.append(_data_digest(path))
        elif path.is_file() and path.suffix not in {".py", ".typed"} and not path.name.startswith("."):
            parts += [path.name, hashlib.sha256(path.read_bytes()).hexdigest()]
    return _hash(*parts) if any(parts) else ""


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _path(module: str) -> Path:
    path = _find(module)
    assert path is not None, f"no module '{module}' in the package"
    return path


@cache
def _find(module: str) -> Path | None:
    base = _ROOT.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None
