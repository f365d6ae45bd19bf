"""What is drawn ahead by other processes is what the training itself would have drawn."""

import os

import numpy as np
import pytest
import torch

from talkface.training import seeding
from talkface.training.ahead import draws
from talkface.training.task import Task


class Drawing(Task):
    """Draws numbers for its items, and tells which process did."""

    size, samples_per_item = 11, 2

    def draw(self, indices, rng):
        if 7 in indices and self.fails:
            raise ValueError("item 7 is broken")
        return indices, torch.from_numpy(rng.random(len(indices))), os.getpid()

    def __init__(self, fails=False):
        self.fails = fails


def drawn(steps, loaders, task=None):
    return list(draws(task or Drawing(), 5, 3, steps, loaders=loaders, pinned=False))


def test_other_processes_draw_the_same_in_the_same_order():
    own, ahead = drawn(range(0, 60, 6), 0), drawn(range(0, 60, 6), 2)
    assert {process for *_, process in own} == {os.getpid()}
    assert len({process for *_, process in ahead} - {os.getpid()}) == 2
    for (items, numbers, _), (other_items, other_numbers, _) in zip(own, ahead, strict=True):
        assert items == other_items
        assert torch.equal(numbers, other_numbers)


def test_a_training_that_goes_on_draws_what_it_would_have_drawn():
    whole, rest = drawn(range(0, 60, 6), 0), drawn(range(30, 60, 6), 2)
    assert [items for items, *_ in whole[5:]] == [items for items, *_ in rest]


def test_the_numbers_are_those_of_the_step():
    (items, numbers, _), *_ = drawn(range(12, 18, 6), 0)
    assert np.array_equal(numbers.numpy(), seeding.numpy_generator(5, 12).random(len(items)))


def test_drawing_leaves_the_global_generators_alone():
    seeding.reseed(1)
    expected = torch.rand(3)
    seeding.reseed(1)
    drawn(range(0, 12, 6), 2)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("loaders", [0, 2])
def test_an_error_in_drawing_ends_the_training_with_its_words(loaders):
    with pytest.raises(ValueError, match="item 7 is broken"):
        drawn(range(0, 60, 6), loaders, Drawing(fails=True))
