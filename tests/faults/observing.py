"""Looking at what a fault did: the line that a job wrote, what a folder holds, what is the same as before."""

import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from talkface.runtime.logs import log_to


@dataclass(frozen=True)
class Ended:
    """How a rule's step ended: exit status, and the error lines of its log without time and module."""

    status: int
    errors: list[str]
    log: str

    def line(self) -> str:
        """The one clear line."""
        assert self.status != 0, "it did not fail"
        assert len(self.errors) == 1, self.errors
        assert "Traceback" not in self.log.split(" INFO ")[0]
        return self.errors[0]


def run_step(log: Path, step: Callable, **arguments) -> Ended:
    """Run a rule's step the way its script does: under ``log_to``."""
    status = 0
    level = logging.getLogger().level
    try:
        with log_to(log):
            step(**arguments)
    except SystemExit as end:
        status = int(end.code or 0)
    finally:
        logging.getLogger().setLevel(level)
    text = log.read_text(encoding="utf-8")
    return Ended(status, re.findall(r"^[-\d]+ [\d:,]+ ERROR +[\w.]+: (.*)$", text, flags=re.MULTILINE), text)


def content(path: Path) -> str:
    """A file's content as a hash; of a table, rows and metadata, whatever pages they were written in."""
    digest = hashlib.sha256()
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        digest.update(repr(table.schema.names).encode() + repr(table.to_pylist()).encode())
    else:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by relative path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def leftovers(folder: Path) -> list[str]:
    """Temporary files below a folder: names that begin with a dot."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(".*"))


def lost(before: dict[str, bytes], folder: Path, but: tuple[str, ...] = ()) -> list[str]:
    """Files of an earlier snapshot that are gone or changed, those named ``but`` left out."""
    now = snapshot(folder)
    return sorted(name for name, data in before.items() if name not in but and now.get(name) != data)
