"""What a film is made from and where it goes, checked before hours of work: names of files and folders."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from talkface.media.film import KINDS, kind_of


def check_input(what: str, path: Path, wanted: str) -> None:
    """Refuse (``ValueError``) a photo or a sound that is no file or may not be read."""
    if not path.exists():
        raise ValueError(f"{what} {path}: no such file; give {wanted}")
    if not path.is_file():
        raise ValueError(f"{what} {path}: not a file; give {wanted}")
    if not os.access(path, os.R_OK):
        raise ValueError(f"{what} {path}: no permission to read it; change that and run again")


def is_folder(output: str | Path) -> bool:
    """Whether it means a folder of PNG pictures: it ends in a slash, or is a folder."""
    return str(output).endswith(os.sep) or Path(output).is_dir()


def check_output(output: str | Path, *inputs: Path) -> None:
    """Refuse (``ValueError``) an output that cannot be written, before anything is generated.

    Outputs are films, by the endings of :data:`talkface.media.film.KINDS`, and folders of PNG pictures, by a
    slash at the end or by an empty folder. None may be what the film is made from.
    """
    path = Path(output)
    for source in inputs:
        if path.exists() and source.exists() and path.samefile(source):
            raise ValueError(f"--output {output}: the film would overwrite {source}; choose another name")
    if is_folder(output):
        _check_folder(output)
    elif path.exists() and not path.is_file():
        raise ValueError(f"--output {output}: this is neither a file nor a folder; choose another name")
    elif path.suffix.lower() not in KINDS:
        raise ValueError(
            f"--output {output}: the name of a film ends in {', '.join(KINDS)}, that of a folder for PNG "
            "pictures in a slash; choose one of these"
        )
    else:
        kind_of(path)  # whether the program has its encoders
    _check_writable(output, path.absolute().parent)


def _check_folder(output: str | Path) -> None:
    path = Path(output)
    if path.exists() and not path.is_dir():
        raise ValueError(f"--output {output}: this is a file; leave out the slash, or name a folder")
    if path.is_dir() and any(path.iterdir()):
        raise ValueError(
            f"--output {output}: this is a folder that is not empty; name an empty one for PNG "
            "pictures, or a film, such as speaking.mp4"
        )
    if path.is_mount():  # nothing can take its place
        raise ValueError(f"--output {output}: a file system is mounted here; name a folder within")


def _check_writable(output: str | Path, folder: Path) -> None:
    """The folder may be absent: it is made."""
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise ValueError(f"--output {output}: {folder} is a file, not a folder; choose another name")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(
            f"--output {output}: {folder} cannot be written to ({error.strerror}); choose another folder"
        ) from error
