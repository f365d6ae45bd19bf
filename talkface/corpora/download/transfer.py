"""Downloads one file over HTTP: resumes partial files, and verifies a file before it gets its final name."""

from __future__ import annotations

import errno
import hashlib
import logging
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from talkface import __version__
from talkface.corpora.download.errors import DownloadError
from talkface.corpora.download.record import Published
from talkface.runtime.logs import ProgressMeter

logger = logging.getLogger(__name__)

_CHUNK_BYTES = 1 << 18
_TRANSIENT = (429, 500, 502, 503, 504)
_REMEDY = {
    401: "it is not public",
    403: "it is not public, or the server refuses this address",
    404: "is corpus.download.record the right record?",
    410: "it was withdrawn",
    429: "too many requests: try again later, with fewer --cores",
}


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server, in seconds, and how often to ask again without any progress."""

    connect_s: float = 20.0
    read_s: float = 60.0
    retries: int = 5
    backoff_s: float = 1.0


def open_session(patience: Patience) -> requests.Session:
    """A session that asks again after connection failures and passing server errors (urllib3's Retry).

    Proxies come from the environment. It names itself, since Zenodo limits the rate of nameless clients.
    """
    retry = Retry(
        total=patience.retries,
        backoff_factor=patience.backoff_s,
        status_forcelist=_TRANSIENT,
        raise_on_status=False,
    )
    session = requests.Session()
    session.headers["User-Agent"] = f"talkface/{__version__}"
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def fetch_json(session: requests.Session, url: str, patience: Patience) -> object:
    """A record's description.

    Raises:
        DownloadError: the server cannot be reached, refuses, or answers something else than JSON.
    """
    try:
        response = session.get(url, timeout=(patience.connect_s, patience.read_s))
        _check_status(response, url)
        return response.json()
    except requests.JSONDecodeError:
        raise DownloadError(
            f"corpus.download.record: {url} is not JSON; give the API's address, "
            "https://zenodo.org/api/records/NUMBER"
        ) from None
    except requests.RequestException as error:
        raise DownloadError(f"{url}: cannot be fetched: {_reason(error)}") from None


def fetch_file(session: requests.Session, source: Published, folder: Path, patience: Patience) -> Path:
    """Bring a file into ``folder`` under its own name, verified; a whole one that lies there is taken.

    What has arrived lies beside it, named by the checksum that it will have, so that a later run goes on with
    it, and never with another version's.

    Raises:
        DownloadError: server or network fail for good, the disk is full, size or MD5 are not the record's. A
            damaged file is removed, so that the next run starts anew.
    """
    target = folder / source.name
    if target.is_file():
        if _flaw(target, source) is None:
            logger.info("%s: already downloaded and complete", source.name)
            return target
        logger.warning("%s: '%s' is damaged: downloading it again", source.name, target)
        target.unlink()
    partial = folder / f"{source.name}.{source.md5[:8]}.partial"
    try:
        partial.touch()
        _check_space(source, partial)
        _fetch_rest(session, source, partial, patience)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DownloadError(_disk_full(source, partial)) from None
    flaw = _flaw(partial, source)
    if flaw is not None:
        partial.unlink()
        raise DownloadError(
            f"{source.name}: {flaw} ({source.url}); the damaged file was removed, nothing unpacked: run again"
        )
    partial.rename(target)
    return target


def _fetch_rest(session: requests.Session, source: Published, partial: Path, patience: Patience) -> None:
    """Ask for what is missing until all is here; gives up after a number of answers that bring nothing."""
    meter = ProgressMeter(source.size_bytes, source.name, start=_size(partial), unit="B")
    in_vain = 0
    while source.size_bytes is None or _size(partial) < source.size_bytes:
        before = _size(partial)
        try:
            if _fetch_once(session, source, partial, patience, meter):
                break
            reason = "the connection ended early"
        except (requests.RequestException, HTTPError) as error:
            reason = _reason(error)
        in_vain = 0 if _size(partial) > before else in_vain + 1
        if in_vain > patience.retries:
            raise DownloadError(
                f"{source.name}: {source.url} cannot be fetched: {reason}; "
                f"{_size(partial)} bytes are kept, run again to resume"
            )
        logger.info("%s: cut off at %d bytes (%s), resuming", source.name, _size(partial), reason)
        time.sleep(patience.backoff_s * 2**in_vain)
    meter.finish()


def _fetch_once(
    session: requests.Session, source: Published, partial: Path, patience: Patience, meter: ProgressMeter
) -> bool:
    """One request, written as it comes; True if the server has no more to give."""
    have = _size(partial)
    # Not compressed on the way: bytes are counted, and the checksum is that of the file itself.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    timeout = (patience.connect_s, patience.read_s)
    with session.get(source.url, headers=headers, stream=True, timeout=timeout) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            return True  # we have as much as the server: the checksum judges
        _check_status(response, source.url)
        begin = _first_byte(response)
        if begin is None or begin > have:
            raise DownloadError(f"{source.name}: {source.url} sent another range than was requested")
        if begin < have:
            logger.warning("%s: the server cannot resume; starting from the beginning", source.name)
            meter.advance(begin - have)
        with partial.open("r+b") as handle:
            handle.truncate(begin)
            handle.seek(begin)
            # read1 hands over what has arrived, so that a cut loses nothing; it raises for a short body.
            while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=False):
                handle.write(chunk)
                meter.advance(len(chunk))
                if source.size_bytes is not None and handle.tell() > source.size_bytes:
                    return True  # too much: the size is refused in a moment, without filling the disk
    return source.size_bytes is None or _size(partial) >= source.size_bytes


def _first_byte(response: requests.Response) -> int | None:
    if response.status_code != requests.codes.partial_content:
        return 0
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _check_status(response: requests.Response, url: str) -> None:
    code = response.status_code
    if code not in (requests.codes.ok, requests.codes.partial_content):
        remedy = _REMEDY.get(code, "try again later" if code in _TRANSIENT else "")
        raise DownloadError(
            f"{url}: the server answers {code} {response.reason}" + (remedy and f": {remedy}")
        )


def _check_space(source: Published, partial: Path) -> None:
    """The rest of the archive and, unpacked, as much again: clips are compressed already."""
    if source.size_bytes is not None:
        needed = 2 * source.size_bytes - _size(partial)
        if shutil.disk_usage(partial.parent).free < needed:
            raise DownloadError(_disk_full(source, partial))


def _disk_full(source: Published, partial: Path) -> str:
    free = shutil.disk_usage(partial.parent).free
    needed = "" if source.size_bytes is None else f" of {2 * source.size_bytes - _size(partial)} needed"
    return (
        f"{source.name}: the disk of '{partial.parent}' is full: {free} bytes free{needed} for the archive "
        "and its clips; the partial file is kept: make room and run again"
    )


def _flaw(path: Path, source: Published) -> str | None:
    """What tells the file from the published one, or None."""
    size = _size(path)
    if source.size_bytes is not None and size != source.size_bytes:
        return f"has {size} bytes, the record says {source.size_bytes}"
    with path.open("rb") as handle:
        md5 = hashlib.file_digest(handle, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    return None if md5 == source.md5 else f"has MD5 {md5}, the record says {source.md5}"


def _size(path: Path) -> int:
    return path.stat().st_size


def _reason(error: Exception) -> str:
    """The innermost cause on one line: requests and urllib3 wrap each other."""
    inner = error.args[0] if error.args else error
    cause = getattr(inner, "reason", inner)
    return " ".join(str(cause).split()) or type(error).__name__
