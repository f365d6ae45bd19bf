"""Every stage: made longer, a training equals one that was long from the start, TensorBoard or not."""

import logging

import pytest
from tiny_stages import STAGES, Stages

from talkface.artifacts.schemas import HISTORY
from talkface.artifacts.tables import read_table

PICTURES = {
    "autoencoder": {"true", "rebuilt"},
    "frame_renderer": {"true", "made"},
    "warp_renderer": {"true", "made"},
    "photo_renderer": {"true", "rebuilt"},
}

JOINED_BY_A_CRITIC = ("frame_renderer", "warp_renderer")
"""After a share of their samples, here: they start from zero, and say why."""


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    return Stages(tmp_path_factory.mktemp("tables"))


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_longer(stages, stage, tmp_path, caplog):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    section = stages.arguments(stage)
    length = (section.get(stage) or section["renderer"]).training.samples
    whole = stages.run(stage, tmp_path / "whole", samples=length)
    grown = stages.run(stage, tmp_path / "grown", samples=length // 2, tensorboard=True)
    grown.unlink()
    with caplog.at_level(logging.INFO):
        grown = stages.run(stage, tmp_path / "grown", samples=length, tensorboard=True)
    if stage in JOINED_BY_A_CRITIC:
        assert "losses.adversarial_start depends on it" in caplog.text
    else:
        assert f"resuming from {length // 2} samples" in caplog.text
    assert grown.read_bytes() == whole.read_bytes()
    histories = [read_table(model.with_name("history.parquet"), HISTORY) for model in (grown, whole)]
    assert histories[0] == histories[1]
    events = EventAccumulator(str(tmp_path / "grown/work/tensorboard"))
    events.Reload()
    assert set(events.Tags()["images"]) == PICTURES.get(stage, set())
    assert events.Scalars("learning_rate")[-1].step == length
