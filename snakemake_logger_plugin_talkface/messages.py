"""Snakemake's plain messages: which of them the screen of a run has room for."""

from __future__ import annotations

import logging
from typing import Literal

Kind = Literal["error", "warning", "note", "other"]

_SHOWN = (
    "Nothing to be done", "Terminating", "Will exit", "Shutting down", "Trying to restart", "Removing output",
)  # fmt: skip
"""How those begin that are shown while a run goes on."""
_SAID_BY_US = ("Exiting because a job execution failed", "Error in rule", "At least one job did not complete")
"""Errors that the lines about the failed job, and the last line, say already."""
_INTERRUPTED = "Terminating processes on user request"
_OF_A_JOB = ("RuleException", "CalledProcessError")
"""Exceptions that come beside the event of the job that failed."""


def told(record: logging.LogRecord) -> tuple[Kind, str] | None:
    """Kind and text of a message; None for one without content, or that is said elsewhere.

    Of kind "other" are those that only matter where no run follows, such as the list of a dry run.
    """
    text = str(record.getMessage()).strip()
    if not text or text == "None":
        return None
    if record.levelno >= logging.ERROR:
        return None if is_said_by_us(text) else ("error", text)
    if record.levelno >= logging.WARNING:
        return "warning", text
    return ("note" if text.startswith(_SHOWN) else "other"), text


def is_said_by_us(text: str) -> bool:
    """Whether an error tells what the screen says in its own words."""
    return text.removeprefix("WorkflowError:").lstrip().startswith(_SAID_BY_US)


def is_interrupt(text: str) -> bool:
    """Whether a message says that somebody has stopped the run: jobs end badly then, and that is no news."""
    return text.startswith(_INTERRUPTED)


def is_of_a_job(text: str) -> bool:
    """Whether an error is the exception of a job whose failure has an event of its own."""
    return text.startswith(_OF_A_JOB)
