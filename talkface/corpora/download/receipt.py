"""The receipt of an archive: its job's declared output, which shows that the download is complete."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from talkface.config import Strict


class Receipt(Strict):
    """Every file that was unpacked, and from where it came."""

    version: Literal[1] = 1  # of the layout too: another one unpacks anew
    archive: str
    record: str
    url: str
    md5: str
    speakers: list[str]  # whose clips the transcripts were matched with, in an archive of transcripts
    files: dict[str, int]  # path below the root -> bytes

    def is_intact(self, root: Path) -> bool:
        """Whether every file is still there with its size."""
        return all(_size(root / path) == size for path, size in self.files.items())


def read_receipt(path: Path) -> Receipt | None:
    """The receipt, or None where there is none that this version can read."""
    try:
        return Receipt.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def write_receipt(path: Path, receipt: Receipt) -> None:
    """Write it whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    passing = path.with_name(f".{path.name}.passing")
    passing.write_text(receipt.model_dump_json(indent=1) + "\n", encoding="utf-8")
    passing.replace(path)


def remove_stale(root: Path, before: Receipt, files: dict[str, int]) -> None:
    """Remove what the archive's last unpacking left and the present one put elsewhere; changed files stay."""
    for name, size in before.files.items():
        path = root / name
        if name not in files and _size(path) == size:
            path.unlink()


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None
