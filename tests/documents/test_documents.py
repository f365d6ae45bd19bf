"""The documents: what they point at is there."""

import re
from pathlib import Path

import pytest
from conftest import REPOSITORY

from talkface.reporting.tables.columns import MEASURES

MARKDOWN = [
    str(path.relative_to(REPOSITORY)) for path in (*REPOSITORY.glob("*.md"), *REPOSITORY.rglob("docs/*.md"))
]
FOLDERS = (
    *("benchmarks", "configs", "docs", "envs", "profiles", "rules", "scripts", "talkface", "tests"),
    "workflow_scripts",
)


@pytest.mark.parametrize(
    "document",
    [
        *("README.md", "docs/architecture.md", "docs/glossary.md", "docs/installation.md"),
        *("docs/measurement.md", "docs/running.md"),
    ],
)
def test_documents_point_at_what_is_there(repository, document):
    text = (repository / document).read_text(encoding="utf-8")
    linked = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if not link.startswith("http")]
    named = re.findall(r"`((?:talkface|configs|rules|docs|envs|scripts)/[\w./-]+)`", text)
    for path in {(repository / document).parent / link for link in linked} | {
        repository / name for name in named
    }:
        assert path.exists() or path.name == "mine.yaml", f"{document} names {path}, which is not there"


def test_documents_name_every_column(repository):
    text = (repository / "docs/measurement.md").read_text(encoding="utf-8")
    for measure in MEASURES:
        words = {"PSNR mouth dB": "PSNR", "SSIM mouth": "SSIM", "AU acc. %": "accuracy"}
        wanted = words.get(measure.header, measure.header.removesuffix(" dB").removesuffix(" %"))
        assert wanted in text, measure.header


def cells(row: str) -> int:
    """How many cells a row of a Markdown table has; an escaped bar parts nothing."""
    return len(re.split(r"(?<!\\)\|", row.strip().strip("|")))


@pytest.mark.parametrize("document", MARKDOWN)
def test_tables_are_whole(repository, document):
    """A head, a rule below it, and as many cells in every row: else the page shows bars, no table."""
    text = re.sub(r"^```.*?^```$", "", (repository / document).read_text("utf-8"), flags=re.M | re.S)
    for table in re.findall(r"(?:^\|.*\n)+", text, re.M):
        rows = table.splitlines()
        assert len(rows) > 2 and re.fullmatch(r"\|(?: *:?-+:? *\|)+", rows[1]), (
            f"{document}: no head:\n{table}"
        )
        for row in rows:
            assert row.endswith("|") and cells(row) == cells(rows[0]), f"{document}: {row}"


def test_only_documents_that_users_have_are_cited(repository):
    """Notes of those who wrote this are no source: say it here, or cite a paper."""
    notes = re.compile(r"\b(?:METHOD|DESIGN|FACE)(?:\.md\b|,? section| \d)|\((?:METHOD|DESIGN)\b")
    named = re.compile(r"\b(?:docs/\w+|[A-Z]{3,})\.md\b")
    texts = {".md", ".py", ".smk", ".yaml", ".txt", ".sh", ".j2", ""}
    files = [*repository.glob("*.md"), *repository.glob("*file"), *repository.glob("*.yaml")]
    files += [path for folder in FOLDERS for path in (repository / folder).rglob("*") if path.is_file()]
    for path in files:
        if path.suffix not in texts or path == Path(__file__).resolve():
            continue
        name, text = path.relative_to(repository), path.read_text(encoding="utf-8")
        assert not notes.search(text), (
            f"{name}: {notes.search(text)[0]!r} is a document that users do not have"
        )
        for document in named.findall(text):
            assert (repository / document).exists(), f"{name} cites {document}, which is not there"
