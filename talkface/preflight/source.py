"""Which code and which corpus an experiment is made from, for the record."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from talkface.config import Config

REPOSITORY = Path(__file__).resolve().parents[2]
_CODE = ("talkface", "workflow_scripts", "rules")
_HASH = re.compile(r"[0-9a-f]{40,64}")


def git_commit(repository: Path) -> str | None:
    """The commit that is checked out, read from ``.git`` without the program; None outside a repository.

    It does not tell whether files were edited since: the hash of the code does.
    """
    git = repository / ".git"
    try:
        if git.is_file():  # a worktree: "gitdir: /path"
            git = (repository / git.read_text("utf-8").removeprefix("gitdir:").strip()).resolve()
        head = (git / "HEAD").read_text("utf-8").strip()
        if _HASH.fullmatch(head):
            return head
        name = head.removeprefix("ref:").strip()
        shared = git / "commondir"
        common = (git / shared.read_text("utf-8").strip()).resolve() if shared.is_file() else git
        if (common / name).is_file():
            return (common / name).read_text("utf-8").strip()
        packed = (common / "packed-refs").read_text("utf-8")
        found = re.search(rf"^({_HASH.pattern}) {re.escape(name)}$", packed, flags=re.MULTILINE)
        return found[1] if found else None
    except OSError:
        return None


def code_sha256(repository: Path) -> str:
    """Hash every file of the package, the scripts and the rules: edits since the commit show here."""
    digest = hashlib.sha256()
    for part in _CODE:
        for path in sorted((repository / part).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.relative_to(repository).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def source_of(config: Config, repository: Path = REPOSITORY) -> dict[str, Any]:
    """Commit, hash of the code, and the configuration with its hash."""
    return {
        "commit": git_commit(repository),
        "code_sha256": code_sha256(repository),
        "config_sha256": hashlib.sha256(config.model_dump_json().encode()).hexdigest(),
        "config": config.model_dump(mode="json"),
    }
