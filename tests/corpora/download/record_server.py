"""A local web server that publishes archives the way Zenodo does, and fails on demand."""

import hashlib
import io
import json
import random
import threading
import time
import warnings
import zipfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RECORD = "/api/records/7"
ALIGN = "0 10000 sil\n10000 15000 bin\n15000 74500 sil\n"


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one answer; several are used up one by one, the last one may stay."""

    status: int | None = None  # answer this and nothing else
    cut_after: int | None = None  # close the connection after so many bytes
    stall_after: int | None = None  # fall silent after so many bytes
    ignore_range: bool = False
    wrong_range: bool = False  # answer a range that was not asked for
    extra_length: int = 0  # how much the Content-Length is off
    surplus: int = 0  # bytes beyond the end of the file
    corrupt: int | None = None  # index of a byte that is turned over
    redirect: bool = False
    pause_s: float = 0.0  # between pieces of 16 KB
    forever: bool = False


class RecordServer(ThreadingHTTPServer):
    """``files`` are published under RECORD; ``served`` counts bytes of content, ``asked`` lists requests."""

    daemon_threads = True

    def __init__(self, files: dict[str, bytes]):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.faults = files, {}
        self.served, self.asked = Counter(), []
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.record = self.address + RECORD
        self.description: object = None  # None: the present API's shape
        self.released = threading.Event()

    def fail(self, name: str, *faults: Fault) -> None:
        self.faults[name] = list(faults)

    def next_fault(self, name: str) -> Fault:
        waiting = self.faults.get(name) or [Fault()]
        return waiting[0] if waiting[0].forever or len(waiting) == 0 else waiting.pop(0)

    def ranges(self, name: str) -> list[str | None]:
        """The Range header of each request for a file's content."""
        return [asked for path, asked in self.asked if path.split("/")[-2:] == [name, "content"]]

    def md5(self, name: str) -> str:
        return hashlib.md5(self.files[name]).hexdigest()

    def describe(self) -> object:
        if self.description is not None:
            return self.description
        return {
            "id": 7,
            "files": [
                {
                    "key": name,
                    "size": len(data),
                    "checksum": f"md5:{self.md5(name)}",
                    "links": {"self": f"{self.record}/files/{name}/content"},
                }
                for name, data in self.files.items()
            ],
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RecordServer

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Range")))
        if self.path == RECORD:
            fault = self.server.next_fault("record")
            described = self.server.describe()
            text = described if isinstance(described, bytes) else json.dumps(described).encode()
            self._empty(fault.status) if fault.status else self._give(200, text, len(text))
            return
        name = self.path.split("/")[-2]
        if name not in self.server.files:
            self._empty(404)
            return
        self._content(name, self.server.next_fault(name))

    def _content(self, name: str, fault: Fault) -> None:
        data = self.server.files[name]
        if fault.status or fault.redirect:
            self._empty(fault.status or 302, f"{RECORD}/moved/{name}/content" if fault.redirect else None)
            return
        begin = 0
        asked = self.headers.get("Range")
        if asked and not fault.ignore_range:
            begin = int(asked.removeprefix("bytes=").removesuffix("-")) + (7 if fault.wrong_range else 0)
            if begin >= len(data):
                self._empty(416)
                return
        if fault.corrupt is not None:
            data = data[: fault.corrupt] + bytes([data[fault.corrupt] ^ 1]) + data[fault.corrupt + 1 :]
        body = data[begin:] + bytes(fault.surplus)
        length = len(body) + fault.extra_length
        if fault.extra_length < 0:
            body = body[:length]
        ranged = asked is not None and not fault.ignore_range
        head = {"Content-Range": f"bytes {begin}-{len(data) - 1}/{len(data)}"} if ranged else {}
        self._give(206 if ranged else 200, body, length, head, fault, name)

    def _empty(self, status: int, location: str | None = None) -> None:
        self._give(status, b"", 0, {"Location": location} if location else {})

    def _give(self, status, body, length, head=None, fault=Fault(), name="") -> None:
        self.send_response(status)
        for key, value in ({"Content-Length": str(length)} | (head or {})).items():
            self.send_header(key, value)
        self.end_headers()
        stop = min(x for x in (fault.cut_after, fault.stall_after, len(body)) if x is not None)
        try:
            for start in range(0, stop, 1 << 14):
                piece = body[start : min(start + (1 << 14), stop)]
                self.wfile.write(piece)
                self.server.served[name] += len(piece)
                time.sleep(fault.pause_s)
            if fault.stall_after is not None:
                self.server.released.wait(20)
        except OSError:
            pass  # the other side was killed
        if stop != length:
            self.close_connection = True


@contextmanager
def serving(files: dict[str, bytes]):
    """Run the server in a thread."""
    server = RecordServer(files)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def clip_bytes(seed: int, size: int) -> bytes:
    """Stands for an encoded clip: as incompressible as one."""
    return random.Random(seed).randbytes(size)


def zipped(entries: dict[str, bytes] | list[tuple[str | zipfile.ZipInfo, bytes]]) -> bytes:
    """A zip of these entries."""
    pairs = list(entries.items()) if isinstance(entries, dict) else entries
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two entries of one name are what some tests are about
        for name, data in pairs:
            archive.writestr(name, data)
    return buffer.getvalue()


def speaker_zip(speaker: str, names: list[str], size: int = 100_000, prefix: str = "") -> bytes:
    """An archive of one speaker's clips, as GRID's."""
    return zipped({f"{prefix}{speaker}/{name}.mpg": clip_bytes(i, size) for i, name in enumerate(names)})


def alignments_zip(folders: dict[str, list[str]], prefix: str = "alignments/") -> bytes:
    """An archive of transcripts, as GRID's: folder -> utterances."""
    return zipped(
        {
            f"{prefix}{folder}/{name}.align": ALIGN.encode()
            for folder, names in folders.items()
            for name in names
        }
    )
