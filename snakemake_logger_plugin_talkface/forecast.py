"""How much of a run's work is done, and when it will end.

Each job has a duration beforehand, from measured records of cost (``talkface/preflight/durations.py``). What
this run has measured scales it, by two factors: the machine's speed of late, of trainings and of all other
jobs, and how much more a kind of job takes than the records say, relative to that speed. The end is found by
playing the rest of the run: jobs start when what they need is there and processors are free.
"""

from __future__ import annotations

import heapq
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_BELIEF_S = 20.0
"""So much work of this run has to be measured until it counts as much as the records."""
_FORGOTTEN = 0.25
"""A measurement counts half after this share of the run so far: a machine's other work comes and goes."""
_LEAST_HALF_LIFE_S = 60.0
_SHRINKAGE = 0.5
"""So many jobs of a kind count as much as what is known of the kinds around it."""
_LEAST_REST = 0.05
"""A job that takes longer than expected is expected to take this share of its time again."""
_UNLIMITED = 1 << 30


@dataclass
class Planned:
    """One job of the plan."""

    id: int
    rule: str
    kind: str
    seconds: float
    """Expected beforehand."""
    threads: int = 1
    gpu: int = 0
    """Hundredths of a card."""
    needs: tuple[int, ...] = ()


@dataclass
class Running:
    """A job that has started, and what its log says of the time that is left."""

    began: float
    left_s: float | None = None
    share: float = 0.0
    """Of it that is done, by its log."""
    told: float = 0.0
    """When its log said so."""


@dataclass
class _Speed:
    """Actual over expected seconds of all jobs, the later ones counting more."""

    expected: float = _BELIEF_S
    actual: float = _BELIEF_S
    at: float | None = None
    began: float = 0.0

    def add(self, expected: float, actual: float, now: float) -> None:
        """A job of so many seconds has ended."""
        if self.at is None:
            self.at = self.began = now - actual
        half_life = max(_LEAST_HALF_LIFE_S, _FORGOTTEN * (now - self.began))
        kept = 0.5 ** ((now - self.at) / half_life)
        self.expected, self.actual = kept * self.expected + expected, kept * self.actual + actual
        self.at = now

    @property
    def factor(self) -> float:
        return self.actual / self.expected


@dataclass
class _Kind:
    """How much longer than by records and speed the jobs of one kind take."""

    total: float = 0.0
    jobs: float = 0.0

    def factor(self, around: float) -> float:
        return (_SHRINKAGE * around + self.total) / (_SHRINKAGE + self.jobs)


