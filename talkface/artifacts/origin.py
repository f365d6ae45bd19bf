"""What an artifact was made from: content hashes of its inputs, stored in its header and checked later.

Tables and weights store ``data``: the hash of every input, by its path within the experiment. The rule
``verify`` computes the hashes again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

_WHOLE = 64 << 20
_PROBES = 64
_PROBE = 64 << 10


def hash_files(*paths: Path) -> str:
    """A hash of the files' content, in their order.

    Files above 64 MiB are hashed by their size, 64 evenly spaced pieces and their end: a Parquet footer holds
    every column piece's compressed size and statistics, so an edit shows there, and a corpus of 50 GB is not
    read for it.
    """
    digest = hashlib.sha256()
    for path in paths:
        size = path.stat().st_size
        digest.update(size.to_bytes(8, "little"))
        with path.open("rb") as file:
            if size <= _WHOLE:
                digest.update(file.read())
                continue
            for probe in range(_PROBES):
                file.seek(probe * (size // _PROBES))
                digest.update(file.read(_PROBE))
            file.seek(size - _WHOLE // 4)
            digest.update(file.read())
    return digest.hexdigest()


def data_hashes(inputs: Iterable[Path | None], output: Path) -> dict[str, str]:
    """The inputs' content by their path within the experiment of ``output``: ``features/s1/mel.parquet``.

    The experiment is ``results/{experiment}/{corpus}``; an input from elsewhere goes by its last two names.
    Inputs that are None are left out.
    """
    experiment = experiment_of(output)

    def name(path: Path) -> str:
        if experiment is not None and path.is_relative_to(experiment):
            return path.relative_to(experiment).as_posix()
        return f"{path.parent.name}/{path.name}"

    return {name(path): hash_files(path) for path in inputs if path is not None}


def experiment_of(artifact: Path) -> Path | None:
    """The folder ``results/{experiment}/{corpus}`` that an artifact lies in, or None."""
    for folder in artifact.parents:
        if folder.parent.parent.name == "results":
            return folder
    return None
