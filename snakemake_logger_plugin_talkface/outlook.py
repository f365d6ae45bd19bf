"""What is known of the end of a run: its forecast, kept up to date, and noted in the record."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from snakemake_logger_plugin_talkface.forecast import Forecast, planned_jobs
from snakemake_logger_plugin_talkface.record import Record
from snakemake_logger_plugin_talkface.screen import Status

_EVERY_S = 5.0
_RECORDED_JOBS = 2000
"""Plans of more jobs are not recorded: a record stays small, and cannot be replayed then."""


class Outlook:
    """Follows the jobs of a run and tells ``status`` how much work is done and how much time is left.

    Without a plan, which a workflow that is not talkface's does not send, nothing is forecast.
    """

    def __init__(self, record: Record, status: Status):
        self._record, self._status = record, status
        self._forecast: Forecast | None = None
        self._next_at = 0.0
        self._heard: dict[int, dict[str, Any]] = {}

    def plan(self, plan: Mapping[str, Any], resources: Mapping[str, int]) -> None:
        """What will run, and on how many cores, or jobs of a cluster, and GPUs."""
        jobs = planned_jobs(plan)
        places = resources.get("cores") or resources.get("nodes")
        if "cores" not in resources:  # a cluster counts jobs
            for job in jobs:
                job.threads = min(job.threads, 1)
        gpus = resources.get("gpu")
        self._forecast = Forecast.of(jobs, places, gpus)
        self._record.write(
            "plan", jobs=len(jobs), places=places, gpus=gpus, seconds=sum(job.seconds for job in jobs),
            planned=[asdict(job) for job in jobs] if len(jobs) <= _RECORDED_JOBS else None,
        )  # fmt: skip
        self.look(time.monotonic(), force=True)

    def start(self, job: int, now: float) -> None:
        """A job has started."""
        if self._forecast is not None:
            self._forecast.start(job, now)

    def finish(self, job: int, now: float) -> None:
        """A job has ended well."""
        if self._forecast is not None:
            self._forecast.finish(job, now)

    def fail(self, job: int) -> None:
        """A job has ended badly."""
        if self._forecast is not None:
            self._forecast.fail(job)

    def hear(self, job: int, left_s: float | None, share: float, now: float) -> None:
        """What the log of a running training says of it."""
        run = self._forecast.running.get(job) if self._forecast is not None else None
        if run is not None:
            run.left_s, run.share, run.told = left_s, share, now
            self._heard[job] = {"job": job, "left_s": left_s, "share": share}

    def look(self, now: float, force: bool = False) -> None:
        """Work done and time left; seldom where the plan is so large that this takes long."""
        forecast = self._forecast
        if forecast is None or (not force and now < self._next_at):
            return
        share, left_s = forecast.share(now), forecast.left(now)
        self._status.share, self._status.left_s, self._status.at = share, left_s, now
        self._next_at = now + max(_EVERY_S, 50 * (time.monotonic() - now))
        self._record.write(
            "forecast", left_s=round(left_s, 1), share=round(share, 4), heard=list(self._heard.values())
        )
        self._heard.clear()
