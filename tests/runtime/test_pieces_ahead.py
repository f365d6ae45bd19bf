"""Pieces made ahead of their use: the same ones, in order, no more than one waiting."""

import threading
from contextlib import closing

import pytest

from talkface.runtime.ahead import ahead


def test_the_same_pieces_in_order():
    assert list(ahead(iter(range(5)))) == [0, 1, 2, 3, 4]
    assert list(ahead(iter([]))) == []


def test_the_next_piece_is_made_while_one_is_used():
    made, second_is_made = [], threading.Event()

    def pieces():
        for number in range(4):
            made.append((number, threading.current_thread()))
            if number == 1:
                second_is_made.set()
            yield number

    with closing(ahead(pieces())) as coming:
        assert next(coming) == 0
        assert second_is_made.wait(10), "nobody asked for it yet"
    assert [number for number, _ in made] == [0, 1], "no more than one waits, and closing makes no others"
    assert {thread for _, thread in made} != {threading.main_thread()} and len({t for _, t in made}) == 1


def test_an_error_comes_where_its_piece_would():
    def pieces():
        yield 1
        raise ValueError("spoilt")

    coming = ahead(pieces())
    assert next(coming) == 1
    with pytest.raises(ValueError, match="spoilt"):
        next(coming)
