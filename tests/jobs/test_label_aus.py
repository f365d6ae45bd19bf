"""Rule label_aus: all of a speaker's clips on one scale, and what it refuses."""

import numpy as np
import pytest
from openface_files import openface_line, write_openface

from talkface.artifacts.schemas import AUS, FACES, LANDMARKS
from talkface.artifacts.tables import ClipTable, TableError, TableWriter, read_metadata, read_table
from talkface.config import AuLabels, Faces
from talkface.features.aus import Statistics, geometric
from talkface.jobs.label_aus import label_aus
from talkface.media.images import encode_png


def write_features(folder, clips):
    with (
        TableWriter(folder / "landmarks.parquet", LANDMARKS) as meshes,
        TableWriter(folder / "faces.parquet", FACES) as faces,
    ):
        for clip, points, images, detected in clips:
            shared = [{"clip": clip, "frame": t, "detected": bool(seen)} for t, seen in enumerate(detected)]
            meshes.write([{**row, "points": points[row["frame"]].ravel().tolist()} for row in shared])
            faces.write(
                [{**row, "image": encode_png(images[row["frame"]]), "affine": [1.0] * 6} for row in shared]
            )


def run_step(folder, **settings):
    label_aus(
        landmarks=folder / "landmarks.parquet", faces_table=folder / "faces.parquet", shard="s1",
        aus=AuLabels(**settings), faces=Faces(), aus_table=folder / "aus.parquet",
    )  # fmt: skip
    return folder / "aus.parquet"


def test_the_step_labels_all_clips_on_one_scale(tmp_path, spoken):
    track = spoken[0][0]
    detected = np.ones(19, bool)
    detected[3] = False
    halves = [("s1/a", track.points[:19], track.images[:19], detected), ("s1/b", track.points[19:],
              track.images[19:], track.detected[19:])]  # fmt: skip
    write_features(tmp_path, halves)
    table = run_step(tmp_path, presence_threshold=1.5)
    rows = read_table(table, AUS).to_pandas()
    assert ClipTable(table, AUS).clips == ["s1/a", "s1/b"]
    assert rows["detected"].tolist() == [*detected.tolist(), *track.detected[19:].tolist()]
    normalised, presence = np.stack(rows["normalised"]), np.stack(rows["presence"])
    np.testing.assert_array_equal(presence, normalised >= 1.5)
    assert presence.any() and not presence.all()
    metadata = read_metadata(table)
    assert (metadata["labeller"], metadata["proxy_aus"]) == ("geometric", [])
    statistics = Statistics.from_dict(metadata["statistics"]["s1"])
    np.testing.assert_allclose(geometric.normalise(np.stack(rows["raw"]), statistics), normalised, atol=1e-5)
    np.testing.assert_allclose(np.stack(rows["raw"]), geometric.raw_intensities(track.points), atol=1e-5)


def test_each_speaker_of_a_shard_has_a_scale_of_their_own(tmp_path, spoken):
    first, second = (spoken[place][0] for place in (0, 1))
    clips = [
        (f"{name}/a", track.points, track.images, track.detected)
        for name, track in (("s1", first), ("s2", second))
    ]
    write_features(tmp_path, clips)
    together = read_table(run_step(tmp_path), AUS).to_pandas()
    for clip in clips:
        write_features(tmp_path, [clip])
        alone = read_table(run_step(tmp_path), AUS).to_pandas()
        shared = together[together["clip"] == clip[0]]
        np.testing.assert_array_equal(np.stack(shared["normalised"]), np.stack(alone["normalised"]))


def test_the_step_takes_presence_from_a_labeller_that_decides_it(tmp_path, spoken):
    track = spoken[0][0]
    write_features(tmp_path, [("s1/a", track.points[:5], track.images[:5], track.detected[:5])])
    rows = [openface_line(k + 1, k / 25, present=(k % 2,) * 5) for k in range(5)]
    write_openface(tmp_path / "csv" / "s1" / "a.csv", rows)
    table = read_table(run_step(tmp_path, backend="openface", openface_csv=tmp_path / "csv"), AUS).to_pandas()
    assert [bool(present[0]) for present in table["presence"]] == [False, True, False, True, False]
    np.testing.assert_allclose(table["raw"][0], [0.5, 1, 1.5, 2, 2.5])


def test_a_shard_without_clips_gives_an_empty_table(tmp_path):
    write_features(tmp_path, [])
    assert read_table(run_step(tmp_path), AUS).num_rows == 0


def test_tables_of_different_runs_are_refused(tmp_path, spoken):
    track = spoken[0][0]
    write_features(tmp_path, [("s1/a", track.points[:2], track.images[:2], track.detected[:2])])
    with TableWriter(tmp_path / "faces.parquet", FACES):
        pass
    with pytest.raises(TableError, match="do not hold the same clips"):
        run_step(tmp_path)
