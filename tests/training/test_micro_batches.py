"""Out of memory: half as many samples at once, the same effective batch, and one line in the log."""

import logging
from pathlib import Path

import pytest
import torch
from resumable_training import TRAINING
from tiny_stages import Stages, curves
from torch import nn

from talkface.artifacts.weights import read_tensors
from talkface.models.denoiser import Denoiser
from talkface.training.batch_part import as_whole
from talkface.training.errors import TrainingError
from talkface.training.micro_batches import halved


@pytest.fixture(scope="module")
def stages(tmp_path_factory) -> Stages:
    return Stages(tmp_path_factory.mktemp("stages"))


def small_memory(monkeypatch, network: type[nn.Module], rows: int) -> None:
    """A device on which the network's forward pass fits ``rows`` rows."""
    forward = network.forward

    def limited(self, batch, *arguments, **keywords):
        if self.training and len(batch) > rows:
            raise torch.OutOfMemoryError(f"no memory for {len(batch)} rows")
        return forward(self, batch, *arguments, **keywords)

    monkeypatch.setattr(network, "forward", limited)


def weights(model: Path) -> dict[str, torch.Tensor]:
    return read_tensors(model)[1]


def assert_same(model: Path, other: Path, rtol: float) -> None:
    torch.testing.assert_close(
        torch.tensor(curves(model).to_numpy()), torch.tensor(curves(other).to_numpy()), rtol=rtol, atol=1e-5
    )
    for name, value in weights(model).items():
        torch.testing.assert_close(
            value, weights(other)[name], rtol=10 * rtol, atol=max(rtol, 1e-4), msg=name
        )


@pytest.fixture(scope="module")
def whole_batches(stages, tmp_path_factory) -> Path:
    return stages.run("au_attention", tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize(
    "fits, halvings, rtol",
    [
        (2, [(4, 2)], 1e-5),
        # convolutions of a single picture round otherwise, and two networks at odds blow the difference up
        pytest.param(1, [(4, 2), (2, 1)], 2e-2, marks=pytest.mark.slow),
    ],
)
def test_out_of_memory_halves_and_learns_the_same(
    stages, whole_batches, tmp_path, monkeypatch, caplog, fits, halvings, rtol
):
    """AU-Attention: a gradient penalty, two networks; nothing in it depends on how the batch is cut."""
    from talkface.models.au_attention import AuGenerator

    small_memory(monkeypatch, AuGenerator, fits)
    with caplog.at_level(logging.WARNING):
        cut = stages.run("au_attention", tmp_path / "cut")
    for at_once, half in halvings:
        line = (
            f"au_attention: out of memory with {at_once} samples at once: continuing with {half} at once, "
            "the effective batch stays 4"
        )
        assert caplog.text.count(line) == 1, "said once, and kept for all steps"
    assert_same(cut, whole_batches, rtol)


@pytest.mark.slow
def test_the_renderer_learns_in_micro_batches_with_their_batch_norm(stages, tmp_path, monkeypatch, caplog):
    whole = stages.run("renderer", tmp_path / "whole")
    small_memory(monkeypatch, Denoiser, 8)
    with caplog.at_level(logging.WARNING):
        cut = stages.run("renderer", tmp_path / "cut")
    assert "with 16 samples at once: continuing with 8 at once, the effective batch stays 16" in caplog.text
    losses = curves(cut)["loss"], curves(whole)["loss"]
    assert all(abs(mine / theirs - 1) < 0.05 for mine, theirs in zip(*losses, strict=True))
    asked = stages.run("renderer", tmp_path / "asked", micro_batch=2)
    assert weights(asked).keys() == weights(cut).keys()
    assert all(torch.equal(value, weights(cut)[name]) for name, value in weights(asked).items())


def test_a_single_item_that_does_not_fit_is_one_clear_line(stages, tmp_path, monkeypatch):
    small_memory(monkeypatch, Denoiser, 3)
    with pytest.raises(
        TrainingError, match=r"renderer: out of memory with a single item \(4 samples\).*device"
    ):
        stages.run("renderer", tmp_path)


def test_halving_ends_at_one():
    assert [halved(count, 8, "tiny") for count in (8, 5, 2)] == [4, 3, 1]
    with pytest.raises(TrainingError, match="single item"):
        halved(1, 8, "tiny")


def test_a_part_meets_the_whole_batchs_dropout():
    drop = nn.Dropout(0.5)
    for x in (torch.ones(6, 4, 5), torch.ones(4, 6, 5).transpose(0, 1), torch.ones(12, 3)):
        torch.manual_seed(3)
        whole = drop(x)
        each, parts = len(x) // 6, []
        for rows in (slice(0, 4), slice(4, 6)):
            torch.manual_seed(3)
            with as_whole(rows, 6):
                parts.append(drop(x[each * rows.start : each * rows.stop]))
        assert torch.equal(torch.cat(parts), whole) and not torch.equal(whole, x)


def test_micro_batches_move_running_statistics_as_far_as_one_batch():
    torch.manual_seed(0)
    x = torch.randn(8, 3, 4, 4)
    whole, cut = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
    whole(x), whole(x)
    for _ in range(2):
        for rows in (slice(0, 4), slice(4, 8)):
            with as_whole(rows, 8):
                cut(x[rows])
    torch.testing.assert_close(cut.running_mean, whole.running_mean, atol=0.01, rtol=0)
    torch.testing.assert_close(cut.running_var, whole.running_var, atol=0.05, rtol=0)


def test_micro_batches_are_no_other_training():
    from talkface.training.fingerprint import complete

    def entries(**changes):
        training = TRAINING.model_copy(update=changes)
        return complete({"config": {"training": training.model_dump(mode="json")}}, training, {}, {})

    assert entries(micro_batch=2) == entries() != entries(batch_size=4)
