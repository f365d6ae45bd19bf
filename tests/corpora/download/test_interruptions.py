"""A download that is killed, and a disk that is full."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from download.fetching import NAMES, S1, fetch, partials, receipt_of, refused, visible
from download.record_server import Fault, speaker_zip, zipped


def started(server, root) -> subprocess.Popen:
    code = (
        "from pathlib import Path; import sys; from talkface.config import Corpus, Download;"
        "from talkface.jobs.download_archive import download_archive as d;"
        "root = Path(sys.argv[2]);"
        "d(corpus=Corpus(root=root, download=Download(record=sys.argv[1], archives=['s1.zip'])),"
        "  archive='s1.zip', receipt=root / '.receipts/s1.zip.json')"
    )
    return subprocess.Popen([sys.executable, "-c", code, server.record, str(root)])


def killed_when(process: subprocess.Popen, reached) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_a_killed_download_goes_on(server, root):
    server.fail("s1.zip", Fault(pause_s=0.1, forever=True))
    process = started(server, root)
    killed_when(process, lambda: any(path.stat().st_size > 50_000 for path in partials(root)))
    [partial] = partials(root)
    arrived = partial.stat().st_size
    assert visible(root) == [] and 50_000 < arrived < len(server.files["s1.zip"])
    server.fail("s1.zip")
    fetch(server, root)
    assert server.ranges("s1.zip") == [None, f"bytes={arrived}-"] and visible(root) == S1


def test_a_killed_unpacking_leaves_nothing_half(server, root):
    many = [f"u{number:05d}" for number in range(1500)]
    server.files["s1.zip"] = speaker_zip("s1", many, size=3)
    process = started(server, root)
    unpacked = root / ".downloads" / "s1.zip" / "unpacked" / "s1"
    killed_when(process, lambda: unpacked.is_dir() and len(os.listdir(unpacked)) > 20)
    assert len(visible(root)) in (0, 1500), "all or nothing"
    assert not receipt_of(root, "s1.zip").exists()
    fetch(server, root)
    assert len(visible(root)) == 1500 and server.served["s1.zip"] == len(server.files["s1.zip"])


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("known", [True, False], ids=["size known", "size unknown"])
def test_a_full_disk_is_named(server, small_disk, known):
    server.files["s1.zip"] = speaker_zip("s1", NAMES, size=300_000)
    server.description = server.describe()
    if not known:
        del server.description["files"][0]["size"]
    message = refused(server, small_disk)
    assert "full" in message and str(small_disk) in message
    assert (server.served["s1.zip"] == 0) == known


def test_a_disk_too_small_for_what_is_unpacked(server, small_disk):
    server.files["s1.zip"] = zipped({"s1/a.mpg": bytes(1_000_000)})
    assert "make room" in refused(server, small_disk)
    assert visible(small_disk) == []
