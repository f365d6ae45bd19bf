"""Disks that are full or may not be written: a small file system of its own for what is being written."""

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from resumable_training import train

from faults import drawn_clips as clips
from faults.observing import content, leftovers, lost, run_step, snapshot
from faults.registry import declare, each
from talkface.config import Corpus, Faces, Limits
from talkface.jobs.crop_faces import crop_faces
from talkface.jobs.list_clips import list_clips
from talkface.media.video import read_frames, write_video
from talkface.reporting.files import write_text

EXPECTED = "one line that says so; no half file; with room a rerun gives the undisturbed result"
SIZE = 400_000
FAULTS = {
    "full-features": "the disk fills up while crop_faces writes",
    "full-model": "the disk fills up while a training saves its state",
    "full-video": "the disk fills up while a video is encoded",
    "full-report": "the disk fills up while a page is written",
}
FULL = declare("Storage", *((name, f"{how} (tmpfs of 400 kB)", EXPECTED) for name, how in FAULTS.items()))
READ_ONLY = declare("Storage", ("read-only-results", "the results lie on a read-only file system", EXPECTED))


def mount(folder: Path, *options: str) -> None:
    words = ["mount", *options, str(folder)]
    if shutil.which("mount") is None or os.geteuid() or subprocess.run(words, capture_output=True).returncode:
        pytest.skip("a small file system can be mounted by root alone")


@pytest.fixture
def disk(tmp_path):
    """A disk of 400 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount(folder, "-t", "tmpfs", "-o", f"size={SIZE}", "none")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path, leave: int) -> Path:
    """A file that leaves so many bytes free."""
    filler = disk / "filler"
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    filler.write_bytes(bytes(max(free - leave, 0)))
    return filler


def features(root: Path, into: Path) -> dict:
    """The arguments of crop_faces for one clip below ``root``."""
    return {
        "corpus": Corpus(name="c", reader="folder", root=root), "shard": "x",
        "clips": root / "clips.parquet", "faces": Faces(), "limits": Limits(),
        "crop_size": 112,
        "faces_table": into / "faces.parquet",
        "landmarks_table": into / "landmarks.parquet", "checks_table": into / "checks.parquet",
    }  # fmt: skip


def write_features(root: Path, into: Path) -> None:
    crop_faces(**features(root, into))


def write_model(root: Path, into: Path) -> None:
    train(into)


def write_clip(root: Path, into: Path) -> None:
    write_video(into / "a.mp4", read_frames(root / "x" / "a.mp4"), audio=clips.tone(clips.FRAMES / 25))


def write_page(root: Path, into: Path) -> None:
    write_text(into / "index.html", "<p>word</p>\n" * 20_000)


WRITERS = {
    "full-features": write_features, "full-model": write_model, "full-video": write_clip,
    "full-report": write_page,
}  # fmt: skip
LEFT = {"full-features": 40_000, "full-model": 4096, "full-video": 12_000, "full-report": 40_000}


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    root = tmp_path_factory.mktemp("raw")
    (root / "x").mkdir()
    clips.plain(root / "x" / "a.mp4")
    list_clips(
        corpus=Corpus(name="c", reader="folder", root=root), speakers=["x"], clips=root / "clips.parquet"
    )
    return root


@each(FULL)
def test_full(fault, raw, disk, tmp_path, outcome):
    write = WRITERS[fault.name]
    whole = tmp_path / "whole"
    write(raw, whole)
    (disk / "earlier").write_bytes(b"finished before")
    filler = fill(disk, LEFT[fault.name])
    ended = run_step(tmp_path / "log", write, root=raw, into=disk / "out")
    line = ended.line()
    assert "full" in line or os.strerror(errno.ENOSPC) in line, line
    assert str(disk) in line, line
    finished = (
        {path.name for path in (disk / "out").rglob("*") if path.is_file()}
        if (disk / "out").exists()
        else set()
    )
    assert finished <= {"lock", "history.csv"}, "nothing half-written"
    outcome.lost = [] if (disk / "earlier").read_bytes() == b"finished before" else ["earlier"]
    filler.unlink()
    subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
    assert run_step(tmp_path / "log", write, root=raw, into=disk / "out").status == 0
    for path in whole.rglob("*"):
        if path.is_file() and path.name != "lock":
            assert content(path) == content(disk / "out" / path.relative_to(whole)), path.name
    assert leftovers(disk) == []
    outcome.observed = "exit 1: " + line.replace(f"{disk}/", "")
    outcome.after = "with room: the same content as on a large disk"


@each(READ_ONLY)
def test_read_only(fault, raw, disk, tmp_path, outcome):
    (disk / "earlier").write_bytes(b"finished before")
    before = snapshot(disk)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    ended = run_step(tmp_path / "log", write_page, root=raw, into=disk)
    assert str(disk) in ended.line() and "read-only" in ended.line().lower()
    outcome.lost = lost(before, disk)
    assert snapshot(disk) == before
    subprocess.run(["mount", "-o", "remount,rw,size=20m", str(disk)], check=True)
    assert run_step(tmp_path / "log", write_page, root=raw, into=disk).status == 0
    outcome.observed = "exit 1: " + ended.line().replace(f"{disk}/", "")
    outcome.after = "mounted for writing: the page is written"
