"""Looks at a safetensors file before it is loaded: its header's size, its tensors' types and places.

The header is JSON behind eight bytes that tell its length. The library checks it too; this says which
field is wrong, and refuses what it would accept: huge headers, and types that no network here has.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from talkface.bundles.manifest import BundleError

_MOST_HEADER_BYTES = 4_000_000
_MOST_TENSORS = 20_000
_LENGTH_BYTES = 8
_TYPES = {"F32": 4, "I64": 8, "BOOL": 1}
"""What networks consist of: weights, counts of batches, and whether a codebook was begun. Type -> bytes."""
_REMEDY = "get the bundle again from where it came from"


def check_tensor_file(path: Path) -> None:
    """Raise ``BundleError`` for a file that is no plain safetensors file of a network."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if length > min(_MOST_HEADER_BYTES, size - _LENGTH_BYTES):
            raise BundleError(f"{path}: its header is said to have {length} bytes; {_REMEDY}")
        content = file.read(length)
    try:
        header = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path}: its header is not JSON ({error}); {_REMEDY}") from error
    if not isinstance(header, dict) or len(header) > _MOST_TENSORS:
        raise BundleError(f"{path}: its header does not list tensors; {_REMEDY}")
    header.pop("__metadata__", None)
    present = size - _LENGTH_BYTES - length
    for name, told in header.items():
        problem = _problem(told, present)
        if problem:
            raise BundleError(f"{path}: tensor '{name[:80]}': {problem}; {_REMEDY}")


def _problem(told: Any, present: int) -> str:
    """What is wrong with an entry of the header, whose tensors lie in ``present`` bytes; or ""."""
    if not isinstance(told, dict) or set(told) != {"dtype", "shape", "data_offsets"}:
        return "its entry must have dtype, shape and data_offsets"
    kind, shape, places = told["dtype"], told["shape"], told["data_offsets"]
    if not isinstance(kind, str) or kind not in _TYPES:
        return f"dtype {kind!r} is not one of {', '.join(_TYPES)}"
    if not _counts(shape) or not _counts(places) or len(places) != 2:
        return "shape and data_offsets must be whole numbers, none below 0"
    begin, end = places
    if end > present or end - begin != math.prod(shape) * _TYPES[kind]:
        return f"its bytes {begin} to {end} do not fit its shape {shape} or the file"
    return ""


def _counts(values: Any) -> bool:
    return isinstance(values, list) and len(values) <= 8 and all(type(v) is int and v >= 0 for v in values)
