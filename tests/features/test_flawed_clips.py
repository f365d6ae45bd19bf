"""What becomes of the named flawed clips among the real ones, from raw file to the row of checks."""

import shutil
from pathlib import Path

import pytest

from talkface.artifacts.schemas import CHECKS, CLIPS, FACES, LANDMARKS
from talkface.artifacts.tables import ClipTable, read_table, write_table
from talkface.config import Corpus, Faces, Limits
from talkface.jobs.crop_faces import crop_faces

EXPECTED = {
    # clip: (ok, reason, frames at 25 fps, frames with a face, bridged frames)
    "grid/s1/sgib8n.mpg": (False, "damaged stream", 75, 75, 0),
    "grid/s18/sgwb6a.mpg": (False, "no face", 75, 0, 0),
    "grid/s1/lrae3s.mpg": (True, "", 74, 74, 0),
    "grid/s1/sbbbzp.mpg": (True, "", 74, 74, 0),
    "grid/s1/srwi5a.mpg": (True, "", 74, 74, 0),
    "grid/s1/sran9s.mpg": (
        True,
        "",
        75,
        67,
        8,
    ),  # the first frames lack their key frame: grey but for what moves
    "clips/aa011.mpg": (True, "", 63, 63, 0),  # 30 fps
    "clips/demo1_video.mp4": (True, "", 250, 250, 0),  # 1080 x 1920, small face
}
SILENT = {"grid/s18/sgwb6a.mpg"}

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(scope="module")
def cropped(real_clips, tmp_path_factory):
    """The tables of one run over all flawed clips and one file that is no video at all."""
    root = tmp_path_factory.mktemp("flawed")
    rows = []
    for source in EXPECTED:
        name = Path(source).name
        (root / "x").mkdir(exist_ok=True)
        shutil.copy(real_clips / source, root / "x" / name)
        rows.append(_row(root, name))
    (root / "x" / "text.mpg").write_text("not a video")
    rows += [_row(root, "text.mpg"), {**_row(root, "text.mpg"), "clip": "x/absent", "path": "x/absent.mpg"}]
    write_table(root / "clips.parquet", CLIPS, rows)
    crop_faces(
        corpus=Corpus(root=root), shard="x", clips=root / "clips.parquet", faces=Faces(), limits=Limits(),
        crop_size=112, faces_table=root / "faces.parquet", landmarks_table=root / "landmarks.parquet",
        checks_table=root / "checks.parquet",
    )  # fmt: skip
    return root


def _row(root, name):
    path = root / "x" / name
    return {
        "clip": f"x/{path.stem}", "speaker": "x", "utterance": path.stem, "path": f"x/{name}",
        "size_bytes": path.stat().st_size, "words": [],
    }  # fmt: skip


@pytest.mark.parametrize("source", EXPECTED)
def test_outcome(cropped, source):
    clip = f"x/{Path(source).stem}"
    checks = {row["clip"]: row for row in read_table(cropped / "checks.parquet", CHECKS).to_pylist()}
    row = checks[clip]
    found = (row["ok"], row["reason"], row["num_frames"], row["num_detected"], row["num_bridged"])
    assert found == EXPECTED[source]
    assert row["has_audio"] == (source not in SILENT)
    faces, landmarks = (
        ClipTable(cropped / "faces.parquet", FACES),
        ClipTable(cropped / "landmarks.parquet", LANDMARKS),
    )
    assert (clip in faces, clip in landmarks) == (row["ok"], row["ok"])
    if row["ok"]:
        frames = faces.read(clip, ["frame", "detected"])
        assert frames["frame"].to_pylist() == list(range(row["num_frames"]))
        unclear = round(row["unclear_share"] * row["num_frames"])
        missing = frames["detected"].to_pylist().count(False)
        assert max(unclear, row["num_bridged"]) <= missing <= unclear + row["num_bridged"]
        assert landmarks.read(clip, ["frame"])["frame"].to_pylist() == list(range(row["num_frames"]))


def test_nothing_vanishes_and_nothing_aborts(cropped):
    checks = {row["clip"]: row for row in read_table(cropped / "checks.parquet", CHECKS).to_pylist()}
    assert len(checks) == len(EXPECTED) + 2
    assert not checks["x/text"]["ok"] and checks["x/text"]["reason"]
    assert (checks["x/absent"]["ok"], checks["x/absent"]["reason"]) == (False, "no such file")
    assert ClipTable(cropped / "faces.parquet", FACES).clips == [
        f"x/{Path(source).stem}" for source, (ok, *_) in EXPECTED.items() if ok
    ]
