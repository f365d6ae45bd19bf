"""Every artifact says which tools made it; an experiment that mixes versions is told so."""

from pathlib import Path

from configurations import SPEAKERS, configured
from drawn_tables import write_tables

from talkface.artifacts.headers import versions_of
from talkface.artifacts.schemas import HISTORY
from talkface.artifacts.tables import write_table
from talkface.artifacts.weights import save_model
from talkface.jobs.check_setup import check_setup
from talkface.models.au_classifier import AuClassifier
from talkface.provenance.differences import artifacts_below, differing, used
from talkface.provenance.versions import present


def test_tables_and_weights_carry_the_tools_that_made_them(tmp_path):
    paths = [path for several in write_tables(tmp_path).values() for path in several]
    save_model(tmp_path / "model.safetensors", AuClassifier(width=8, crop_size=32), {})
    assert artifacts_below(tmp_path) == sorted([*paths, tmp_path / "model.safetensors"])
    for path in artifacts_below(tmp_path):
        assert versions_of(path) == present()
    assert set(present()) == {"python", "torch", "numpy", "mediapipe", "ffmpeg"}
    assert "none" not in present().values()


def test_other_files_carry_none(tmp_path):
    for name in ("cut.parquet", "cut.safetensors", "table.csv"):
        (tmp_path / name).write_bytes(b"PAR1 and no more")
        assert versions_of(tmp_path / name) == {}


def test_mixed_versions_are_counted():
    found = {"ffmpeg": {"7.1": 3, "8.0": 1}, "torch": {"2.13.0": 4}}
    assert differing(found) == ["ffmpeg: of the artifacts 7.1 made 3, 8.0 made 1"]
    now = {"ffmpeg": "8.0", "torch": "2.14.0"}
    assert differing(found, now) == [
        "ffmpeg: of the artifacts 7.1 made 3, 8.0 made 1",
        "torch: of the artifacts 2.13.0 made 4, 2.14.0 is here now",
    ]


def test_the_check_of_the_set_up_says_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results = Path("results/demo/demo")
    write_table(results / "train/a/history.parquet", HISTORY, [], {"versions": {"numpy": "1.26.4"}})
    assert used(artifacts_below(results)) == {"numpy": {"1.26.4": 1}}
    text = check_setup(config=configured(), shards={name: [name] for name in SPEAKERS}, results=results)
    assert f"numpy: of the artifacts 1.26.4 made 1, {present()['numpy']} is here now" in text
    assert "nothing reruns because of it" in text
