"""A temporary folder that is too small: one line that names it, what is needed, and TMPDIR."""

import os
import resource
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from configurations import SHARDS, configured
from faults.observing import run_step
from scipy.io import wavfile
from tiny_corpus import CROP, write_truth

from talkface.artifacts.atomic import UnwritableError
from talkface.data.frames import Frames
from talkface.jobs.check_setup import SetupError, check_setup
from talkface.media.audio import SoundFile
from talkface.reporting.files import write_text


@contextmanager
def disk(folder: Path, *options: str):
    """A small file system, which root alone can mount."""
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", ",".join(options), "none", str(folder)]
    if os.geteuid() or not shutil.which("mount") or subprocess.run(words, capture_output=True).returncode:
        pytest.skip("a small file system can be mounted by root alone")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def small(tmp_path, monkeypatch):
    """64 kB for temporary files."""
    with disk(tmp_path / "small", "size=64k") as folder:
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        yield folder


def unnamed() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(bytes(200_000))


def named() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "crops.bin").write_bytes(bytes(200_000))


def spooled() -> None:
    with tempfile.SpooledTemporaryFile(max_size=1000) as file:
        file.write(bytes(200_000))


def assert_told(line: str, folder: Path) -> None:
    assert line.startswith(f"{folder}: no room for temporary files: about 100.0 MB are needed"), line
    assert "set TMPDIR to a folder with more" in line


@pytest.mark.parametrize("write", [unnamed, named, spooled], ids=lambda write: write.__name__)
def test_a_full_temporary_folder_is_named_with_the_remedy(small, tmp_path, write):
    assert_told(run_step(tmp_path / "log", write).line(), small)


def test_the_sound_of_a_clip_does_not_fit(small, tmp_path):
    wavfile.write(tmp_path / "a.wav", 16_000, np.ones(32_000, np.int16))
    assert_told(run_step(tmp_path / "log", SoundFile, path=tmp_path / "a.wav").line(), small)


def test_no_more_files_fit(tmp_path, monkeypatch):
    """Room, but no place for another name."""
    with disk(tmp_path / "small", "size=20m", "nr_inodes=2") as folder:
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        (folder / "one").touch()
        assert_told(run_step(tmp_path / "log", tempfile.mkdtemp).line(), folder)


def test_a_full_disk_of_results_is_not_taken_for_it(tmp_path):
    with disk(tmp_path / "results", "size=64k") as folder:
        line = run_step(tmp_path / "log", write_text, path=folder / "index.html", text="x" * 200_000).line()
    assert line.startswith(f"{folder}/index.html: the disk is full") and "TMPDIR" not in line


def test_results_on_the_disk_of_temporary_files_are_named(small, tmp_path):
    line = run_step(tmp_path / "log", write_text, path=small / "index.html", text="x" * 200_000).line()
    assert line.startswith(f"{small}/index.html: the disk is full")


def test_a_limit_of_the_shell_is_told(tmp_path):
    """``ulimit -f``: Python gets an error in place of the signal."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
        with pytest.raises(UnwritableError, match=r"index\.html: .*ulimit -f"):
            write_text(tmp_path / "index.html", "x" * 200_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", [True, False])
def test_decoded_frames_that_do_not_fit(small, tmp_path, given):
    """They lie in a training's own folder, or with the temporary files."""
    _, _, tables = write_truth(tmp_path / "truth")
    lengths = {"s1/a": 12, "s1/b": 15}
    with pytest.raises(UnwritableError) as caught:
        Frames([tables["s1"]["faces"]], lengths, CROP, scratch=small / "work" if given else None)
    message = str(caught.value)
    place = small / "work" if given else small
    assert message.startswith(f"{place}: the decoded frames, {27 * CROP**2 * 3 / 1e6:.1f} MB, cannot be kept")
    assert "No space left on device" in message and "TALKFACE_SCRATCH_GB=0" in message
    assert ("TMPDIR" in message) != given


def checked(tmp_path: Path, monkeypatch, **changes) -> str:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SetupError) as caught:
        check_setup(config=configured(**changes), shards=SHARDS, results=Path("results/x/y"))
    [_, *lines] = str(caught.value).splitlines()
    [line] = [line.strip() for line in lines if line.strip().startswith("tmp")]
    return line


def test_the_check_before_heavy_jobs_tells_it_first(small, tmp_path, monkeypatch):
    line = checked(tmp_path, monkeypatch)
    assert line.startswith("tmp: 0.1 MB are free") and str(small) in line
    assert line.endswith("make room, or set TMPDIR to a folder with more")


def test_temporary_files_beside_the_results_may_be_moved(tmp_path, monkeypatch):
    with disk(tmp_path / "small", "size=20m") as folder:
        (folder / "tmp").mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(folder / "tmp"))
        monkeypatch.chdir(folder)
        with pytest.raises(SetupError) as caught:
            check_setup(config=configured(), shards=SHARDS, results=Path("results/x/y"))
        monkeypatch.chdir(tmp_path)
    assert "results, work, tmp, corpus: " in str(caught.value)
    assert "or start from a folder on a larger disk, or set TMPDIR to a folder with more" in str(caught.value)


@pytest.mark.parametrize("kind", ["absent", "a file", "used"])
def test_a_tmpdir_that_cannot_be_used_is_noted(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    path = tmp_path / {"absent": "absent", "a file": "file", "used": "folder"}[kind]
    monkeypatch.setenv("TMPDIR", str(path))
    monkeypatch.setattr(tempfile, "tempdir", None)  # so that it is chosen anew
    text = check_setup(config=configured(), shards=SHARDS, results=tmp_path / "results")
    assert (f"TMPDIR: '{path}' cannot be written to, so temporary files go to" in text) == (kind != "used")
