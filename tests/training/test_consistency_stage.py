"""Both renderers with a denoiser, tuned for consistency: exact resume, terms, longer trainings."""

import logging

import pytest
from tiny_stages import Stages
from tiny_training import stop_after

from talkface.artifacts.schemas import HISTORY
from talkface.artifacts.tables import read_frame
from talkface.training.tasks.photo_renderer import PhotoRendererTask
from talkface.training.tasks.renderer import RendererTask

TASKS = {"renderer": RendererTask, "photo_renderer": PhotoRendererTask}


class Tuned(Stages):
    """The last half of the training tunes the denoiser."""

    def arguments(self, stage):
        arguments = super().arguments(stage)
        settings = arguments["renderer"].model_dump() | {
            "preconditioned": True,
            "consistency_share": 0.5,
            "consistency_stages": 2,
        }
        return arguments | {"renderer": type(arguments["renderer"]).model_validate(settings)}


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    return Tuned(tmp_path_factory.mktemp("tables"))


@pytest.mark.slow
@pytest.mark.parametrize("stage", TASKS)
def test_an_interrupted_tuning_equals_an_unbroken_one(stages, stage, tmp_path, monkeypatch, caplog):
    whole = stages.run(stage, tmp_path / "whole")
    with monkeypatch.context() as patch:
        stop_after(patch, TASKS[stage], 9)
        with pytest.raises(SystemExit):
            stages.run(stage, tmp_path / "broken")
    with caplog.at_level(logging.INFO):
        broken = stages.run(stage, tmp_path / "broken")
    assert "resuming from 144 samples" in caplog.text
    assert broken.read_bytes() == whole.read_bytes()
    rows = read_frame(whole.with_name("history.parquet"), HISTORY)
    seen = rows[rows.name == "loss/consistency"].samples
    assert seen.min() == 112 and seen.max() == 192  # the first step of the last half ends at 112


@pytest.mark.slow
def test_a_longer_training_begins_anew_once_the_tuning_began(stages, tmp_path, monkeypatch, caplog):
    with monkeypatch.context() as patch:
        stop_after(patch, RendererTask, 9)
        with pytest.raises(SystemExit):
            stages.run("renderer", tmp_path)
    with caplog.at_level(logging.INFO):
        stages.run("renderer", tmp_path, samples=224)
    assert "consistency_share depends on it" in caplog.text
