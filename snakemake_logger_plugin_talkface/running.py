"""A job that is running: what its log tells, and how long it may take."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from snakemake_logger_plugin_talkface.forecast import duration
from snakemake_logger_plugin_talkface.job_logs import JobLog
from snakemake_logger_plugin_talkface.screen import Training
from talkface.runtime.logs import Progress

_RATES_OF = 7
"""Of a training's rate of late: so many lines of its log, a minute."""


@dataclass
class Job:
    """A job that has started."""

    rule: str
    words: str
    made: str
    log: JobLog | None
    began: float
    announced: int = 0
    """How many of its warnings have been shown."""
    seen: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=_RATES_OF))
    """Times and what was done then, the last few."""

    def left(self, told: Progress, now: float) -> float | None:
        """Seconds by the rate since the beginning, which the log tells, and by that of late, half each."""
        if not self.seen or self.seen[-1][1] != told.done:
            self.seen.append((now, told.done))
        (first, before), (last, done) = self.seen[0], self.seen[-1]
        if told.left_s is None or done <= before:
            return told.left_s
        return 0.5 * (told.left_s + (told.total - done) * (last - first) / (done - before))


def is_training(rule: str, what: str) -> bool:
    """Whether the progress that a job's log tells is a training's."""
    return rule.startswith("train_") and what.endswith("samples")


def shown(job: Job, now: float) -> Training:
    """A running job, with its progress where its log tells of any."""
    told = job.log.progress if job.log is not None else None
    if told is None or told.note == "done":
        return Training(job.words, duration(now - job.began))
    note = told.note if is_training(job.rule, told.what) else ""
    return Training(
        job.words, duration(now - job.began), f"{told.done:,.0f} of {told.total:,.0f}", told.rate, note,
        None if told.left_s is None else duration(told.left_s), told.what,
    )  # fmt: skip
