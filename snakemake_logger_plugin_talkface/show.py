"""The run as it goes: takes Snakemake's events, keeps the forecast, writes the screen.

Three threads meet here: Snakemake's listener brings events, readers bring what jobs write, and a clock
redraws the bar and reads the logs of running jobs. One lock keeps them apart. Nothing that goes wrong here
reaches the run: it is noted in the record.
"""

from __future__ import annotations

import functools
import logging
import os
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec

from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_talkface.ending import closing_lines
from snakemake_logger_plugin_talkface.forecast import duration
from snakemake_logger_plugin_talkface.job_logs import JobLog, split_line
from snakemake_logger_plugin_talkface.messages import is_interrupt, is_of_a_job, is_said_by_us, told
from snakemake_logger_plugin_talkface.outlook import Outlook
from snakemake_logger_plugin_talkface.record import Record
from snakemake_logger_plugin_talkface.running import Job, is_training, shown
from snakemake_logger_plugin_talkface.screen import Screen, Status
from snakemake_logger_plugin_talkface.streams import Streams
from snakemake_logger_plugin_talkface.words import counted, job_words, made_words

Arguments = ParamSpec("Arguments")

_LOGS_EVERY_S = 2.0
_LAST_LINES = 20


def safely(method: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """A run never breaks, nor does its log, because a line could not be shown."""

    @functools.wraps(method)
    def called(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            method(*args, **kwargs)
        except Exception:
            show = args[0]
            assert isinstance(show, Show)
            with suppress(Exception):
                show.record.write("problem", text=traceback.format_exc())

    return called


@dataclass
class _Count:
    done: int = 0
    total: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    """Words and log of each job that failed."""


class Show:
    """The screen of one run."""

    def __init__(self, quiet: set[str], colour: bool, every_s: float):
        self._silent = "all" in quiet
        self._lines = "rules" not in quiet and not self._silent
        self._bar = "progress" not in quiet and not self._silent
        self._every_s = every_s
        self._lock = threading.RLock()
        self._screen = Screen(os.dup(2), colour)
        self.record = Record()
        self._before: list[str] = []
        self._begun = self._ended = self._interrupted = False
        self._began = time.monotonic()
        self._about: dict[str, Any] = {}
        self._resources: dict[str, int] = {}
        self._several_seeds = True
        self._jobs: dict[int, Job] = {}
        self._count = _Count()
        self._told: set[str] = set()
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._streams: Streams | None = None
        self._stop = threading.Event()
        self._clock: threading.Thread | None = None
        self._status = Status()
        self._outlook = Outlook(self.record, self._status)

    # --- events

    @safely
    def take(self, record: logging.LogRecord) -> None:
        """Show what a record of Snakemake's says."""
        with self._lock:
            event = getattr(record, "event", None)
            plan = getattr(record, "talkface_plan", None)
            if plan is not None:
                self._plan(plan)
            elif event is None:
                self._message(record)
            else:
                self._event(event, record)

    def _event(self, event: LogEvent, record: logging.LogRecord) -> None:
        values: dict[str, Any] = record.__dict__
        if event == LogEvent.WORKFLOW_STARTED:
            self._begun, self._before = True, []
        elif event == LogEvent.RESOURCES_INFO:
            for name in ("cores", "nodes"):
                value = values.get(name)
                if value is not None:
                    self._resources[name] = int(value)
            gpus = dict(values.get("provided_resources") or {}).get("gpu_share")
            if gpus is not None:
                self._resources["gpu"] = int(str(getattr(gpus, "value", gpus)))
        elif event == LogEvent.RUN_INFO:
            self._count.total = int(values["stats"].get("total", 0))
            self._start()
        elif event == LogEvent.JOB_INFO:
            self._job_starts(values)
        elif event == LogEvent.JOB_FINISHED:
            self._job_ends(int(values["job_id"]))
        elif event == LogEvent.JOB_ERROR:
            self._job_fails(values)
        elif event == LogEvent.ERROR:
            text = str(record.getMessage())
            if is_of_a_job(text):
                self._last.extend(text.splitlines())
            elif not is_said_by_us(text):
                self._say(text, "error")

    def _message(self, record: logging.LogRecord) -> None:
        heard = told(record)
        if heard is None:
            return
        kind, text = heard
        if kind == "error":
            self._say(text, kind)
        elif kind == "warning":
            self._warn(text)
        elif not self._begun:
            self._before.append(text)
        elif kind == "note":
            self._interrupted |= is_interrupt(text)
            self._say(text.splitlines()[0], kind)

    def _plan(self, plan: Mapping[str, Any]) -> None:
        """What will run: from here on there is a forecast."""
        self._about = {name: value for name, value in plan.items() if name != "jobs"}
        self._about["rules"] = {job["rule"] for job in plan["jobs"]}
        seeds = {job["wildcards"].get("seed") for job in plan["jobs"]} - {None}
        self._several_seeds = len(seeds) > 1
        self._outlook.plan(plan, self._resources)
        left, jobs = self._status.left_s, counted(len(plan["jobs"]), "job")
        where = f" on {counted(self._resources['cores'], 'core')}" if "cores" in self._resources else ""
        self._say(
            f"{self._about.get('experiment', '')} on {self._about.get('corpus', '')}: "
            f"{jobs}{where}, about {duration(left or 0)} by records of earlier runs",
            "title",
        )

    def _start(self) -> None:
        if self._silent or self._streams is not None:
            return
        self._streams = Streams(self._line)
        self._look_ahead(time.monotonic())
        if self._bar:
            self._screen.begin(self._status)
        self._clock = threading.Thread(target=self._tick, name="talkface-clock", daemon=True)
        self._clock.start()

    # --- jobs

    def _job_starts(self, values: Mapping[str, Any]) -> None:
        id, now = int(values["jobid"]), time.monotonic()
        logs = [str(path).split(" (")[0] for path in values.get("log") or []]
        words = job_words(values["rule_name"], values.get("wildcards") or {}, self._several_seeds)
        made = made_words(values.get("output") or [])
        log = JobLog(Path(logs[0])) if logs else None
        self._jobs[id] = Job(values["rule_name"], words, made, log, now)
        self._outlook.start(id, now)
        self.record.write("start", job=id, rule=values["rule_name"], words=words)

    def _job_ends(self, id: int) -> None:
        job, now = self._jobs.pop(id, None), time.monotonic()
        self._count.done += 1
        self._outlook.finish(id, now)
        if job is None:
            return
        self._read_log(job, now, id)
        self.record.write("finished", job=id, rule=job.rule, seconds=round(now - job.began, 2))
        self._look_ahead(now)
        if self._lines and job.made:
            self._screen.finished(job.words, job.made, duration(now - job.began), self._status)

    def _job_fails(self, values: Mapping[str, Any]) -> None:
        id = int(values["jobid"])
        job = self._jobs.pop(id, None)
        self._outlook.fail(id)
        logs = [str(path).split(" (")[0] for path in values.get("log") or []]
        words = job.words if job else job_words(values["rule_name"], {})
        last = next((lines for path in logs if (lines := JobLog(Path(path)).last_words())), [])
        self.record.write("failed", job=id, rule=values["rule_name"], logs=logs)
        if self._interrupted:
            return
        self._count.failed.append((words, logs[0] if logs else ""))
        if not self._silent:
            self._screen.failed(words, logs, last or list(self._last), str(self.record.lines_path))

    # --- what jobs write

    @safely
    def _line(self, number: int, text: str) -> None:
        """A line that a job, or Snakemake itself, wrote to standard output (1) or error (2)."""
        with self._lock:
            if number == 1:
                self._screen.plain(text)
                return
            parts = split_line(text)
            if parts is not None and parts[0] == "WARNING":
                self._warn(parts[1])
            elif text.startswith("Note: "):
                self._warn(text.removeprefix("Note: "))
            self._last.append(text)
            self.record.keep_line(text)

    def _read_log(self, job: Job, now: float, id: int) -> None:
        if job.log is None or not job.log.read_on():
            return
        for text in job.log.warnings[job.announced :]:
            self._warn(text)
        job.announced = len(job.log.warnings)
        progress = job.log.progress
        if progress is not None and is_training(job.rule, progress.what):
            self._outlook.hear(id, job.left(progress, now), progress.share, now)

    def _warn(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._say(text, "warning")

    def _say(self, text: str, kind: str) -> None:
        self.record.write("said", kind=kind, text=text)
        if not self._silent:
            self._screen.say(text, kind)

    # --- the clock

    def _tick(self) -> None:
        last_logs = last_line = time.monotonic()
        while not self._stop.wait(0.5):
            now = time.monotonic()
            if now - last_logs >= _LOGS_EVERY_S:
                last_logs = now
                self._follow(now)
            if not self._screen.live and self._bar and now - last_line >= self._every_s:
                last_line = now
                self._plain_status()

    @safely
    def _follow(self, now: float) -> None:
        with self._lock:
            for id, job in self._jobs.items():
                self._read_log(job, now, id)
            self._look_ahead(now)
            self._status.running = [shown(job, now) for job in self._jobs.values()]

    @safely
    def _plain_status(self) -> None:
        with self._lock:
            trainings = [entry for entry in self._status.running if entry.rate]
            if trainings:
                self._screen.trainings(trainings, self._status)

    def _look_ahead(self, now: float) -> None:
        self._status.done, self._status.total = self._count.done, self._count.total
        self._outlook.look(now)

    # --- the end

    @safely
    def end(self) -> None:
        """Stop all threads, give the screen back, and say how it ended."""
        self._stop.set()
        if self._clock is not None:
            self._clock.join(timeout=5.0)
        with self._lock:
            if self._ended:
                return
            self._ended = True
            self._screen.stop()
        if self._streams is not None:
            self._streams.give_back()
        with self._lock:
            if not self._begun and not self._silent:
                for text in self._before:
                    self._screen.plain(text)
            if self._streams is not None:
                self._close()
            self._screen.close()

    def _close(self) -> None:
        took = time.monotonic() - self._began
        well = self._count.done >= self._count.total and not self._count.failed
        self.record.write("end", well=well, done=self._count.done, total=self._count.total)
        if self._silent or not (self._bar or self._count.failed):
            return  # under `--quiet progress` Snakemake does not say which jobs are done
        if well:
            self._screen.say(f"Done in {duration(took)}: {counted(self._count.total, 'job')}.", "good")
            for part in closing_lines(self._about):
                self._screen.show(part)
        else:
            how = "Interrupted" if self._interrupted else "Not finished"
            self._screen.say(
                f"{how}: {self._count.done} of {self._count.total} jobs are done, after {duration(took)}. "
                "The same command goes on from there.",
                "error",
            )
            for words, log in self._count.failed:
                self._screen.say(f"  failed: {words}" + (f" ({log})" if log else ""), "error")
