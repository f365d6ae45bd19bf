import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talkface.artifacts.schemas import AUS, BY_NAME, CHECKS, CLIPS, FACTS, HISTORY, LATENTS, SCORES
from talkface.artifacts.tables import (
    ClipTable,
    TableError,
    TableWriter,
    read_frame,
    read_metadata,
    read_table,
    write_table,
)

ROWS = [
    {"samples": 10, "name": "loss", "value": 0.5},
    {"samples": 20, "name": "loss", "value": 0.25},
]


def latents(clip: str, frames: int) -> list[dict]:
    return [{"clip": clip, "frame": frame, "latent": bytes([frame])} for frame in range(frames)]


@pytest.mark.parametrize(
    "rows", [ROWS, pd.DataFrame(ROWS), pa.Table.from_pylist(ROWS)], ids=["dicts", "frame", "arrow"]
)
def test_what_is_written_is_read(tmp_path, rows):
    path = tmp_path / "deep" / "history.parquet"
    write_table(path, HISTORY, rows, {"stage": "renderer"})
    assert read_table(path, HISTORY).to_pylist() == ROWS
    assert read_frame(path, HISTORY)["value"].tolist() == [0.5, 0.25]
    metadata = read_metadata(path)
    assert (metadata["schema"], metadata["version"], metadata["stage"]) == ("history", 1, "renderer")


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2**40), st.text(max_size=8), st.floats(allow_nan=False)),
        unique_by=lambda r: r[:2],
    )
)
def test_any_rows_survive(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("t") / "h.parquet"
    content = [{"samples": a, "name": b, "value": c} for a, b, c in rows]
    write_table(path, HISTORY, content)
    assert read_table(path, HISTORY).to_pylist() == content


@pytest.mark.parametrize("schema", BY_NAME.values(), ids=lambda schema: schema.name)
def test_empty_tables_are_valid(tmp_path, schema):
    path = tmp_path / "empty.parquet"
    write_table(path, schema, [])
    table = read_table(path, schema)
    assert table.num_rows == 0 and table.schema.equals(schema.columns)
    assert set(schema.key) <= set(schema.columns.names)


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([{"samples": 1, "nam": "x", "value": 1.0}], "nam"),
        ([{"samples": 1, "name": "x"}], "value"),
        ([{"samples": 1, "name": None, "value": 1.0}], "name"),
        ([{"samples": "one", "name": "x", "value": 1.0}], "samples"),
        (
            [{"samples": 1, "name": "x", "value": 1.0}, {"samples": 1, "name": "x", "value": 2.0}],
            "share the key",
        ),
        ([{"samples": 1, "name": "x", "value": 1.0}, {"name": "y", "samples": 2}], "differ in their columns"),
    ],
    ids=["misspelt", "missing", "null", "type", "key", "ragged"],
)
def test_faulty_rows_are_refused_and_leave_nothing(tmp_path, rows, named):
    path = tmp_path / "history.parquet"
    with pytest.raises(TableError, match=named) as caught:
        write_table(path, HISTORY, rows)
    assert "history" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_faulty_frames_are_refused_too(tmp_path):
    with pytest.raises(TableError, match="valu"):
        write_table(tmp_path / "h.parquet", HISTORY, pd.DataFrame(ROWS).rename(columns={"value": "valu"}))


def test_nulls_within_vectors_are_refused(tmp_path):
    row = {
        "clip": "s1/a", "frame": 0, "raw": [0.0, 1.0, None, 0.0, 0.0], "normalised": [0.0] * 5,
        "presence": [True] * 5, "detected": True,
    }  # fmt: skip
    with pytest.raises(TableError, match="raw"):
        write_table(tmp_path / "aus.parquet", AUS, [row])


