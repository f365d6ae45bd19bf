"""Looks at photos and sounds that were sent, and keeps copies of its own: pixels, and plain sound."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from talkface.animation.portrait import find_face
from talkface.bundles.model import Model
from talkface.media.audio import SoundFile
from talkface.media.images import encode_png
from talkface.media.photo import read_photo
from talkface.media.speech import speak
from talkface.media.untrusted import copy_sound
from talkface.serve.limits import PHOTO_KINDS, Limits, RefusalError
from talkface.serve.notes import noted
from talkface.serve.store import Kept, Store

_BEGINNING_BYTES = 1024
_NAME = "photo"
"""What the photo is called in messages: its own name is not sent."""


@dataclass(frozen=True)
class Checked:
    """Something that films can be made of."""

    kept: Kept
    notes: tuple[str, ...]
    """What speaks against it."""
    width: int = 0
    """Of a photo, pixels."""
    height: int = 0
    seconds: float = 0.0
    """Of a sound."""


def check_photo(sent: Path, store: Store, model: Model, limits: Limits) -> Checked:
    """Keep a photo's pixels, once a face was found among them.

    Raises:
        RefusalError: another kind of file, a damaged or a too large one, or no face that can be animated.
    """
    _check_kind(sent, limits)
    try:
        picture_HW3 = read_photo(sent, formats=PHOTO_KINDS, longest_px=limits.photo_px)
    except ValueError as error:
        raise RefusalError(422, _plain(error, f"{sent}: ")) from error
    with noted() as notes:
        try:
            settings = model.settings
            find_face(picture_HW3, model.faces, settings.limits, settings.video.crop_size, _NAME)
        except ValueError as error:
            raise RefusalError(422, f"the photo: {_plain(error, f'{_NAME}: ')}") from error
    with store.scratch(".png") as path:
        path.write_bytes(encode_png(picture_HW3))
        height, width = picture_HW3.shape[:2]
        said = tuple(note.removeprefix(f"photo {_NAME}: ") for note in notes)
        return Checked(store.keep("photo", path), said, width=width, height=height)


def _check_kind(sent: Path, limits: Limits) -> None:
    """Only the header is read."""
    with sent.open("rb") as file:
        begin = file.read(_BEGINNING_BYTES)
    try:
        with Image.open(sent, formats=PHOTO_KINDS) as opened:
            width, height = opened.size
    except UnidentifiedImageError as error:
        raise RefusalError(
            415, "the photo is not a JPEG, PNG or WebP picture; save it as one of these"
        ) from error
    except Image.DecompressionBombError as error:
        raise RefusalError(413, _too_many(limits)) from error
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for damaged files of any kind
        raise RefusalError(422, f"the photo is damaged ({error}); give another copy of it") from error
    if width * height > limits.photo_pixels:
        raise RefusalError(413, _too_many(limits, f" ({width} x {height})"))
    if zipfile.is_zipfile(sent) or b"%PDF-" in begin:
        raise RefusalError(
            415, "another file hides in the photo; open it in a picture editor and save it again"
        )


def _too_many(limits: Limits, size: str = "") -> str:
    return f"the photo has more than {limits.photo_pixels / 1e6:g} megapixels{size}; make it smaller"


def check_sound(sent: Path, store: Store, limits: Limits) -> Checked:
    """Keep the sound of a file, decoded.

    Raises:
        RefusalError: another kind of file, a damaged one, one without sound, or a too long one.
    """
    with store.scratch(".wav") as path:
        try:
            seconds = copy_sound(sent, path, most_seconds=limits.sound_seconds)
        except ValueError as error:
            raise RefusalError(422, f"the sound: {_plain(error, '')}") from error
        notes = ("it is silent",) if SoundFile(path).silent else ()
        return Checked(store.keep("sound", path), notes, seconds=seconds)


def check_text(text: str, voice: str, store: Store, limits: Limits) -> Checked:
    """Speak a text, and keep its sound.

    Raises:
        RefusalError: no program that speaks, no such voice, or no sound, or a too long one.
    """
    with store.scratch(".spoken.wav") as spoken:
        try:
            speak(text, voice, spoken)
        except ValueError as error:
            raise RefusalError(422, f"the text: {error}") from error
        return check_sound(spoken, store, limits)


def _plain(error: Exception, prefix: str) -> str:
    """A message without the names of files here, which mean nothing to the one who sent it."""
    return str(error).removeprefix(prefix)
