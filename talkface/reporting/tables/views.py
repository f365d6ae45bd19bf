"""A formatted table, in Markdown, in LaTeX and, through the page's template, in HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Group:
    """A heading over neighbouring columns."""

    title: str
    span: int
    published: bool = False  # other people's figures: set apart from ours


@dataclass(frozen=True)
class Column:
    """What pages say about a column: which direction is better, and its definition."""

    better: str = ""  # as metrics declare it: "high", "low", "near one" or ""
    meaning: str = ""
    figure: str = ""  # the card of its figures (cards.py); "" where they have none


@dataclass(frozen=True)
class Mark:
    """What pages show with a cell: its interval, and whether it is the best of its column beyond it."""

    interval: str = ""
    best: bool = False


@dataclass(frozen=True)
class Block:
    """Rows under one heading; the first cell of a row is its name."""

    title: str
    rows: tuple[tuple[str, ...], ...]
    marks: tuple[tuple[Mark, ...], ...] = ()  # of all cells or of none
    cards: tuple[str, ...] = ()  # of each row: its card (cards.row_key); of all rows or of none


@dataclass(frozen=True)
class TableView:
    """Headings, blocks of finished cells, and what has to be said below them."""

    key: str
    title: str
    groups: tuple[Group, ...]
    headers: tuple[str, ...]
    blocks: tuple[Block, ...]
    notes: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()  # of all headers or of none
    legend: str = ""  # of the marks; shown with them, on pages alone

    def __post_init__(self) -> None:
        width = len(self.headers)
        assert len(self.columns) in (0, width), f"{self.key}: {len(self.columns)} columns said, {width} shown"
        spanned = sum(group.span for group in self.groups)
        assert spanned in (0, width), f"{self.key}: groups cover {spanned} of {width} columns"
        for block in self.blocks:
            assert not block.marks or [*map(len, block.marks)] == [*map(len, block.rows)], self.key
            assert len(block.cards) in (0, len(block.rows)), self.key
            for row in block.rows:
                assert len(row) == width, (
                    f"{self.key}: row {row[0]!r} has {len(row)} cells for {width} columns"
                )

    @property
    def edges(self) -> frozenset[int]:
        """Columns with which a group begins, but for the first."""
        return frozenset(sum(group.span for group in self.groups[:n]) for n in range(1, len(self.groups)))

    @property
    def published(self) -> frozenset[int]:
        """Columns of published figures."""
        owners = [group.published for group in self.groups for _ in range(group.span)]
        return frozenset(column for column, published in enumerate(owners) if published)

    def panels(self) -> list[TableView]:
        """One table per block without the columns that are empty there; the notes go with the last.

        Only for tables with published columns, which few rows fill; others stay whole.
        """
        if not self.published:
            return [self]
        panels = []
        for number, block in enumerate(self.blocks, 1):
            kept = [c for c in range(len(self.headers)) if c == 0 or any(row[c] for row in block.rows)]
            groups, start = [], 0
            for group in self.groups:
                span = sum(start <= column < start + group.span for column in kept)
                start += group.span
                groups += [Group(group.title, span, group.published)] if span else []
            last = number == len(self.blocks)
            panels.append(
                replace(
                    self,
                    groups=tuple(groups),
                    headers=tuple(self.headers[column] for column in kept),
                    columns=tuple(self.columns[column] for column in kept if self.columns),
                    blocks=(_only(block, kept),),
                    notes=self.notes if last else (),
                    legend=self.legend if last else "",
                )
            )
        return panels

    def folded(self) -> frozenset[int]:
        """Published columns that hold no figure, which pages fold."""
        rows = [row for block in self.blocks for row in block.rows]
        return frozenset(c for c in self.published if not any(map(_has_figure, (row[c] for row in rows))))

    def of_words(self) -> frozenset[int]:
        """Columns without any figure but with words, which pages set to the left."""
        rows = [row for block in self.blocks for row in block.rows]
        return (
            frozenset(
                c
                for c in range(1, len(self.headers))
                if any(row[c].strip() for row in rows) and not any(_has_figure(row[c]) for row in rows)
            )
            - self.published
        )

    def holds_figures(self) -> bool:
        """Whether any cell but the rows' names has a figure."""
        return any(_has_figure(cell) for block in self.blocks for row in block.rows for cell in row[1:])

    def to_json(self) -> dict[str, Any]:
        """Plain lists and dicts, for the page."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> TableView:
        """The inverse of :meth:`to_json`."""
        return cls(
            content["key"],
            content["title"],
            tuple(Group(**group) for group in content["groups"]),
            tuple(content["headers"]),
            tuple(map(_block_from_json, content["blocks"])),
            tuple(content["notes"]),
            tuple(Column(**column) for column in content["columns"]),
            content["legend"],
        )


def sort_value(cell: str) -> float | None:
    """The figure that a cell begins with, by which pages sort it; ``None`` for words and missing values."""
    found = _FIGURE.match(cell)
    return float(found[0].replace(",", "")) if found else None


_FIGURE = re.compile(r"[+-]?\d[\d,]*(\.\d+)?(?![\w/:.-])")


def _has_figure(cell: str) -> bool:
    return sort_value(cell) is not None


def _only(block: Block, columns: Sequence[int]) -> Block:
    """The block with some of its columns."""
    rows = tuple(tuple(row[column] for column in columns) for row in block.rows)
    marks = tuple(tuple(row[column] for column in columns) for row in block.marks)
    return Block(block.title, rows, marks, block.cards)


def _block_from_json(content: dict[str, Any]) -> Block:
    marks = tuple(tuple(Mark(**mark) for mark in row) for row in content["marks"])
    return Block(content["title"], tuple(map(tuple, content["rows"])), marks, tuple(content["cards"]))


def to_markdown(view: TableView, *, heading: bool = True) -> str:
    """A heading, one table per block, the notes as a list.

    Markdown has no column groups: a line above each table says which columns belong together.
    """
    lines = [f"## {_markdown(view.title)}", ""] if heading else []
    for panel in view.panels():
        for block in panel.blocks:
            if block.title:
                lines += [f"### {_markdown(block.title)}", ""]
            lines += _group_lines(panel)
            lines += [*_markdown_rows(panel.headers, block.rows), ""]
    lines += [f"- {_markdown(note)}" for note in view.notes]
    if view.notes:
        lines.append("")
    return "\n".join(lines)


def _group_lines(view: TableView) -> list[str]:
    lines, start = [], 0
    for group in view.groups:
        first, last = view.headers[start], view.headers[start + group.span - 1]
        start += group.span
        if group.title:
            lines += [f"*{_markdown(first)}* to *{_markdown(last)}*: {_markdown(group.title)}.", ""]
    return lines


def _markdown_rows(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    cells = [[_markdown(cell) for cell in row] for row in (headers, *rows)]
    widths = [max(3, *(len(row[column]) for row in cells)) for column in range(len(headers))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [
        [
            row[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        for row in cells
    ]
    return ["| " + " | ".join(row) + " |" for row in (padded[0], rule, *padded[1:])]


def to_latex(view: TableView) -> str:
    """A ``table`` float with booktabs rules, scaled to the line; needs the packages booktabs and graphicx."""
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{latex(view.title)}}}",
        rf"\label{{tab:{view.key}}}",
    ]
    for panel in view.panels():
        lines += [*_tabular(panel), r"\par\medskip"]
    if view.notes:
        lines += [r"\begin{minipage}{\linewidth}\footnotesize"]
        lines += [rf"{latex(note)}\par" for note in view.notes]
        lines += [r"\end{minipage}"]
    return "\n".join([*lines, r"\end{table}", ""])


def _tabular(view: TableView) -> list[str]:
    columns = len(view.headers)
    # Scaled down to the line where it is wider, never up.
    lines = [
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{l{'r' * (columns - 1)}}}",
        r"\toprule",
    ]
    if view.groups:
        heads = [_multicolumn(group.span, "c", _narrow(group)) for group in view.groups]
        lines.append(" & ".join(heads) + r" \\")
        start = 1
        for group in view.groups:
            if group.title:
                lines.append(rf"\cmidrule(lr){{{start}-{start + group.span - 1}}}")
            start += group.span
    lines.append(" & ".join(latex(header) for header in view.headers) + r" \\")
    for block in view.blocks:
        lines.append(r"\midrule")
        if block.title:
            lines.append(_multicolumn(columns, "l", rf"\textit{{{latex(block.title)}}}") + r" \\")
        lines += [" & ".join(latex(cell) for cell in row) + r" \\" for row in block.rows]
    return [*lines, r"\bottomrule", r"\end{tabular}}"]


_HEADING_LETTERS = 44
_BREAK = r",\\"


def _narrow(group: Group) -> str:
    """A group's title broken at its commas, so that it does not widen its columns."""
    lines: list[str] = []
    for part in group.title.split(", "):
        if lines and len(lines[-1]) + len(part) < _HEADING_LETTERS:
            lines[-1] += f", {part}"
        else:
            lines.append(part)
    if len(lines) < 2:
        return latex(group.title)
    return rf"\shortstack{{{_BREAK.join(map(latex, lines))}}}"


