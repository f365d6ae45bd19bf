"""No job outlives its Snakemake.

After ``kill -9`` of snakemake its script child lives on. ``PR_SET_PDEATHSIG`` does not help: the child's
parent is a shell wrapper, and the signal follows the parent's *thread*. So a thread watches every process
between this one and the outermost snakemake, and ends this process when one of them is gone. Processes above
snakemake (a login shell, nohup) may go without harm.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from pathlib import Path

import psutil

logger = logging.getLogger(__name__)

SNAKEMAKE_PID = "TALKFACE_SNAKEMAKE_PID"
"""Environment variable in which rules/common.smk leaves the process id of its snakemake."""
_WATCH_S = 1.0
_GRACE_S = 20.0
_watching = threading.Event()


def die_with_snakemake() -> None:
    """End this process (SIGTERM, and by force if that takes too long) soon after its snakemake is gone.

    The Snakefile leaves its process id in the environment: a snakemake that was killed while this process
    was still importing is no ancestor any more, and this process ends at once (``SystemExit``). Outside of
    snakemake nothing happens. Safe to call more than once.
    """
    ancestors = _up_to_snakemake(psutil.Process())
    if not ancestors and _orphaned():
        logger.warning("the snakemake that started this process is gone: not starting")
        raise SystemExit(1)
    if not ancestors or _watching.is_set():
        return
    _watching.set()
    threading.Thread(target=_watch, args=(ancestors,), name="snakemake-watch", daemon=True).start()


def _orphaned() -> bool:
    """Whether a snakemake started this process and is gone."""
    named = os.environ.get(SNAKEMAKE_PID)
    if named is None:
        return False
    try:
        return not _is_snakemake(psutil.Process(int(named)))
    except psutil.NoSuchProcess:
        return True


def _up_to_snakemake(process: psutil.Process) -> list[psutil.Process]:
    parents = process.parents()
    outermost = max((level for level, parent in enumerate(parents) if _is_snakemake(parent)), default=-1)
    return parents[: outermost + 1]


def _is_snakemake(process: psutil.Process) -> bool:
    try:
        return any(Path(argument).name == "snakemake" for argument in process.cmdline()[:4])
    except psutil.Error:
        return False


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _watch(ancestors: list[psutil.Process]) -> None:
    while all(_alive(process) for process in ancestors):
        time.sleep(_WATCH_S)
    logger.warning("the snakemake that started this process is gone: stopping")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_S)
    os._exit(1)
