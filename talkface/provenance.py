"""What a result was made from: a hash of the code behind a rule.

Snakemake does not see an edit inside an imported package. Rules therefore carry :func:`code_version` among
their ``params``, whose changes it does see.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = "talkface"
_ROOT = Path(__file__).resolve().parent.parent

NO_BEARING = frozenset(
    {
        PACKAGE,  # the version number: a release retrains nothing
        f"{PACKAGE}.config",  # a rule's params carry the values of every section that it reads
        f"{PACKAGE}.logs",  # how progress is shown changes no number
        f"{PACKAGE}.provenance",
        f"{PACKAGE}.efficiency",  # what a job took
        f"{PACKAGE}.training.lock",  # who may write, not what is written
    }
)
"""Modules that cannot change what a rule writes."""

BY_NAME = frozenset({f"{PACKAGE}.schemas"})
"""Modules of independent declarations: only the imported names count; a new schema remakes nothing."""


def code_version(entry: str | Path) -> str:
    """Hash the code that a rule runs: 16 hexadecimal digits.

    ``entry`` is a rule's script or the dotted name of a module. Hashed is its import closure inside the
    package, read from the syntax trees without running anything: comments, docstrings, layout do not count;
    imports inside functions do, and so do the data files (templates, published numbers) beside its modules.
    Raises ``FileNotFoundError`` for an unknown module or script.
    """
    path = Path(entry) if isinstance(entry, Path) or entry.endswith(".py") else None
    if path is not None:
        own, wanted = _digest(path), _imports(path)
    else:
        own, wanted = "", frozenset({(str(entry), "*")})
    reached = sorted(_closure(wanted))
    parts = [own, *(f"{module}:{name}:{_part(module, name)}" for module, name in reached)]
    parts += [
        _data_digest(folder) for folder in sorted({_module_path(module).parent for module, _ in reached})
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _closure(wanted: frozenset[tuple[str, str]]) -> set[tuple[str, str]]:
    """All (module, name) pairs reachable through imports; the name is ``*`` where the whole module counts."""
    reached: set[tuple[str, str]] = set()
    pending = list(wanted)
    while pending:
        pair = pending.pop()
        if pair in reached or pair[0] in NO_BEARING:
            continue
        reached.add(pair)
        pending.extend(_imports(_module_path(pair[0])))
    return reached


def _part(module: str, name: str) -> str:
    path = _module_path(module)
    return _digest(path) if name == "*" else _declaration_digest(path, name)


@cache
def _tree(path: Path) -> ast.Module:
    tree = ast.parse(path.read_bytes(), filename=str(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            # Bare strings are documentation wherever they stand: docstrings, and those below a constant.
            node.body = [child for child in node.body if not _is_bare_string(child)]
    return tree


def _is_bare_string(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


@cache
def _digest(path: Path) -> str:
    return _hash_nodes(_tree(path).body)


@cache
def _data_digest(folder: Path) -> str:
    """Hash what is not code in a package's folder, with those of its folders that are no packages."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name != "__pycache__" and not (path / "__init__.py").exists():
            digest.update(_data_digest(path).encode())
        elif path.is_file() and path.suffix not in {".py", ".typed"} and not path.name.startswith("."):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@cache
def _declaration_digest(path: Path, name: str) -> str:
    """Hash a top-level name's statements and those of the names it is built from, in the file's order."""
    statements = _tree(path).body
    wanted, size = {name}, 0
    while len(wanted) > size:
        size = len(wanted)
        for statement in statements:
            if _binds(statement) & wanted:
                wanted |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    return _hash_nodes([statement for statement in statements if _binds(statement) & wanted])


def _binds(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    return set()


def _hash_nodes(nodes: list[ast.stmt]) -> str:
    text = "\n".join(ast.dump(node) for node in nodes)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _imports(path: Path) -> frozenset[tuple[str, str]]:
    """The (module, name) pairs of the package that a file imports, with the packages on the way to them."""
    found: set[tuple[str, str]] = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found |= _with_parents(alias.name)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where code comes from"
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                if _is_module(below):
                    found |= _with_parents(below)
                elif node.module in BY_NAME:
                    found.add((node.module, alias.name))
                else:
                    found |= _with_parents(node.module or "")
    return frozenset(found)


def _with_parents(module: str) -> set[tuple[str, str]]:
    names = module.split(".")
    if names[0] != PACKAGE:
        return set()
    return {(".".join(names[: size + 1]), "*") for size in range(len(names))}


@cache
def _is_module(module: str) -> bool:
    return module.split(".")[0] == PACKAGE and _find(module) is not None


def _module_path(module: str) -> Path:
    path = _find(module)
    if path is None:
        raise FileNotFoundError(f"no module '{module}' in the package")
    return path


@cache
def _find(module: str) -> Path | None:
    base = _ROOT.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None
