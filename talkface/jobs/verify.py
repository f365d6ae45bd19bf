"""Rule ``verify``: are all files of a finished experiment there, readable and up to date, and no others?"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from talkface.artifacts import weights as checkpoint
from talkface.artifacts.headers import inputs_of
from talkface.artifacts.origin import hash_files
from talkface.artifacts.schemas import BY_NAME, TableSchema
from talkface.artifacts.tables import ClipTable, TableError, read_table
from talkface.media.probe import probe
from talkface.provenance.ledger import read_entries
from talkface.runtime.logs import progress

logger = logging.getLogger(__name__)

SCHEMA_OF_FOLDER = {
    "clips": "clips", "truth": "au_truth", "latents": "latents", "identities": "identities",
    "masked_latents": "latents", "first_faces": "identities",
}  # fmt: skip
"""Schemas of tables that are named after a shard."""
SCHEMA_OF_FILE = {"sound_checks": "checks"}
"""Schemas of tables of another name; all others are named after their schema."""


class VerifyError(ValueError):
    """The experiment is not whole; the message lists every problem."""


def verify(
    *, results: Path, expected: Sequence[Path], possible: Sequence[Path] = (), ledger: Path | None = None
) -> str:
    """Open every expected artifact, and of the ``possible`` ones those that are there; find all other files.

    The inputs' hashes that tables and weights carry are computed anew from the files beside them.
    Returns in plain words what was found to be in order, with the entries of ``ledger`` by which the present
    code stands for an earlier one.

    Raises ``VerifyError`` naming each hole, each file that cannot be read as what it should be, each that was
    made from other inputs than those that are there, and each foreign file under ``results``.
    """
    present = _files_below(results)
    wanted = sorted({*expected, *(set(possible) & set(present))})
    problems = [problem for path in progress(wanted, what="artifacts") if (problem := problem_of(path))]
    problems += stale(results, [path for path in wanted if path.is_file()])
    known = set(wanted) | {results / "setup.json", results / "setup.md"}  # of the last check_setup, if any
    problems += [f"foreign: {path}" for path in sorted(present) if path not in known]
    if problems:
        raise VerifyError(
            f"{len(problems)} problems in {results}:\n  " + "\n  ".join(problems) + "\n"
            "Rebuild a missing file by naming it (snakemake --cores N PATH), a stale file with --forcerun "
            "PATH; foreign files do not belong to this configuration: remove them."
        )
    found = (
        f"{results} is complete: all {len(wanted)} files exist and are readable, each was made from the "
        "present version of its inputs, and there are no other files."
    )
    accepted = [f"Accepted as equal: {entry}." for entry in (read_entries(ledger) if ledger else ())]
    text = "\n".join([found, *accepted])
    logger.info("%s", text)
    return text


def problem_of(path: Path) -> str | None:
    """What is wrong with one artifact, or None."""
    if not path.is_file():
        return f"hole: {path}"
    try:
        if path.suffix == ".parquet":
            _read_through(path, schema_of(path))
        elif path.suffix == ".safetensors":
            checkpoint.read_tensors(path)
        elif path.suffix == ".mp4":
            probe(path)
        elif path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        elif path.stat().st_size == 0:
            return f"empty: {path}"
    except TableError as error:
        return f"unreadable: {error}"
    except (OSError, ValueError) as error:
        return f"unreadable: {path}: {error}"
    return None


def stale(results: Path, artifacts: Iterable[Path]) -> list[str]:
    """Artifacts that were made from other content than that of the files now at their inputs' places.

    What cannot be read is left to :func:`problem_of`; inputs that are gone may have been cleared away.
    """
    hashes: dict[Path, str] = {}
    problems = []
    for path in progress(sorted(artifacts), what="inputs compared"):
        for name, recorded in inputs_of(path).items():
            source = results / name
            if source not in hashes and source.is_file():
                hashes[source] = hash_files(source)
            if hashes.get(source, recorded) != recorded:
                problems.append(f"stale: {path}: made from another {source}")
    return problems


def schema_of(path: Path) -> TableSchema:
    """The schema that a table has by its place in the layout; ``TableError`` where none is known."""
    stem = path.name.removesuffix(".parquet").split(".")[-1]
    if "scores" in path.parts:
        return BY_NAME["scores"]
    if "generate" in path.parts and stem != "landmarks":
        return BY_NAME["generated"]
    if path.parent.name == "features" and "train" in path.parts:
        return BY_NAME["au_features"]
    name = SCHEMA_OF_FILE.get(stem, stem)
    if path.parent.parent.name != "features":  # below it, folders are shards
        name = SCHEMA_OF_FOLDER.get(path.parent.name, name)
    schema = BY_NAME.get(name) or _beside_extractor(name)
    if schema is None:
        raise TableError(
            f"{path}: no table is named '{name}' in talkface/artifacts/schemas.py "
            f"or in talkface/features/{name}.py"
        )
    return schema


def _beside_extractor(name: str) -> TableSchema | None:
    """The schema of a feature that is declared beside what computes it."""
    if not name.isidentifier() or find_spec(f"talkface.features.{name}") is None:
        return None
    declared = vars(import_module(f"talkface.features.{name}")).values()
    return next((own for own in declared if isinstance(own, TableSchema) and own.name == name), None)


def _read_through(path: Path, schema: TableSchema) -> None:
    """Read every row, a clip at a time where the table allows it: shards of a large corpus are large."""
    if schema.per_clip_groups:
        for _ in ClipTable(path, schema):
            pass
    else:
        read_table(path, schema)


def _files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if not path.is_dir()]
