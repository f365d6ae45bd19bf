"""Files made to do harm, or links that lead nowhere: refused, and nothing outside is touched."""

import os
import stat
import zipfile
from pathlib import Path

import pytest
import torch
from download.record_server import serving, speaker_zip, zipped

from faults import drawn_clips as clips
from faults.observing import run_step, snapshot
from faults.one_speaker import extract
from faults.registry import declare, each
from talkface.config import Corpus, Download
from talkface.corpora import list_speakers
from talkface.jobs.download_archive import download_archive
from talkface.training.pretrained import load_vgg19

REFUSED = "refused whole with one line; nothing unpacked, nothing outside touched"
ROW = "a row with ok = false and its reason; the others as without it"


def link(name: str, to: bytes) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info, to


GOOD = ("s1/a.mpg", b"x")
ARCHIVES = {
    "archive-climbs": (
        "an archive with ../evil.mpg",
        lambda: zipped([GOOD, ("../evil.mpg", b"x")]),
        "outside",
    ),
    "archive-absolute": (
        "an archive with /tmp/evil.mpg",
        lambda: zipped([GOOD, ("/tmp/evil.mpg", b"x")]),
        "outside",
    ),
    "archive-link": (
        "an archive with a symbolic link to /etc/passwd",
        lambda: zipped([GOOD, link("s1/b.mpg", b"/etc/passwd")]),
        "link",
    ),
    "archive-truncated": (
        "an archive is cut short",
        lambda: speaker_zip("s1", ["a", "b"])[:-60],
        "not a zip",
    ),
}
OF_ARCHIVES = declare("Hostile files", *((name, how, REFUSED) for name, (how, *_) in ARCHIVES.items()))
LINKS = {
    "link-to-itself": "a clip is a symbolic link to itself",
    "link-to-nowhere": "a clip is a symbolic link to nothing",
    "pipe": "a clip is a named pipe",
    "folder-loop": "a folder beside the clips is a link to the root above it",
}
OF_LINKS = declare("Hostile files", *((name, how, ROW) for name, how in LINKS.items()))
SPEAKER_LOOP = declare(
    "Hostile files",
    ("speaker-loop", "a speaker's folder is a symbolic link to itself", "no speaker of that name"),
)
PLAYLIST = declare(
    "Hostile files", ("playlist-to-network", "a playlist in a clip's clothes names a web address", ROW)
)
PICKLE = declare(
    "Hostile files",
    ("weights-with-code", "a VGG-19 checkpoint carries a pickle that runs a program", "one line; not run"),
)


@each(OF_ARCHIVES)
def test_archive(fault, tmp_path, outcome):
    _, make, reason = ARCHIVES[fault.name]
    root = tmp_path / "outer" / "grid"
    with serving({"s1.zip": make()}) as server:
        arguments = {
            "corpus": Corpus(
                name="grid", root=root, download=Download(record=server.record, archives=["s1.zip"])
            ),
            "archive": "s1.zip",
            "receipt": root / ".receipts" / "s1.zip.json",
        }
        line = run_step(tmp_path / "log", download_archive, **arguments).line()
        assert reason in line
        assert list(root.rglob("*.mpg")) == [] and not arguments["receipt"].exists()
        assert not [path for path in tmp_path.rglob("*") if path.name in ("evil.mpg", "passwd", "b.mpg")]
        server.files["s1.zip"] = speaker_zip("s1", ["a", "b"])
        server.description = server.describe()
        assert run_step(tmp_path / "log", download_archive, **arguments).status == 0
    assert len(list(root.rglob("*.mpg"))) == 2
    outcome.observed = "exit 1: " + line.replace(f"{root}/", "").replace(server.address, "http://server")
    outcome.after = "with a sound archive: its two clips"


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    """A good clip beside links and a pipe; and the good clip's features without them."""
    root = tmp_path_factory.mktemp("links")
    (root / "x").mkdir()
    clips.plain(root / "x" / "good.mp4", 8)
    alone = extract(root, "x", root / "alone.features")
    (root / "x" / "link-to-itself.mp4").symlink_to(root / "x" / "link-to-itself.mp4")
    (root / "x" / "link-to-nowhere.mp4").symlink_to(root / "nowhere.mp4")
    os.mkfifo(root / "x" / "pipe.mp4")
    (root / "x" / "folder-loop.mp4").symlink_to(root)
    return alone, extract(root, "x", root / "beside.features")


@each(OF_LINKS)
def test_link(fault, linked, outcome):
    alone, found = linked
    assert found.rows("x/good") == alone.rows("x/good") and found.split()["x/good"]["ok"]
    row = found.split().get(f"x/{fault.name}")
    if fault.name == "folder-loop":
        assert row is None
        outcome.observed = "no clip, and not entered"
    else:
        assert (row["ok"], row["reason"]) == (False, "no such file")
        outcome.observed = "ok = false, 'no such file'"
    outcome.after = "without it the other clips' rows are the same"


@each(SPEAKER_LOOP)
def test_speaker_loop(fault, tmp_path, outcome):
    (tmp_path / "s1").mkdir()
    (tmp_path / "s1" / "a.mp4").write_bytes(b"not decoded here")
    (tmp_path / "s2").symlink_to(tmp_path / "s2")
    corpus = Corpus(reader="folder", root=tmp_path)
    assert list_speakers(corpus) == ["s1"]
    (tmp_path / "s2").unlink()
    assert list_speakers(corpus) == ["s1"]
    outcome.observed, outcome.after = "speakers: s1 alone", "speakers: s1 alone"


@each(PLAYLIST)
def test_playlist(fault, tmp_path, outcome):
    (tmp_path / "x").mkdir()
    clips.plain(tmp_path / "x" / "good.mp4", 8)
    alone = extract(tmp_path, "x", tmp_path / "alone.features")
    with serving({"s1.zip": b"x"}) as server:
        hidden = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{server.address}/a.ts\n#EXT-X-ENDLIST\n"
        (tmp_path / "x" / "list.mp4").write_text(hidden)
        (tmp_path / "x" / "script.mp4").write_text(f"ffconcat version 1.0\nfile '{server.address}/a.ts'\n")
        found = extract(tmp_path, "x", tmp_path / "beside.features")
        assert server.asked == [], "no address in a clip is followed"
    assert found.rows("x/good") == alone.rows("x/good")
    rows = [found.split()[f"x/{name}"] for name in ("list", "script")]
    assert not any(row["ok"] for row in rows)
    outcome.observed = f"ok = false, {rows[0]['reason']!r}; the server was not asked"
    outcome.after = "without it the other clips' rows are the same"


class Payload:
    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@each(PICKLE)
def test_pickle(fault, tmp_path, outcome):
    import hashlib

    path, trace = tmp_path / "weights" / "vgg19.pth", tmp_path / "trace"
    path.parent.mkdir()
    torch.save({"features.0.weight": Payload(trace)}, path)
    before = snapshot(path.parent)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    line = run_step(tmp_path / "log", load_vgg19, path=path, sha256=digest).line()
    assert "vgg19.pth: not a file of plain tensors" in line and not trace.exists()
    assert snapshot(path.parent) == before
    torch.load(path, weights_only=False)  # the payload works: it is the loader that stops it
    assert trace.is_dir()
    outcome.observed = "exit 1: " + line.replace(f"{path.parent}/", "").split(", and")[0]
    outcome.after = "not loaded: name another file"
