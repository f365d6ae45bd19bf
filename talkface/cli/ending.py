"""How the command ends: one line for a mistake, and an exit code that a program can read."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import NoReturn

import typer


class Code(IntEnum):
    """Exit codes (docs/command.md)."""

    DONE = 0
    DEFECT = 1
    USAGE = 2
    FILE = 3
    MODEL = 4
    MACHINE = 5
    INTERRUPTED = 130


MEANINGS = {
    Code.DONE: "done",
    Code.DEFECT: "a defect of talkface: a traceback follows",
    Code.USAGE: "the command line is wrong: an unknown option, a missing argument",
    Code.FILE: "a file cannot be used or written: photo, sound, film, curve, output",
    Code.MODEL: "a bundle or an experiment is missing, was changed, or cannot do what was asked",
    Code.MACHINE: "the machine lacks something: face models, ffmpeg, a GPU, disk",
    Code.INTERRUPTED: "interrupted",
}


@contextmanager
def told() -> Iterator[None]:
    """Run a command: warnings and mistakes become lines, mistakes end it with their code."""
    os.environ.setdefault("GLOG_minloglevel", "2")  # MediaPipe's lines about itself
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    root = logging.getLogger()
    handler = _Lines(logging.WARNING)
    root.addHandler(handler)
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    except BrokenPipeError:  # who read the output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(int(Code.FILE)) from None
    except KeyboardInterrupt:
        fail("interrupted; nothing half-written was left", Code.INTERRUPTED)
    except (ValueError, OSError) as error:
        fail(_text(error), _code(error))
    finally:
        root.removeHandler(handler)
        signal.signal(signal.SIGTERM, before)


def fail(text: str, code: Code) -> NoReturn:
    """One line, and the end."""
    from talkface.cli.progress import say

    say(f"error: {text}")
    raise typer.Exit(int(code))


def _stop(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)  # so that what is half-written is cleared away


def _text(error: Exception) -> str:
    from talkface.artifacts.atomic import complaint_about

    return (complaint_about(error) if isinstance(error, OSError) else None) or str(error)


def _code(error: Exception) -> Code:
    """Which of the codes a mistake has; modules are imported now that they are known to be needed."""
    from talkface.bundles.manifest import BundleError
    from talkface.config import ConfigError
    from talkface.features.bundle import BundleError as FaceModelsError
    from talkface.media.program import NoProgramError

    if isinstance(error, FaceModelsError | NoProgramError):
        return Code.MACHINE
    if isinstance(error, ConfigError):
        return Code.MACHINE if str(error).startswith("compute.") else Code.FILE
    # weights.CheckpointError by its name: its module would bring torch
    if isinstance(error, BundleError) or type(error).__name__ == "CheckpointError":
        return Code.MODEL
    return Code.FILE


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        from talkface.cli.progress import say

        say(f"{record.levelname.lower()}: {record.getMessage()}")
