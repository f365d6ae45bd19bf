"""A module's syntax tree without what cannot change a result, and its text, equal on every Python.

Left out: comments, docstrings, type hints, the texts of errors and of log lines, progress.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from talkface.provenance.without_effect import RECORDED_ERRORS, SHOWING

_LOGGERS = frozenset({"logger", "log", "_log", "_logger"})
_LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})
_SILENT_FIELDS = frozenset({"ctx", "type_comment", "type_ignores", "kind", "type_params"})
_HINTS = frozenset({"TypeVar", "ParamSpec", "NewType", "TypeAlias"})

Node = TypeVar("Node", bound=ast.AST)


@dataclass
class Source:
    """A stripped module: its statements other than imports, and what its imported names stand for."""

    module: str | None = None  # its dotted name; None for a rule's script
    statements: list[ast.stmt] = field(default_factory=list)
    imports: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    """Name -> (module, name in it); ``None`` where the name is the module."""


def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file; nothing is run.

    Python before 3.11.8 fails here by mistake where something parses in between, as a finaliser that prints a
    traceback does (python/cpython#106905). What was to be finalised is gone at a second try.
    """
    try:
        return ast.parse(path.read_bytes(), filename=str(path))
    except SystemError:
        return ast.parse(path.read_bytes(), filename=str(path))


def read_source(path: Path, module: str | None = None) -> Source:
    """Parse a file and strip it; nothing is run."""
    tree = parsed(path)
    source = Source(module)
    _gather_imports(tree, source, path)
    showing = {name for name, (module, _) in source.imports.items() if module in SHOWING}
    tree = _Stripped(showing | _meters(tree, showing)).visit(tree)
    source.statements = [statement for statement in tree.body if not isinstance(statement, ast.Pass)]
    return source


def text_of(node: ast.AST | Sequence[ast.AST], imports: dict[str, tuple[str, str | None]]) -> str:
    """A tree as text: no positions, no layout, equal for every version of Python.

    A name that stands for something outside the package is followed by what that is, so that another import
    under the same name shows.
    """
    pieces: list[str] = []
    _write(list(node) if isinstance(node, Sequence) else node, imports, pieces)
    return "".join(pieces)


def _write(value: object, imports: dict[str, tuple[str, str | None]], pieces: list[str]) -> None:
    if isinstance(value, ast.Constant):
        pieces.append(f"{type(value.value).__name__}:{value.value!r}")
    elif isinstance(value, ast.AST):
        pieces.append(f"{type(value).__name__}(")
        for name in value._fields:
            content = getattr(value, name, None)
            if name not in _SILENT_FIELDS and content is not None and content != []:
                pieces.append(f"{name}=")
                _write(content, imports, pieces)
        if isinstance(value, ast.Name) and value.id in imports:
            module, original = imports[value.id]
            ours = module.split(".")[0] == "talkface"  # whose own hash tells what it is
            pieces.append("" if ours else f"<{module}:{original}>")
        pieces.append(")")
    elif isinstance(value, list):
        pieces.append("[")
        for item in value:
            _write(item, imports, pieces)
            pieces.append(",")
        pieces.append("]")
    else:
        pieces.append(repr(value))


def _gather_imports(tree: ast.AST, source: Source, path: Path) -> None:
    """Note all imports, those inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                shown = alias.asname or alias.name.split(".")[0]
                source.imports[shown] = (alias.name if alias.asname else shown, None)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path}: relative imports hide where code comes from"
            for alias in node.names:
                assert alias.name != "*", f"{path}: a star import hides what is imported"
                source.imports[alias.asname or alias.name] = (node.module, alias.name)


def _meters(tree: ast.AST, showing: set[str]) -> set[str]:
    """Names and attributes that hold a progress meter, such as ``meter`` or ``self._meter``."""
    return {
        _dotted(target)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _called(node.value) in showing
        for target in node.targets
    }


def _called(node: ast.AST | None) -> str:
    """The dotted name of what a call calls; empty for all else."""
    return _dotted(node.func) if isinstance(node, ast.Call) else ""


def _dotted(node: ast.expr) -> str:
    """``a.b.c`` of such an expression, ``a()`` for a call; empty for all else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return f"{_dotted(node.func)}()" if isinstance(node, ast.Call) else ""


class _Stripped(ast.NodeTransformer):
    """Takes out of a tree what cannot change a result.

    Args:
        showing: names of functions that show progress, and of variables that hold a meter.
    """

    def __init__(self, showing: set[str]):
        self._showing = showing

    def generic_visit(self, node: Node) -> Node:
        """Strip what lies below; a body that is empty then holds ``pass``."""
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                kept = [child for child in body if not isinstance(child, ast.Pass)]
                setattr(node, name, kept or ([ast.Pass()] if name == "body" else []))
        return node

    def visit_Import(self, node: ast.Import) -> None:
        """What is imported counts where it is used."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """The same."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Leave out documentation, log lines and progress."""
        if isinstance(node.value, ast.Constant):
            return None
        return None if self._shows(node.value) else self.generic_visit(node)

    def _shows(self, node: ast.AST) -> bool:
        called = _called(node)
        before, _, last = called.rpartition(".")
        if before in _LOGGERS or before == "logging.getLogger()":
            return last in _LEVELS
        return called in {"print", "warnings.warn"} or before in self._showing or called in self._showing

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        """Leave out a progress meter and a type variable."""
        if _called(node.value) in self._showing or _called(node.value) in _HINTS:
            return None
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """``progress(items, ...)`` is the items."""
        self.generic_visit(node)
        return node.args[0] if _called(node) in self._showing and node.args else node

    def visit_With(self, node: ast.With) -> ast.AST | list[ast.stmt]:
        """Leave out ``with log_to(...)`` and the like, not what stands in it."""
        node.items = [item for item in node.items if _called(item.context_expr) not in self._showing]
        self.generic_visit(node)
        return node if node.items else node.body

    def visit_If(self, node: ast.If) -> ast.AST | None:
        """Leave out what is for type checkers alone."""
        return None if _dotted(node.test).endswith("TYPE_CHECKING") else self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Strip the hint of what it returns."""
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        """Strip the hint."""
        node.annotation = None
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """The fields of a class keep their names and values, not their types."""
        shows = {"__str__", "__repr__"} if node.name.endswith("Error") else set()
        node.body = [
            _untyped(child) if isinstance(child, ast.AnnAssign) else child
            for child in node.body
            if not (isinstance(child, ast.FunctionDef) and child.name in shows)
        ]
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        """``x: int = 1`` is ``x = 1``; ``x: int`` alone is nothing."""
        if node.annotation is _UNTYPED:
            return self.generic_visit(node)
        if node.value is None or _dotted(node.annotation).endswith("TypeAlias"):
            return None
        return self.visit_Assign(ast.Assign([node.target], node.value))

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        """Strip the text."""
        node.msg = None
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        """Strip the texts, but for the reason that a table keeps."""
        node.cause = None
        if isinstance(node.exc, ast.Call):
            node.exc.args = node.exc.args[:1] if _called(node.exc) in RECORDED_ERRORS else []
            node.exc.keywords = []
        return self.generic_visit(node)


_UNTYPED = ast.Constant(None)


def _untyped(node: ast.AnnAssign) -> ast.AnnAssign:
    return ast.AnnAssign(node.target, _UNTYPED, node.value, node.simple)
