"""What is read from the logs of jobs: progress as it is written, warnings, the error that ended a job."""

import logging

import pytest

from snakemake_logger_plugin_talkface.job_logs import JobLog
from snakemake_logger_plugin_talkface.words import job_words, made_words
from talkface.runtime.logs import ProgressMeter, log_to, read_progress


@pytest.mark.parametrize("unit", ["", "B"])
def test_progress_is_read_as_it_was_written(tmp_path, unit):
    path = tmp_path / "job.log"
    with log_to(path):
        meter = ProgressMeter(4_000_000, "renderer samples", every_s=0, unit=unit)
        meter.advance(1_000_000, "loss 0.25")
    log = JobLog(path)
    assert log.read_on() and log.progress is not None
    assert (log.progress.what, log.progress.share, log.progress.note) == (
        "renderer samples",
        0.25,
        "loss 0.25",
    )
    assert log.progress.left_s is not None and log.progress.rate.endswith("/s")
    assert not log.read_on()
    with path.open("a") as file:
        file.write("half a line of talkface.progress: x: 1 of 2 (50 %), 1.0/s")
    assert not log.read_on(), "read when it is whole"
    path.write_text("")  # a further attempt begins the log anew
    assert not log.read_on()


def test_a_line_without_a_total_is_no_progress():
    assert read_progress("2026-01-01 00:00:00,000 INFO    talkface.progress: frames: 3, 1.0/s done") is None


def test_warnings_are_found(tmp_path):
    with log_to(tmp_path / "job.log"):
        logging.getLogger("talkface.x").warning("the mask is uniform")
    log = JobLog(tmp_path / "job.log")
    log.read_on()
    assert log.warnings == ["the mask is uniform"]


def test_the_last_words_are_the_error_without_its_traceback(tmp_path):
    with pytest.raises(SystemExit), log_to(tmp_path / "job.log"):
        logging.getLogger("talkface.x").info("before")
        raise ValueError("clip s1/a: no face\n  look at it")
    assert JobLog(tmp_path / "job.log").last_words() == ["clip s1/a: no face", "  look at it"]
    (tmp_path / "other.log").write_text("".join(f"line {n}\n" for n in range(20)))
    assert JobLog(tmp_path / "other.log").last_words() == [f"line {n}" for n in range(12, 20)]
    assert JobLog(tmp_path / "none.log").last_words() == []


def test_jobs_in_plain_words():
    wildcards = {"experiment": "demo", "corpus": "demo", "speaker": "s1"}
    assert job_words("crop_faces", wildcards) == "crop faces: speaker s1"
    generated = {"variant": "warp", "sound": "_other_sound", "seed": "0", "protocol": "one_shot"}
    assert job_words("generate_clips", generated) == "generate clips: warp_other_sound, seed 0, one shot"
    assert (
        job_words("generate_clips", generated | {"sound": ""}, several_seeds=False)
        == "generate clips: warp, one shot"
    )
    assert job_words("build_report", {}) == "build report"
    assert made_words(["a/x.parquet", "b/y.csv (send to storage)"]) == "x.parquet, y.csv"
    assert made_words([f"{n}.mp4" for n in range(9)]) == "0.mp4, 1.mp4, 2.mp4, 6 more"
