"""Artifacts that are not what was written: the rule that reads one refuses it by name and writes nothing."""

import random
import re
import shutil
from pathlib import Path

import pytest
import torch
from tiny_corpus import tiny_autoencoder

from faults import drawn_clips as clips
from faults.observing import leftovers, lost, run_step, snapshot
from faults.one_speaker import extract
from faults.registry import declare, each
from talkface.artifacts.schemas import AUS, LANDMARKS
from talkface.artifacts.tables import TableError, TableWriter, read_metadata, read_table, write_table
from talkface.config import AuLabels, Compute, Faces
from talkface.jobs.encode_latents import encode_latents
from talkface.jobs.label_aus import label_aus

EXPECTED = "one line with the file and the remedy; nothing written; after removing the file it is remade"
SEVERAL = 60


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def zeroed(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def text(path: Path) -> None:
    path.write_text("<html>quota exceeded</html>\n" * 100)


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 16
    path.write_bytes(content)


def flip_data(path: Path) -> None:
    flip(path, path.stat().st_size // 2)


def flip_footer(path: Path) -> None:
    flip(path, path.stat().st_size - 1000)


def other_schema(path: Path) -> None:
    write_table(path, AUS, [])


def other_version(path: Path) -> None:
    import dataclasses

    later = dataclasses.replace(LANDMARKS, version=LANDMARKS.version + 1)
    write_table(path, later, [])


def pickled(path: Path) -> None:
    class Payload:
        def __reduce__(self):
            return Path.mkdir, (path.with_name("executed"),)

    torch.save({"weights": Payload()}, path)


def foreign_weights(path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"weight": torch.zeros(3)}, path)


TABLES = {
    "table-truncated": ("a Parquet file is cut in half", cut),
    "table-last-byte": ("a Parquet file lacks its last byte", cut_end),
    "table-emptied": ("a Parquet file has 0 bytes", emptied),
    "table-zeroed": ("a Parquet file holds zeros, as after a crash of the machine", zeroed),
    "table-text": ("a web page under a Parquet file's name", text),
    "table-bit-data": ("one bit of a Parquet page is turned", flip_data),
    "table-bit-footer": ("one bit of a Parquet footer is turned", flip_footer),
    "table-other-schema": ("a table of another schema in its place", other_schema),
    "table-other-version": ("a table of a later version of its schema", other_version),
}
WEIGHTS = {
    "weights-truncated": ("a safetensors file is cut in half", cut),
    "weights-emptied": ("a safetensors file has 0 bytes", emptied),
    "weights-zeroed": ("a safetensors file holds zeros", zeroed),
    "weights-text": ("a web page under a safetensors file's name", text),
    "weights-bit": ("one bit of a weight is turned", flip_data),
    "weights-foreign": ("a safetensors file that talkface did not write", foreign_weights),
    "weights-pickle": ("a pickle that carries code under a safetensors file's name", pickled),
}
OF_TABLES = declare("Damaged files", *((name, how, EXPECTED) for name, (how, _) in TABLES.items()))
OF_WEIGHTS = declare("Damaged files", *((name, how, EXPECTED) for name, (how, _) in WEIGHTS.items()))
ANYWHERE = declare(
    "Damaged files",
    (
        "table-bits-anywhere",
        f"one bit turned at {SEVERAL} places of a Parquet file",
        "refused, or the same rows",
    ),
)


@pytest.fixture(scope="module")
def features(tmp_path_factory) -> Path:
    """The features of two drawn clips of one speaker."""
    root = tmp_path_factory.mktemp("features")
    (root / "x").mkdir()
    for name in ("one", "two"):
        clips.plain(root / "x" / f"{name}.mp4")
    return extract(root, "x", root / "features").folder


@pytest.fixture
def speaker(features, tmp_path) -> Path:
    """A copy of them, free to be damaged."""
    return Path(shutil.copytree(features, tmp_path / "x"))


def refused(ended, damaged: Path, folder: Path, before: dict[str, bytes]) -> str:
    """The line, after a look that nothing else happened."""
    line = ended.line()
    assert str(damaged) in line and re.search(r"remove (it|both)|expected|another network", line), line
    assert lost(before, folder) == [] and leftovers(folder) == []
    assert set(snapshot(folder)) == set(before), "nothing written"
    return "exit 1: " + line.replace(f"{damaged.parent}/", "")


@each(OF_TABLES)
def test_table(fault, speaker, tmp_path, outcome):
    landmarks, made = speaker / "landmarks.parquet", tmp_path / "aus.parquet"
    whole = landmarks.read_bytes()
    rewrite(landmarks)
    sound = landmarks.read_bytes()
    TABLES[fault.name][1](landmarks)
    before = snapshot(speaker)
    arguments = {
        "landmarks": landmarks, "faces_table": speaker / "faces.parquet", "shard": "x", "aus": AuLabels(),
        "faces": Faces(), "aus_table": made,
    }  # fmt: skip
    outcome.observed = refused(run_step(tmp_path / "log", label_aus, **arguments), landmarks, speaker, before)
    assert not made.exists() and whole
    landmarks.write_bytes(sound)  # what crop_faces remakes; that it does, the killed jobs show
    assert run_step(tmp_path / "log", label_aus, **arguments).status == 0
    assert read_table(made, AUS) == read_table(speaker / "aus.parquet", AUS)
    outcome.after = "the same labels as undisturbed"


def rewrite(path: Path) -> None:
    """The table anew, clip by clip."""
    from talkface.artifacts.tables import ClipTable

    metadata = {k: v for k, v in read_metadata(path).items() if k not in ("schema", "version", "talkface")}
    table = ClipTable(path, LANDMARKS)
    pieces = [piece for _, piece in table]
    with TableWriter(path, LANDMARKS, metadata) as writer:
        for piece in pieces:
            writer.write(piece)


@each(ANYWHERE)
def test_bits_anywhere(fault, speaker, outcome):
    path = speaker / "landmarks.parquet"
    rewrite(path)
    sound, rows, metadata = path.read_bytes(), read_table(path, LANDMARKS), read_metadata(path)
    places, refusals = random.Random(0), 0
    for number in range(SEVERAL):
        footer = len(sound) - int.from_bytes(sound[-8:-4], "little")
        low, high = (0, footer) if number % 2 else (footer, len(sound))
        path.write_bytes(sound)
        flip(path, places.randrange(low, high))
        try:
            assert read_table(path, LANDMARKS) == rows and read_metadata(path) == metadata
        except TableError as error:
            refusals += 1
            assert str(path) in str(error) and "\n" not in str(error)
    path.write_bytes(sound)
    assert refusals > 0.8 * SEVERAL and read_table(path, LANDMARKS) == rows
    outcome.observed = (
        f"{refusals} refused by name; the others, in statistics that nothing reads, gave the same rows"
    )
    outcome.after = "the same rows"


@each(OF_WEIGHTS)
def test_weights(fault, speaker, tmp_path, outcome):
    (tmp_path / "model").mkdir()
    model = tiny_autoencoder(tmp_path / "model" / "model.safetensors")
    sound = model.read_bytes()
    WEIGHTS[fault.name][1](model)
    before = snapshot(model.parent)
    made = tmp_path / "latents.parquet"
    arguments = {
        "model": model, "faces": speaker / "faces.parquet", "latents": made,
        "compute": Compute(threads=1, device="cpu", precision="float32"),
    }  # fmt: skip
    ended = run_step(tmp_path / "log", encode_latents, **arguments)
    assert ended.line().startswith(str(model))
    assert snapshot(model.parent) == before and not made.exists() and leftovers(tmp_path) == []
    assert not model.with_name("executed").exists(), "the pickle's code never runs"
    outcome.observed = "exit 1: " + ended.line().replace(f"{model.parent}/", "")
    model.write_bytes(sound)
    assert run_step(tmp_path / "log", encode_latents, **arguments).status == 0
    assert made.exists()
    outcome.after = "with the right file the latents are written"
