"""``talkface serve`` as its users start it: a process of its own, asked over HTTP."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import psutil
import requests
import soundfile
from conftest import REPOSITORY
from PIL import Image
from scipy.signal import lfilter
from skimage import data

HEADERS = {"X-Talkface": "test"}
_START_S, _FILM_S = 120, 240


class PageServer:
    """A server that runs, and what can be asked of it."""

    def __init__(self, process: subprocess.Popen, address: str, temporary: Path):
        self.process, self.address, self.temporary = process, address, temporary

    def ask(self, method, path, **more):
        headers = HEADERS | more.pop("headers", {})
        return requests.request(method, self.address + path, headers=headers, timeout=_FILM_S, **more)

    def send(self, kind, content):
        """Send a photo or a sound; its name."""
        answer = self.ask("POST", f"api/{kind}s", data=content)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def wish(self, photo, sound, **more):
        return self.ask("POST", "api/films", json={"photo": photo, "sound": sound, "consent": True} | more)

    def ended(self, job, seconds=_FILM_S):
        """Wait for a film; what is told of it then."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            told = self.ask("GET", f"api/films/{job}").json()
            if told["state"] not in ("waiting", "working"):
                return told
            time.sleep(0.1)
        raise AssertionError(f"no end of the film: {told}")

    def film(self, photo, sound, **more):
        """Make a film; what is told of it, and its file's content."""
        answer = self.wish(photo, sound, **more)
        assert answer.status_code == 202, answer.text
        told = self.ended(answer.json()["id"])
        assert told["state"] == "done", told
        return told, self.ask("GET", f"api/films/{told['id']}/film.mp4").content

    def most_memory(self):
        """Bytes of memory that the server has held at most."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
        return 1024 * int(line.split()[1])

    def memory(self):
        return psutil.Process(self.process.pid).memory_info().rss

    def kept(self):
        """The files in the server's private folder."""
        return sorted(self.temporary.glob("talkface-serve-*/*"))


@contextmanager
def served(temporary: Path, *words, **variables):
    """A server on a free port with the package's bundle; its temporary files go to a folder of their own."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "TMPDIR": str(temporary)} | variables
    process = subprocess.Popen(
        [sys.executable, "-m", "talkface", "serve", "--no-open", "--port", "0", *words],
        env=environment, stdout=subprocess.PIPE, stderr=(temporary / "stderr.txt").open("w"), text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        line = process.stdout.readline()
        assert line.startswith("http://"), (temporary / "stderr.txt").read_text()
        address = line.split()[0]
        until = time.monotonic() + _START_S
        while time.monotonic() < until:
            with suppress(requests.ConnectionError):
                requests.get(address, timeout=10)
                break
            time.sleep(0.05)
        yield PageServer(process, address, temporary)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        process.stdout.close()
    assert process.returncode in (0, 128 + signal.SIGTERM), (temporary / "stderr.txt").read_text()
    left = [path.name for path in temporary.iterdir() if path.name.startswith(("talkface-serve-", "tmp"))]
    assert not left, "what the page kept is deleted at the end"


def write_photo(path: Path) -> Path:
    """scikit-image's astronaut (NASA, public domain), the face and a little more."""
    Image.fromarray(data.astronaut()[:320, 60:380]).save(path)
    return path


def write_sound(path: Path, seconds: float = 0.6) -> Path:
    """Pulses as of a voice through the resonances of an open "a", in syllables."""
    rate = 16_000
    time_s = np.arange(int(seconds * rate)) / rate
    sound = np.diff(np.floor(120 * time_s), prepend=0)
    for centre_hz, width_hz in ((730, 80), (1090, 90), (2440, 120)):
        radius = np.exp(-np.pi * width_hz / rate)
        turn = 2 * np.pi * centre_hz / rate
        sound = lfilter([1], [1, -2 * radius * np.cos(turn), radius**2], sound)
    sound *= np.clip(0.3 + 1.5 * np.sin(2 * np.pi * 2 * time_s - 1.2), 0, 1)
    soundfile.write(path, 0.5 * sound / np.abs(sound).max(), rate)
    return path