def test_only_scores_and_facts_may_be_undefined(tmp_path):
    row = {
        "clip": "s1/a",
        "speaker": "s1",
        "subset": "seen_test",
        "metric": "au10_f1",
        "value": None,
        "weight": 0.0,
    }
    write_table(tmp_path / "scores.parquet", SCORES, [row])
    assert read_table(tmp_path / "scores.parquet", SCORES).to_pylist() == [row]
    nullable = {(s.name, f.name) for s in BY_NAME.values() for f in s.columns if f.nullable}
    # a film without sound has no correlation with that of its clip
    undefined = {("scores", "value"), ("film_checks", "correlation")}
    assert nullable == undefined | {("checks", fact) for fact in FACTS}


def test_an_exception_keeps_the_old_table(tmp_path):
    path = tmp_path / "latents.parquet"
    write_table(path, LATENTS, latents("s1/a", 2))
    with pytest.raises(RuntimeError), TableWriter(path, LATENTS) as writer:
        writer.write(latents("s1/b", 3))
        raise RuntimeError
    assert ClipTable(path, LATENTS).clips == ["s1/a"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["latents.parquet"]


def test_clips_are_read_apart(tmp_path):
    path = tmp_path / "latents.parquet"
    with TableWriter(path, LATENTS) as writer:
        for clip, frames in (("s1/b", 3), ("s1/a", 2), ("s1/none", 0)):
            writer.write(latents(clip, frames))
    table = ClipTable(path, LATENTS)
    assert table.clips == ["s1/b", "s1/a"]
    assert "s1/a" in table and "s1/none" not in table
    assert table.read("s1/a")["latent"].to_pylist() == [b"\0", b"\1"]
    assert table.read("s1/b", ["frame"]).column_names == ["frame"]
    assert [(clip, rows.num_rows) for clip, rows in table] == [("s1/b", 3), ("s1/a", 2)]
    with pytest.raises(TableError, match="s9/z"):
        table.read("s9/z")


def test_a_group_that_mixes_clips_is_refused(tmp_path):
    path = tmp_path / "latents.parquet"
    write_table(path, LATENTS, latents("s1/a", 2) + latents("s1/b", 2))
    with pytest.raises(TableError, match="mixes clips"):
        ClipTable(path, LATENTS)


def test_foreign_files_are_refused_by_name(tmp_path):
    text, foreign, other, cut = (tmp_path / f"{name}.parquet" for name in ("text", "foreign", "other", "cut"))
    text.write_text("not a table")
    pq.write_table(pa.table({"a": [1]}), foreign)
    write_table(other, CLIPS, [])
    write_table(cut, HISTORY, ROWS)
    cut.write_bytes(cut.read_bytes()[:-20])
    for path in (text, foreign, other, cut, tmp_path / "absent.parquet"):
        with pytest.raises(TableError, match=path.name):
            read_table(path, HISTORY)


def test_another_version_or_changed_columns_are_refused(tmp_path):
    path = tmp_path / "history.parquet"
    write_table(path, HISTORY, ROWS)
    table = pq.read_table(path)
    content = json.loads(table.schema.metadata[b"talkface"]) | {"version": 2}
    pq.write_table(table.replace_schema_metadata({b"talkface": json.dumps(content).encode()}), path)
    with pytest.raises(TableError, match="version 2"):
        read_table(path, HISTORY)
    narrowed = table.cast(
        pa.schema([("samples", pa.int32()), ("name", pa.string()), ("value", pa.float64())])
    )
    pq.write_table(narrowed.replace_schema_metadata(table.schema.metadata), path)
    with pytest.raises(TableError, match="columns"):
        read_table(path, HISTORY)


def test_numpy_values_are_welcome(tmp_path):
    row = {
        "clip": "s1/a", "frame": np.int32(3), "raw": np.ones(5, np.float32),
        "normalised": np.zeros(5, np.float32), "presence": np.array([True] * 5),
        "detected": np.bool_(True),
    }  # fmt: skip
    write_table(tmp_path / "aus.parquet", AUS, [row])
    assert read_table(tmp_path / "aus.parquet", AUS).to_pylist()[0]["raw"] == [1.0] * 5
    assert CHECKS.key == ("clip",)
