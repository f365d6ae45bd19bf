"""Files inside a page, which a link saves: the page stays one file and needs no server."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

_KINDS = {
    ".csv": "text/csv",
    ".tex": "application/x-tex",
    ".md": "text/markdown",
    ".svg": "image/svg+xml",
    ".mp4": "video/mp4",
}
_PLAIN = " !$()*+,-./:;=@[]^_`{|}~?"
"""What stays as it is in a data address; browsers would take a line break out of one."""


@dataclass(frozen=True)
class Download:
    """A link: the name under which the file is saved, its address and its size."""

    name: str
    source: str
    kilobytes: float


def embedded(path: Path) -> str:
    """A file as a data address, so that the page can be copied and mailed as one file.

    SVG is text, so it stays text: the pictures inside are in base64 already.
    """
    kind = _KINDS[path.suffix]
    if path.suffix == ".svg":
        return f"data:{kind},{quote(path.read_text(encoding='utf-8'), safe=_PLAIN)}"
    return _address(kind, path.read_bytes())


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def of_files(paths: Sequence[Path]) -> list[Download]:
    """Links to tables."""
    return [Download(path.name, embedded(path), path.stat().st_size / 1000) for path in paths]


def of_values(name: str, values: Any) -> Download:
    """A link to a JSON file."""
    content = (json.dumps(values, indent=1, ensure_ascii=False, default=str) + "\n").encode()
    return Download(name, _address("application/json", content), len(content) / 1000)