@dataclass
class Forecast:
    """The state of a run, by times of ``time.monotonic``."""

    jobs: dict[int, Planned]
    cores: int = _UNLIMITED
    gpus: int = _UNLIMITED
    running: dict[int, Running] = field(default_factory=dict)
    took: dict[int, float] = field(default_factory=dict)
    """Seconds of each finished job."""
    failed: set[int] = field(default_factory=set)
    _speeds: dict[bool, _Speed] = field(default_factory=lambda: {True: _Speed(), False: _Speed()})
    """Of trainings, whose networks may be of other widths than the records', and of all other jobs."""
    _rules: dict[str, _Kind] = field(default_factory=lambda: defaultdict(_Kind))
    _kinds: dict[tuple[str, str], _Kind] = field(default_factory=lambda: defaultdict(_Kind))

    @classmethod
    def of(cls, jobs: Iterable[Planned], cores: int | None, gpus: int | None) -> Forecast:
        """A run that is about to start."""
        return cls({job.id: job for job in jobs}, cores or _UNLIMITED, _UNLIMITED if gpus is None else gpus)

    def start(self, job: int, now: float) -> None:
        """A job has been handed to a processor, or to a cluster."""
        self.running[job] = Running(now)
        self.failed.discard(job)

    def finish(self, job: int, now: float) -> float:
        """A job has ended well; returns the seconds that it took."""
        began = self.running.pop(job, Running(now)).began
        self.took[job] = took = now - began
        planned = self.jobs.get(job)
        if planned is not None and planned.seconds > 0:
            speed = self._speeds[_trains(planned)]
            speed.add(planned.seconds * self._relative(planned), took, now)
            for kinds in (self._rules[planned.rule], self._kinds[planned.rule, planned.kind]):
                kinds.total += took / planned.seconds / speed.factor
                kinds.jobs += 1
        return took

    def fail(self, job: int) -> None:
        """A job has ended badly, and with it whatever needs it."""
        self.running.pop(job, None)
        self.failed.add(job)

    def expected(self, now: float) -> dict[int, float]:
        """Seconds of every job: as measured, as its log says, or as scaled."""
        speeds = {True: self._speed_of_trainings(), False: self._speeds[False].factor}
        found = {}
        for id, job in self.jobs.items():
            found[id] = self.took.get(id, job.seconds * self._relative(job) * speeds[_trains(job)])
        for id, run in self.running.items():
            if id in found:
                found[id] = self._whole_of(run, found[id], now)
        return found

    def _relative(self, job: Planned) -> float:
        """How much more than by records and speed a job of this kind takes, as far as any has told."""
        of_rule = self._rules[job.rule].factor(1.0) if job.rule in self._rules else 1.0
        of_kind = (job.rule, job.kind)
        return self._kinds[of_kind].factor(of_rule) if of_kind in self._kinds else of_rule

    def _speed_of_trainings(self) -> float:
        """What running ones say counts as much as they have done."""
        expected, actual = self._speeds[True].expected, self._speeds[True].actual
        for id, run in self.running.items():
            if id in self.jobs and run.left_s is not None and run.share > 0:
                expected += run.share * self.jobs[id].seconds
                actual += run.share * (run.told - run.began + run.left_s)
        return actual / expected

    @staticmethod
    def _whole_of(run: Running, expected: float, now: float) -> float:
        gone = now - run.began
        if run.left_s is not None and run.share > 0:
            expected = run.told - run.began + run.left_s
        return max(expected, gone * (1 + _LEAST_REST))

    def share(self, now: float) -> float:
        """How much of the work is done, from 0 to 1: by processor time, not by the number of jobs."""
        expected = self.expected(now)
        done = whole = 0.0
        for id, job in self.jobs.items():
            if id in self.failed:
                continue
            whole += expected[id] * job.threads
            if id in self.took:
                done += expected[id] * job.threads
            elif id in self.running:
                done += min(now - self.running[id].began, expected[id]) * job.threads
        return done / whole if whole else 1.0

    def left(self, now: float) -> float:
        """Seconds until the last job ends."""
        expected = self.expected(now)
        waiting, dependants = self._waiting()
        ends = [
            (max(expected[id] - (now - run.began), 0.0), id)
            for id, run in self.running.items()
            if id in expected
        ]
        heapq.heapify(ends)
        cores, gpus = self.cores, self.gpus
        for _, id in ends:
            cores, gpus = cores - self.jobs[id].threads, gpus - self.jobs[id].gpu
        ready = [id for id, count in waiting.items() if not count]
        clock = 0.0
        while ends or ready:
            held = []
            for id in ready:
                job = self.jobs[id]
                threads = min(job.threads, self.cores)
                if threads <= cores and job.gpu <= gpus:
                    cores, gpus = cores - threads, gpus - job.gpu
                    heapq.heappush(ends, (clock + expected[id], id))
                else:
                    held.append(id)
            ready = held
            if not ends:
                break
            clock, id = heapq.heappop(ends)
            cores, gpus = cores + min(self.jobs[id].threads, self.cores), gpus + self.jobs[id].gpu
            for follower in dependants[id]:
                waiting[follower] -= 1
                if not waiting[follower]:
                    ready.append(follower)
        return clock

    def _waiting(self) -> tuple[dict[int, int], dict[int, list[int]]]:
        """For each job not begun how many others it waits for, and for each of those who waits for it."""
        open_jobs = self.jobs.keys() - self.took.keys() - self.failed
        lost = set(self.failed)
        waiting, dependants = {}, defaultdict(list)
        for id, job in self.jobs.items():
            if id not in open_jobs or id in self.running:
                continue
            before = [other for other in job.needs if other in self.jobs and other not in self.took]
            if any(other in lost for other in before):
                lost.add(id)  # jobs are in the order in which they need one another
                continue
            waiting[id] = len(before)
            for other in before:
                dependants[other].append(id)
        return waiting, dependants


def _trains(job: Planned) -> bool:
    return job.rule.startswith("train_")


def clock_time(left_s: float) -> str:
    """The time of day at which it ends, with the day where that is another one."""
    now, end = time.localtime(), time.localtime(time.time() + left_s)
    same = (now.tm_year, now.tm_yday) == (end.tm_year, end.tm_yday)
    return time.strftime("%H:%M" if same else "%a %d %b %H:%M", end)


def duration(seconds: float) -> str:
    """For people: 4.2 s, 3 min 40 s, 2 h 5 min, 3 days 4 h."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole < 600 else f"{round(whole / 60)} min"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} days {whole % 86400 // 3600} h"


def planned_jobs(plan: Mapping[str, Any]) -> list[Planned]:
    """The jobs of a plan, as the workflow hands it over."""
    return [
        Planned(
            job["id"], job["rule"], _kind(job["wildcards"]), job["seconds"], job["threads"], job["gpu"],
            tuple(job["needs"]),
        )
        for job in plan["jobs"]
    ]  # fmt: skip


def _kind(wildcards: Mapping[str, str]) -> str:
    """What makes jobs of one rule alike in cost: the method and the metric, not the speaker."""
    return "".join(
        str(wildcards.get(name, "")) for name in ("method", "control", "variant", "shown", "metric", "table")
    )
