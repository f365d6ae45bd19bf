"""Opens a bundle: every file is there, of the size and with the SHA-256 that ``bundle.json`` tells."""

from __future__ import annotations

import hashlib
from pathlib import Path

from talkface.artifacts.given_networks import MANIFEST
from talkface.bundles.manifest import BundleError, Manifest, unseal
from talkface.bundles.tensor_file import check_tensor_file

PACKAGED = Path(__file__).parent / "packaged"
"""The bundle that comes with the package."""
_MOST_MANIFEST_BYTES = 1_000_000
_REMEDY = "get the bundle again from where it came from"


def read_bundle(folder: Path) -> Manifest:
    """What a bundle says of itself, once all of its files were found to be as it says.

    Nothing is executed and no network is built.

    Raises:
        BundleError: the first thing that is wrong; the message names file, field and remedy.
    """
    where = folder / MANIFEST
    manifest = unseal(_text(where), str(where))
    for name, told in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise BundleError(f"{path}: this file of the bundle is missing; {_REMEDY}")
        size = path.stat().st_size
        if size != told.bytes:
            raise BundleError(f"{path}: has {size} bytes, bundle.json says {told.bytes}; {_REMEDY}")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != told.sha256:
            raise BundleError(f"{path}: its SHA-256 is {found}, bundle.json says {told.sha256}; {_REMEDY}")
        if path.suffix == ".safetensors":
            check_tensor_file(path)
    return manifest


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_MANIFEST_BYTES:
            raise BundleError(f"{path}: larger than {_MOST_MANIFEST_BYTES} bytes; {_REMEDY}")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BundleError(f"{path}: no such file; name the folder of a talkface bundle") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"{path}: cannot be read ({error}); {_REMEDY}") from error
