"""What artifacts are made from: hashes of files, by their place in the experiment."""

from pathlib import Path

from talkface.artifacts.origin import data_hashes, hash_files


def test_file_hash_sees_changes_in_small_and_large_files(tmp_path, monkeypatch):
    monkeypatch.setattr("talkface.artifacts.origin._WHOLE", 1 << 16)
    monkeypatch.setattr("talkface.artifacts.origin._PROBE", 64)
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"a" * 1000)
    large.write_bytes(bytes(1 << 20))
    before = hash_files(small), hash_files(large)
    small.write_bytes(b"a" * 999 + b"b")
    content = bytearray(1 << 20)
    content[-10] = 1  # where a Parquet footer lies
    large.write_bytes(content)
    assert hash_files(small) != before[0] and hash_files(large) != before[1]


def test_inputs_go_by_their_place_in_the_experiment(tmp_path):
    """So that a moved or copied experiment, and one that shares a cache, has the same header."""
    named = []
    for place in ("here", "elsewhere/results"):
        results = tmp_path / place / "results" / "demo" / "grid"
        mel, model = results / "features/s1/mel.parquet", results / "train/au/shared/seed-0/model.safetensors"
        weights = tmp_path / place / "weights" / "vgg19.pth"
        for path in (mel, model, weights):
            path.parent.mkdir(parents=True)
            path.write_text(path.name)
        named.append(data_hashes([mel, None, weights], model))
    assert named[0] == named[1]
    assert named[0] == {"features/s1/mel.parquet": hash_files(mel), "weights/vgg19.pth": hash_files(weights)}


def test_an_output_in_no_experiment(tmp_path):
    (tmp_path / "a").write_text("a")
    assert set(data_hashes([tmp_path / "a"], Path("model.safetensors"))) == {f"{tmp_path.name}/a"}
