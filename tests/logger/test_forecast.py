"""The forecast of a run: exact where jobs take what was expected, scaled where they do not."""

import time
from dataclasses import asdict

import pytest

from snakemake_logger_plugin_talkface.forecast import Forecast, Planned, duration
from snakemake_logger_plugin_talkface.outlook import Outlook
from snakemake_logger_plugin_talkface.record import Record, judge, read
from snakemake_logger_plugin_talkface.replay import replay
from snakemake_logger_plugin_talkface.screen import Status


def chain(*seconds: float) -> list[Planned]:
    return [
        Planned(place, f"rule{place}", "", each, needs=(place - 1,) if place else ())
        for place, each in enumerate(seconds)
    ]


def play(forecast: Forecast, real: dict[int, float], at: list[float]) -> list[float]:
    """Run the jobs as a scheduler would; returns the seconds that are forecast at the given times."""
    now, ends, told, at = 0.0, dict[int, float](), list[float](), sorted(at)
    while len(forecast.took) < len(forecast.jobs):
        for id, job in forecast.jobs.items():
            free = forecast.cores - sum(forecast.jobs[other].threads for other in ends)
            begun = id in ends or id in forecast.took
            if not begun and job.threads <= free and all(other in forecast.took for other in job.needs):
                forecast.start(id, now)
                ends[id] = now + real[id]
        end = min(ends.values())
        while at and at[0] < end:
            told.append(forecast.left(at.pop(0)))
        now = end
        for id in [id for id, when in ends.items() if when <= now]:
            forecast.finish(id, now)
            del ends[id]
    return told


def test_what_takes_as_long_as_expected_ends_when_forecast():
    jobs = [*chain(10, 20, 30), Planned(3, "beside", "", 45)]
    forecast = Forecast.of(jobs, cores=2, gpus=None)
    assert forecast.left(0.0) == 60
    told = play(forecast, {0: 10, 1: 20, 2: 30, 3: 45}, [0, 15, 30, 50])
    assert told == pytest.approx([60, 45, 30, 10])


def test_on_one_core_jobs_wait_for_one_another():
    assert Forecast.of([Planned(n, "r", "", 5) for n in range(4)], cores=1, gpus=None).left(0.0) == 20


def test_one_gpu_holds_back_what_needs_it():
    jobs = [Planned(n, "r", "", 5, gpu=100) for n in range(4)]
    assert Forecast.of(jobs, cores=8, gpus=100).left(0.0) == 20
    shared = [Planned(n, "r", "", 5, gpu=25) for n in range(8)]
    assert Forecast.of(shared, cores=8, gpus=100).left(0.0) == 10
    assert Forecast.of(jobs, cores=None, gpus=None).left(0.0) == 5


def test_a_slower_machine_scales_all_that_is_left():
    forecast = Forecast.of(chain(*[60.0] * 8), cores=1, gpus=None)
    told = play(forecast, dict.fromkeys(range(8), 180.0), [720.0])
    assert told[0] == pytest.approx(720, rel=0.1)


def test_jobs_of_a_kind_tell_of_one_another():
    """The second kind takes ten times what was expected, the first what was expected."""
    jobs = [Planned(n, "score", "fast" if n % 2 else "slow", 10) for n in range(20)]
    forecast = Forecast.of(jobs, cores=1, gpus=None)
    [told] = play(forecast, {n: 10.0 if n % 2 else 100.0 for n in range(20)}, [1 + 110 * 5])
    assert told == pytest.approx(549, rel=0.1)


def test_a_training_is_expected_to_take_what_its_log_says():
    forecast = Forecast.of([Planned(0, "train_renderer", "ours", 100)], cores=1, gpus=None)
    forecast.start(0, 0.0)
    forecast.running[0].left_s, forecast.running[0].share, forecast.running[0].told = 900.0, 0.1, 100.0
    assert forecast.left(100.0) == pytest.approx(900)
    assert forecast.left(200.0) == pytest.approx(800)
    assert forecast.share(500.0) == pytest.approx(0.5)


def test_a_training_of_other_widths_says_nothing_of_other_jobs():
    jobs = [Planned(0, "train_autoencoder", "", 10), *(Planned(n, "score", "", 10) for n in range(1, 5))]
    forecast = Forecast.of(jobs, cores=1, gpus=None)
    forecast.start(0, 0.0)
    forecast.finish(0, 300.0)
    assert forecast.left(300.0) == pytest.approx(40)


def test_a_job_that_is_late_is_never_over():
    forecast = Forecast.of(chain(10, 10), cores=1, gpus=None)
    forecast.start(0, 0.0)
    assert forecast.left(100.0) > 10


def test_what_needs_a_failed_job_is_no_longer_counted():
    forecast = Forecast.of([*chain(10, 10, 10), Planned(3, "other", "", 7)], cores=1, gpus=None)
    forecast.start(0, 0.0)
    forecast.fail(0)
    assert forecast.left(5.0) == 7


def test_work_is_counted_by_time_and_not_by_jobs():
    forecast = Forecast.of([Planned(0, "short", "", 1), Planned(1, "long", "", 99)], cores=1, gpus=None)
    forecast.start(0, 0.0)
    forecast.finish(0, 1.0)
    assert forecast.share(1.0) == pytest.approx(0.01)


def test_durations_are_said_as_people_say_them():
    said = [duration(seconds) for seconds in (4.24, 59, 61, 754, 7500, 2 * 86400 + 3700)]
    assert said == ["4.2 s", "59 s", "1 min 1 s", "13 min", "2 h 5 min", "2 days 1 h"]


def test_a_record_is_judged_by_what_was_left():
    entries = [{"what": "plan", "at_s": 10}, {"what": "end", "at_s": 110, "well": True}]
    entries += [
        {"what": "forecast", "at_s": at, "left_s": left} for at, left in ((35, 90), (60, 50), (85, 20))
    ]
    assert judge(entries) == [(0.25, 90, 75), (0.5, 50, 50), (0.75, 20, 25)]
    with pytest.raises(ValueError, match="ended well"):
        judge(entries[:1])


def test_a_recorded_run_is_forecast_again_as_it_was(tmp_path):
    """Two trainings and what follows, with what their logs say on the way."""
    clock = Clock()
    record = Record(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "monotonic", clock)
        record._began = clock()
        outlook = Outlook(record, Status())
        jobs = [*chain(100, 30, 20), Planned(3, "train_renderer", "warp", 200)]
        outlook.plan({"jobs": [asdict(job) | {"wildcards": {}} for job in jobs]}, {"cores": 2})
        for job in (0, 3):
            outlook.start(job, clock())
            record.write("start", job=job)
        for _ in range(30):
            clock.now += 6
            outlook.hear(3, 300 - clock.now, clock.now / 300, clock())
            outlook.look(clock())
        outlook.finish(0, clock())
        record.write("finished", job=0)
        clock.now += 6
        outlook.look(clock())
    entries = read(record.path)
    told = [entry["left_s"] for entry in entries if entry["what"] == "forecast"]
    again = [entry["left_s"] for entry in replay(entries) if entry["what"] == "forecast"]
    assert len(told) == 32 and again == pytest.approx(told, abs=0.1)
    with pytest.raises(ValueError, match="no plan"):
        list(replay(entries[1:]))


class Clock:
    """Stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now
