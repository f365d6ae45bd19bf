"""A checksum of a Parquet file's footer. [own]

Parquet has checksums for pages but not for the footer, and parsing a damaged footer can crash the process. A
Parquet file ends with the footer, the footer's length and ``PAR1``; pages are addressed from the beginning of
the file. So readers ignore ten extra bytes between the last page and the footer: ``TFCRC1`` and the CRC-32 of
everything after them.
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

_MAGIC = b"PAR1"
_SEAL = b"TFCRC1"
_SEAL_BYTES = len(_SEAL) + 4
_ENDING_BYTES = 8  # length and magic


class FooterError(ValueError):
    """A Parquet file whose end is damaged."""


def seal_footer(path: Path) -> None:
    """Put the checksum into a finished Parquet file."""
    with path.open("rb+") as file:
        footer = _footer(file)
        file.seek(-len(footer), os.SEEK_END)
        file.write(_SEAL + struct.pack("<I", zlib.crc32(footer)) + footer)


def check_footer(path: Path) -> None:
    """Compare the checksum, where the file has one.

    Raises:
        FooterError: the file is too short, does not end as Parquet does, or its footer has changed.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        footer = _footer(file)
        size = file.seek(0, os.SEEK_END)
        if size < len(footer) + _SEAL_BYTES:
            return
        file.seek(-len(footer) - _SEAL_BYTES, os.SEEK_END)
        seal = file.read(_SEAL_BYTES)
    if seal.startswith(_SEAL) and seal[len(_SEAL) :] != struct.pack("<I", zlib.crc32(footer)):
        raise FooterError("its footer is damaged")


def _footer(file: BinaryIO) -> bytes:
    """Footer, its length and the closing magic, as the file's end has them."""
    size = file.seek(0, os.SEEK_END)
    if size < len(_MAGIC) + _ENDING_BYTES:
        raise FooterError(f"only {size} bytes")
    file.seek(-_ENDING_BYTES, os.SEEK_END)
    ending = file.read(_ENDING_BYTES)
    length = int.from_bytes(ending[:4], "little")
    if ending[4:] != _MAGIC or length + _ENDING_BYTES + len(_MAGIC) > size:
        raise FooterError("its end is missing or damaged")
    file.seek(-length - _ENDING_BYTES, os.SEEK_END)
    return file.read(length) + ending
