"""Rows of clips as arrays that belong to the caller."""

import numpy as np
import pyarrow as pa
import pytest

from talkface.data.rows import halves, vectors


@pytest.mark.parametrize("kind", [pa.list_(pa.float32()), pa.list_(pa.float32(), 2)])
def test_vectors_may_be_written_to_and_leave_the_table_as_it_is(kind):
    """torch warns at every first run of memory that may not be written to."""
    table = pa.table({"normalised": pa.array([[0, 1], [2, 3], [4, 5]], kind)})
    read = vectors(table, "normalised")
    assert read.dtype == np.float32 and read.shape == (3, 2) and read.flags.writeable
    read[:] = -1
    assert table["normalised"].to_pylist() == [[0, 1], [2, 3], [4, 5]]


def test_halves_may_be_written_to():
    table = pa.table({"latent": [np.full(4, row, np.float16).tobytes() for row in range(3)]})
    read = halves(table, "latent", (1, 2, 2))
    assert read.shape == (3, 1, 2, 2)
    read[:] = -1
    assert table["latent"][1].as_py() == np.ones(4, np.float16).tobytes()
