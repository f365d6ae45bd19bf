"""The order of training items: every item once an epoch, and a pure function of the position."""

import pytest

from talkface.data.shuffled_stream import ShuffledStream


def test_sampler_covers_every_item_once_an_epoch():
    stream = ShuffledStream(17, seed=3)
    drawn = [index for start in range(0, 51, 4) for index in stream.items(start, 4)][:51]
    epochs = [drawn[begin : begin + 17] for begin in (0, 17, 34)]
    assert all(sorted(epoch) == list(range(17)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_sampler_is_a_pure_function_of_the_position():
    whole = ShuffledStream(10, seed=0).items(0, 95)
    fresh = ShuffledStream(10, seed=0)
    assert [fresh.items(position, 1)[0] for position in (94, 3, 50, 0, 94)] == [
        whole[position] for position in (94, 3, 50, 0, 94)
    ]
    assert fresh.items(7, 25) == whole[7:32]
    assert ShuffledStream(10, seed=1).items(0, 95) != whole


def test_empty_data_is_refused():
    with pytest.raises(ValueError, match="empty"):
        ShuffledStream(0, seed=0)
