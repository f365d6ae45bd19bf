"""A recorded run again: what the present code would have forecast, to see whether a change is better."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from snakemake_logger_plugin_talkface.forecast import Forecast, Planned


def replay(entries: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The record with its forecasts made anew, from the same events at the same times.

    Raises:
        ValueError: the record holds no plan with its jobs.
    """
    forecast: Forecast | None = None
    for entry in entries:
        now, what = entry["at_s"], entry["what"]
        if what == "plan" and entry.get("planned"):
            jobs = [Planned(**job | {"needs": tuple(job["needs"])}) for job in entry["planned"]]
            forecast = Forecast.of(jobs, entry["places"], entry["gpus"])
        elif forecast is not None:
            _follow(forecast, entry)
        if what == "forecast" and forecast is not None:
            yield {**entry, "left_s": forecast.left(now)}
        else:
            yield dict(entry)
    if forecast is None:
        raise ValueError("the record holds no plan with its jobs")


def _follow(forecast: Forecast, entry: Mapping[str, Any]) -> None:
    now = entry["at_s"]
    if entry["what"] == "start":
        forecast.start(entry["job"], now)
    elif entry["what"] == "finished":
        forecast.finish(entry["job"], now)
    elif entry["what"] == "failed":
        forecast.fail(entry["job"])
    for told in entry.get("heard", ()):
        if (run := forecast.running.get(told["job"])) is not None:
            run.left_s, run.share, run.told = told["left_s"], told["share"], now