def _multicolumn(span: int, alignment: str, content: str) -> str:
    return rf"\multicolumn{{{span}}}{{{alignment}}}{{{content}}}"


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{",
    "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': "''", "\N{EN DASH}": "--",
    "\N{PLUS-MINUS SIGN}": r"$\pm$",
    "\N{MULTIPLICATION SIGN}": r"$\times$", "\N{DAGGER}": r"\dag{}",
    "\N{NO-BREAK SPACE}": "~", "\n": " ",
}  # fmt: skip


def latex(text: str) -> str:
    """Escape a text for LaTeX. Characters beyond Latin-1, which pdflatex may lack, become a question mark."""
    return "".join(_LATEX.get(letter, letter if ord(letter) < 0x100 else "?") for letter in text)


def _markdown(text: str) -> str:
    text = text.replace("\n", " ").replace("<", "&lt;").replace("|", "\\|")
    return text.replace("*", "\\*").replace("`", "\\`")


def markdown_document(title: str, views: Sequence[TableView], notes: Sequence[tuple[str, str]]) -> str:
    """The tables and the notes as one page."""
    lines = [f"# {_markdown(title)}", ""]
    body = "\n".join(to_markdown(view, heading=view.title != title) for view in views)
    if notes:
        body += "\n## Notes\n\n" + "".join(
            f"- **{_markdown(name)}:** {_markdown(text)}\n" for name, text in notes
        )
    return "\n".join([*lines, body])


def latex_document(title: str, views: Sequence[TableView], notes: Sequence[tuple[str, str]]) -> str:
    r"""The tables and notes as a fragment for ``\input``."""
    lines = [f"% {title.encode('ascii', 'replace').decode()}", r"% Needs \usepackage{booktabs,graphicx}"]
    body = [to_latex(view) for view in views]
    if notes:
        body += [r"\begin{description}"]
        body += [rf"\item[{latex(name)}] {latex(text)}" for name, text in notes]
        body += [r"\end{description}", ""]
    return "\n".join([*lines, *body])
