"""What jobs take beforehand: more for more work, and something for every rule."""

import pytest
from conftest import REPOSITORY
from tiny_training import read_config

from talkface.preflight.durations import Amounts, durations_of, seconds_of
from talkface.preflight.estimate import MEASURED
from talkface.preflight.jobs import Job

CONFIG = read_config()
AMOUNTS = Amounts.of(CONFIG, {"s1": ["s1"], "s5": ["s5"]}, {"s1": 12, "s5": 12}, 75)


def seconds(rule: str, **wildcards: str) -> float:
    return seconds_of(CONFIG, Job(rule, wildcards), AMOUNTS)


def test_every_rule_takes_time_and_every_record_has_a_rule():
    rules = {path.stem for path in (REPOSITORY / "workflow_scripts").glob("*.py")}
    assert set(MEASURED["job_seconds"]["rules"]) <= rules
    for rule in rules:
        assert seconds(rule, variant="ours", control="static", metric="lips") > 0


def test_longer_trainings_and_more_frames_take_longer():
    shorter = CONFIG.autoencoder.training.model_copy(update={"samples": 100})
    config = CONFIG.model_copy(
        update={"autoencoder": CONFIG.autoencoder.model_copy(update={"training": shorter})}
    )
    assert seconds("train_autoencoder") > 10 * seconds_of(config, Job("train_autoencoder"), AMOUNTS)
    assert seconds("crop_faces", shard="s1") > seconds("crop_faces", shard="s9")
    assert AMOUNTS.shown == {"s1": 150, "s5": 150}


def test_methods_and_control_rows_differ():
    job, steps = Job("generate_clips", {"variant": "ours", "shard": "s5"}), {"steps": 8}
    several = CONFIG.model_copy(update={"sampler": CONFIG.sampler.model_copy(update=steps)})
    ours, warp = seconds_of(several, job, AMOUNTS), seconds("generate_clips", variant="warp", shard="s5")
    assert ours > 3 * warp
    rows = ("autoencoder", "static")
    rebuilt, copied = (seconds("generate_controls", control=name, shard="s5") for name in rows)
    assert rebuilt > 3 * copied


def test_clips_are_counted_once():
    seconds_of_job = durations_of(CONFIG, {"s1": ["s1"], "s5": ["s5"]})
    assert seconds_of_job("crop_faces", {"shard": "s1"}) == pytest.approx(seconds("crop_faces", shard="s1"))
