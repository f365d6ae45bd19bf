"""A Zenodo record's description: which files it publishes, where, how large and with which MD5.

Understood are ``files`` as a list with ``key``, ``checksum`` and ``links`` (Zenodo's API before and after its
move to InvenioRDM in October 2023), the deposit API's ``filename`` and ``filesize``, and InvenioRDM's own
``entries``, as a list (``/api/records/N/files``) or by name. A link to a file's content is preferred: after
the move ``self`` sometimes led to its metadata (zenodo issue 2486).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from talkface.corpora.download.errors import DownloadError

_LINKS = ("content", "download", "self")
_MD5 = re.compile(r"(?:md5:)?([0-9a-f]{32})", re.IGNORECASE)


@dataclass(frozen=True)
class Published:
    """One file of a record: ``md5`` in lower-case hexadecimal, ``size_bytes`` None where it is not told."""

    name: str
    url: str
    md5: str
    size_bytes: int | None


def find_file(description: object, record: str, name: str, known_md5: str | None = None) -> Published:
    """The file ``name`` of a record.

    Args:
        description: the record's JSON, parsed.
        record: the address that it came from; relative links start there.
        name: the file's name.
        known_md5: a checksum from elsewhere, which must agree with the record's or stands in for it.

    Raises:
        DownloadError: no such file (the message lists those that there are), no link, no or another checksum.
    """
    entries = {_name(entry): entry for entry in _entries(description)}
    if name not in entries:
        there = ", ".join(sorted(entries)) or "none (is the record restricted?)"
        raise DownloadError(f"corpus.download.archives: {record} has no file '{name}'; its files: {there}")
    entry = entries[name]
    links = entry.get("links") or {}
    link = next((links[kind] for kind in _LINKS if links.get(kind)), None)
    if link is None:
        raise DownloadError(f"{name}: {record} gives no link to it")
    size = entry.get("size", entry.get("filesize"))
    return Published(
        name,
        urljoin(record, link),
        _checksum(entry, record, name, known_md5),
        None if size is None else int(size),
    )


def _checksum(entry: Mapping[str, Any], record: str, name: str, known: str | None) -> str:
    told = _MD5.fullmatch(str(entry.get("checksum", "")))
    if told is None and known is None:
        raise DownloadError(f"{name}: {record} gives no MD5 for it; set corpus.download.md5.{name}")
    if told and known and told[1].lower() != known:
        raise DownloadError(
            f"{name}: corpus.download.md5 says {known}, {record} says {told[1].lower()}; nothing was fetched"
        )
    return told[1].lower() if told else str(known)


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry.get("key") or entry.get("filename") or "")


def _entries(description: object) -> Iterable[Mapping[str, Any]]:
    """The file entries wherever this generation of the API puts them."""
    found = description
    for key in ("files", "entries"):
        if isinstance(found, Mapping) and key in found:
            found = found[key]
    if isinstance(found, Mapping):  # by name; a record without files is left with its other fields
        found = [{"key": key, **value} for key, value in found.items() if isinstance(value, Mapping)]
    if not isinstance(found, list):
        return []
    return [entry for entry in found if isinstance(entry, Mapping)]
