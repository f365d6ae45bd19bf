"""Modules that cannot change a result. A test checks that docs/reruns.md has the same list."""

from __future__ import annotations

NO_BEARING = {
    "talkface": "the version number of a release, and `talkface.load`",
    "talkface.config": "checks of the configuration: its values are parameters of the rules",
    "talkface.runtime": "logs, progress, measured cost, locks, binding of rules to jobs",
    "talkface.features.bundle": "where the face models lie; their SHA-256 is a parameter",
    "talkface.features.fetch_bundle": "fetching the face models",
    "talkface.provenance": "code versions and tool versions",
    "talkface.acceptance": "golden outputs and the ledger of accepted code",
    "talkface.artifacts.origin": "hashes of inputs in an artifact's metadata",
    "talkface.artifacts.headers": "headers of artifacts",
    "talkface.artifacts.atomic": "atomic writing of files",
    "talkface.artifacts.footer": "checksums of tables",
    "talkface.artifacts.tables": "reading and writing tables; their columns (schemas) do count",
    "talkface.metrics.catalogue": "finding metric families: their code and their columns count by themselves",
    "talkface.reporting.files": "writing text files",
    "talkface.media.program": "which ffmpeg is started",
    "talkface.preflight": "checks before a run",
    "talkface.artifacts.weights": "reading and writing weights",
    "talkface.training.curves": "curves and pictures for TensorBoard",
    "talkface.training.errors": "errors that end a training",
    "talkface.training.fingerprint": "whether a training may be resumed",
    "talkface.training.launch": "starting the processes of a training",
    "talkface.training.signals": "signals that end a training",
    "talkface.training.state": "saving and resuming",
}
"""Module or package (with all below it) -> what it does. Whatever is not listed counts."""

_BELOW = tuple(f"{name}." for name in NO_BEARING if "." in name)

SHOWING = frozenset({"talkface.runtime.logs", "talkface.runtime.cost"})
"""Modules whose calls show what happens and change nothing: the calls themselves do not count either."""

RECORDED_ERRORS = frozenset({"MediaError", "FaceError"})
"""Errors whose first argument becomes a clip's reason in a table: that text counts, the rest does not."""


def has_bearing(module: str) -> bool:
    """Whether a module of the package can change what a rule writes."""
    return module not in NO_BEARING and not module.startswith(_BELOW)
